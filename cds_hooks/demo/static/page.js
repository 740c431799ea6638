// The page works without this file. With it, the browser itself sends the request to the service's endpoint,
// so what is shown is what went over the wire.
const form = document.getElementById("order");
const chart = document.getElementById("chart");
const result = document.getElementById("result");
const status = document.getElementById("status");

function query() {
  const chosen = new FormData(form);
  return new URLSearchParams({ patient: chosen.get("patient"), drug: chosen.get("drug"), hook: chosen.get("hook") });
}

async function readPage(answer) {
  if (!answer.ok) throw new Error(`the page's own server answered ${answer.status}`);
  return answer.text();
}

function postJson(url, body) {
  return fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body });
}

async function fire() {
  const draft = JSON.parse(await readPage(await fetch(`${form.dataset.request}?${query()}`)));
  const start = performance.now();
  const answer = await postJson(draft.url, draft.body);
  const response = await answer.text();
  const milliseconds = Math.round(performance.now() - start);
  const call = { service: draft.service, request: draft.body, response, status: answer.status, milliseconds };
  result.innerHTML = await readPage(await postJson(form.dataset.result, JSON.stringify(call)));
  document.getElementById("result-title").focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  status.textContent = "Waiting for the service…";
  try {
    await fire();
    status.textContent = "Answered.";
  } catch (error) {
    status.textContent = `No answer: ${error.message}. Is the service still running?`;
  } finally {
    button.disabled = false;
  }
});

form.addEventListener("change", async (event) => {
  if (event.target.name !== "patient") return;
  form.elements.drug.value = event.target.dataset.drug;
  form.elements.hook.value = event.target.dataset.hook;
  status.textContent = "";
  try {
    const page = await readPage(await fetch(`${form.dataset.chart}?${query()}`));
    if (event.target.checked) chart.innerHTML = page;
    result.innerHTML = "";
  } catch (error) {
    status.textContent = `The chart could not be read: ${error.message}.`;
  }
});

async function sendFeedback(card, item, said) {
  const outcome = card.querySelector(".outcome");
  const feedback = { feedback: [{ card: card.dataset.card, outcomeTimestamp: new Date().toISOString(), ...item }] };
  try {
    const answer = await postJson(card.dataset.feedback, JSON.stringify(feedback));
    outcome.textContent = answer.ok ? said : `The feedback was refused (${answer.status}).`;
    if (answer.ok) {
      card.querySelectorAll("button").forEach((button) => { button.disabled = true; });
      outcome.focus();  // the button that had the focus is gone
    }
  } catch (error) {
    outcome.textContent = `The feedback could not be sent: ${error.message}.`;
  }
}

result.addEventListener("click", (event) => {
  const card = event.target.closest(".card");
  if (!card) return;
  if (event.target.matches(".suggestion")) {
    const item = { outcome: "accepted", acceptedSuggestions: [{ id: event.target.dataset.suggestion }] };
    sendFeedback(card, item, "Accepted. An EHR would now change the draft; the feedback was sent to the service.");
  }
  if (event.target.matches(".overrule")) {
    const chosen = card.querySelector("select").selectedOptions[0];
    const reason = { code: chosen.value, system: chosen.dataset.system, display: chosen.textContent };
    sendFeedback(card, { outcome: "overridden", overrideReason: { reason } }, "Overridden. The feedback was sent to the service.");
  }
});
