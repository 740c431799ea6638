"""Marked patient data go through every path; nothing that others may read holds the mark.

Searched are standard error, every log record of any logger, /metrics, the /health pages, and the bodies of answers
that refuse. Cards are for the clinician: they alone may hold what the request held.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from fhir_stub import FhirStub, Reply, json_reply
from flask import Flask
from flask.testing import FlaskClient
from samples import SETTINGS

from app import create_app
from cds_hooks.content import Content
from cds_hooks.records.store import Store

MARKER = "Zm4rkerZ"
Request = dict[str, Any]
URL = "/cds-services/pgx-order-select"
PAGES = ("/metrics", "/health", "/health/live", "/health/ready")
HEADERS = {
    "Authorization": f"Bearer {MARKER}",
    "X-Request-Id": f"{MARKER} and more",
    "User-Agent": MARKER,
    "Referer": f"https://ehr.example.org/{MARKER}",
    "Cookie": f"session={MARKER}",
    "Origin": f"https://{MARKER}.example.org",
    f"X-{MARKER}": MARKER,
}


class Everything(logging.Handler):
    """Keeps every record with its arguments, its extra and its exception, as any formatter might show them."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.kept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        members = {key: value for key, value in vars(record).items() if key != "exc_info"}
        self.kept.append(f"{record.getMessage()} {members}")


@pytest.fixture
def service(content: Content) -> Flask:
    """A service at its most talkative, with a view that fails."""
    app = create_app(SETTINGS, content)
    logging.getLogger("cds_hooks").setLevel(logging.DEBUG)

    @app.get("/fail/<name>")
    def fail(name: str) -> str:
        raise ValueError(f"Patient/{name}")

    return app


@pytest.fixture
def search(service: Flask, capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[..., None]]:
    """Fails where the mark is found in anything that is not a card; looks again when the test is over."""
    records = Everything()
    logging.getLogger("cds_hooks").addHandler(records)

    def search(*answers: Any) -> None:
        client = service.test_client()
        pages = [client.get(path).get_data(as_text=True) for path in PAGES]
        refused = [answer.get_data(as_text=True) for answer in answers if answer.status_code >= 400]
        headers = [str(answer.headers) for answer in answers]
        printed = capfd.readouterr()
        everything = {
            "standard output": printed.out,
            "standard error": printed.err,
            "records": "\n".join(records.kept),
            "pages": "\n".join(pages),
            "bodies of refusals": "\n".join(refused),
            "headers": "\n".join(headers),
        }
        assert {place for place, text in everything.items() if MARKER.lower() in text.lower()} == set()
        assert '"message":"request"' in printed.err

    yield search
    logging.getLogger("cds_hooks").removeHandler(records)
    logging.getLogger("cds_hooks").setLevel("INFO")


@pytest.fixture
def client(service: Flask) -> FlaskClient:
    """Its caller."""
    return service.test_client()


def mark(request: Request) -> Request:
    """The request with the mark in every place where a patient, a clinician or an order can be told by."""
    patient = {
        "resourceType": "Patient",
        "id": f"p-{MARKER}",
        "name": [{"text": MARKER, "family": MARKER, "given": [MARKER]}],
        "birthDate": "1961-04-02",
        "_birthDate": {"extension": [{"url": "x", "valueString": MARKER}]},
        "identifier": [{"system": MARKER, "value": MARKER}],
        "gender": "female",
    }
    text = orjson.dumps(request).decode()
    text = text.replace("demo-1", patient["id"]).replace("demo-9", MARKER).replace("draft-1", f"d-{MARKER}")
    text = text.replace("cyp2c19", f"o-{MARKER}").replace("clopidogrel 75 MG Oral Tablet", MARKER)
    marked: Request = orjson.loads(text)
    marked["prefetch"]["patient"] = patient
    marked["user"] = MARKER
    result = marked["prefetch"]["geneResults"]["entry"][0]["resource"]
    result["note"] = [{"text": MARKER}]
    result["performer"] = [{"display": MARKER}]
    return marked


def test_a_call_that_is_answered(client: FlaskClient, order_select: Request, search: Callable[..., None]) -> None:
    """With cards, with marked headers and a marked query string."""
    answer = client.post(f"{URL}?patient={MARKER}", json=mark(order_select), headers=HEADERS)
    assert (answer.status_code, len(answer.json["cards"])) == (200, 1)
    search(answer)


@pytest.mark.parametrize("service_id", ["pgx-order-select", "pgx-order-sign", "pgx-patient-view"])
def test_results_and_orders_that_make_trouble(
    client: FlaskClient, order_select: Request, search: Callable[..., None], service_id: str
) -> None:
    """Invalid FHIR, unknown medicines, unreadable results, vendors' members, other patients' drafts."""
    request = mark(order_select) | {"hook": service_id.removeprefix("pgx-")}
    draft = request["context"]["draftOrders"]["entry"][0]["resource"]
    strange = [
        {**draft, "vendor": MARKER, "status": MARKER},
        {**draft, "id": "d2", "medicationCodeableConcept": {"text": MARKER, "coding": [{"code": MARKER}]}},
        {"resourceType": MARKER, "id": MARKER, "subject": draft["subject"]},
        {**draft, "id": "d3", "dosageInstruction": [{"text": MARKER, "timing": MARKER}]},
    ]
    request["context"]["draftOrders"]["entry"] += [{"resource": one} for one in strange]
    del request["context"]["selections"]
    result = request["prefetch"]["geneResults"]["entry"][0]["resource"]
    odd = [
        {**result, "id": f"{MARKER}-2", "valueCodeableConcept": {"text": MARKER}},
        {**result, "id": f"{MARKER}-3", "valueQuantity": MARKER, "vendor": {MARKER: MARKER}},
        {"resourceType": MARKER, "id": MARKER},
    ]
    request["prefetch"]["geneResults"]["entry"] += [{"resource": one} for one in odd]
    for key, kind in (("conditions", "Condition"), ("allergies", "AllergyIntolerance"), ("weight", "Observation")):
        bad = {"resourceType": kind, "id": MARKER, "code": {"text": MARKER}, "vendor": MARKER}
        request["prefetch"][key] = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": bad}]}
    search(client.post(f"/cds-services/{service_id}", json=request, headers=HEADERS))


@pytest.mark.parametrize("status", ["active", "inactive", MARKER])
def test_consents_that_are_heeded(
    client: FlaskClient, order_select: Request, search: Callable[..., None], status: str
) -> None:
    """Permission, refusal or nonsense: whose it is and what it says stays here."""
    request = mark(order_select)
    consent = {
        "resourceType": "Consent",
        "id": MARKER,
        "status": status,
        "scope": {"coding": [{"code": MARKER}], "text": MARKER},
        "patient": {"reference": f"Patient/p-{MARKER}", "display": MARKER},
        "performer": [{"display": MARKER}],
        "organization": [{"reference": f"Organization/{MARKER}"}],
        "provision": {"type": "deny", "actor": [{"reference": {"reference": f"Practitioner/{MARKER}"}}]},
    }
    request["prefetch"]["consents"] = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": consent}]}
    search(client.post(URL, json=request, headers=HEADERS))


def refuse(**changes: Any) -> dict[str, Any]:
    """A call that is refused: arguments of the test client."""
    return {"path": URL, "method": "POST", "content_type": "application/json"} | changes


@pytest.mark.parametrize(
    ("status", "call"),
    [
        (400, refuse(data=f'{{"hook": "{MARKER}"')),
        (400, refuse(data=f'"{MARKER}"')),
        (400, refuse(data=f'{{"hook": "{MARKER}", "context": {{"patientId": 7, "userId": "{MARKER}"}}}}')),
        (400, refuse(data=b"\xff" + MARKER.encode())),
        (404, refuse(path=f"/{MARKER}?name={MARKER}")),
        (404, refuse(path=f"/cds-services/{MARKER}")),
        (404, refuse(path=f"/cds-services/{MARKER}/feedback", data=b"{}")),
        (405, refuse(path=f"/cds-services?{MARKER}", method=MARKER.upper())),
        (405, refuse(method="GET")),
        (413, refuse(data=b'"' + MARKER.encode() * 3_000_000 + b'"')),
        (415, refuse(content_type=f"text/{MARKER}", data=MARKER)),
        (415, refuse(data=MARKER, headers={"Content-Encoding": MARKER})),
        (500, refuse(path=f"/fail/{MARKER}", method="GET")),
        (400, refuse(path="/cds-services/pgx-order-select/feedback", data=f'{{"feedback": "{MARKER}"}}')),
        (404, refuse(path=f"/demo/static/{MARKER}.css", method="GET")),
        (404, refuse(path=f"/?patient={MARKER}&fire=yes", method="GET")),
    ],
)
def test_a_call_that_is_refused(
    client: FlaskClient, search: Callable[..., None], status: int, call: dict[str, Any]
) -> None:
    """Whatever was wrong with it."""
    headers = {**HEADERS, **call.pop("headers", {})}
    answer = client.open(headers=headers, **call)
    # The first page words its refusal for whoever sits before it: it shows which choice was not known.
    shown = answer if answer.content_type == "application/fhir+json" else client.get("/health/live")
    assert answer.status_code == status
    search(shown)


def test_data_of_another_patient(client: FlaskClient, order_select: Request, search: Callable[..., None]) -> None:
    """Both patients are marked."""
    request = mark(order_select)
    request["context"]["patientId"] = f"{MARKER}-other"
    answer = client.post(URL, json=request, headers=HEADERS)
    assert answer.status_code == 400
    search(answer)


OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "login", "diagnostics": MARKER}]}
REPLIES = [
    json_reply(OUTCOME),
    json_reply(OUTCOME, 401),
    json_reply(OUTCOME, 403),
    json_reply(OUTCOME, 404),
    json_reply(OUTCOME, 429),
    json_reply(OUTCOME, 500),
    Reply(302, b"", {"Location": f"https://{MARKER}.example.org/{MARKER}"}),
    Reply(200, b'{"' + MARKER.encode()),
    Reply(200, MARKER.encode() * 9, length=9_999),
    Reply(200, b"", {"Content-Encoding": "gzip", f"X-{MARKER}": MARKER}),
    json_reply({"resourceType": "Bundle", "link": [{"relation": "next", "url": f"https://{MARKER}.org/x"}]}),
    json_reply({"resourceType": MARKER, "id": MARKER}),
]


@pytest.mark.parametrize("reply", REPLIES, ids=range(len(REPLIES)))
@pytest.mark.parametrize("lacking", [("geneResults",), ("conditions", "weight", "medicationRequests")])
def test_a_fhir_server_that_fails(
    client: FlaskClient,
    order_select: Request,
    fhir_stub: FhirStub,
    search: Callable[..., None],
    reply: Reply,
    lacking: tuple[str, ...],
) -> None:
    """In each of its ways, for data that are needed (412) and for others (200)."""
    request = mark(order_select)
    for key in lacking:
        del request["prefetch"][key]
    for kind in ("Observation", "Condition", "MedicationRequest"):
        fhir_stub.answers[kind] = reply
    search(client.post(URL, json=request | authorise(fhir_stub.url), headers=HEADERS))


@pytest.mark.parametrize(
    "server", [f"http://127.0.0.1:9/{MARKER}", f"https://{MARKER}.invalid/fhir", f"http://{MARKER}@127.0.0.1:9/fhir"]
)
def test_a_fhir_server_whose_address_is_marked(
    client: FlaskClient, order_select: Request, search: Callable[..., None], server: str
) -> None:
    """Host and path say which hospital asked."""
    request = mark(order_select)
    del request["prefetch"]["geneResults"]
    answer = client.post(URL, json=request | authorise(server), headers=HEADERS)
    assert answer.status_code in (400, 412)
    search(answer)


def authorise(server: str) -> Request:
    """Access to a server by a marked token."""
    token = {"access_token": MARKER, "token_type": "Bearer", "expires_in": 300, "scope": MARKER, "subject": MARKER}
    return {"fhirServer": server, "fhirAuthorization": token}


FEEDBACK = {
    "card": f"c-{MARKER}",
    "outcome": "overridden",
    "overrideReason": {"reason": {"code": MARKER, "system": MARKER, "display": MARKER}, "userComment": MARKER},
    "outcomeTimestamp": "2026-11-23T10:00:00Z",
}


def test_feedback_that_is_stored(client: FlaskClient, search: Callable[..., None]) -> None:
    """The comment may say anything about anybody."""
    answer = client.post(f"{URL}/feedback", json={"feedback": [FEEDBACK]}, headers=HEADERS)
    assert answer.status_code == 200
    search(answer)


def test_feedback_that_cannot_be_stored(service: Flask, search: Callable[..., None]) -> None:
    """Drivers quote values in what they say."""
    store: Store = service.extensions["pgx-cds"].store
    from cds_hooks.records.tables import TABLES

    TABLES.drop_all(store.engine)
    answer = service.test_client().post(f"{URL}/feedback", json={"feedback": [FEEDBACK]}, headers=HEADERS)
    assert answer.status_code == 503
    search(answer)


@pytest.mark.parametrize("name", ["parse_request", "work_out", "read_feedback"])
def test_a_failure_of_ours_that_quotes_data(
    client: FlaskClient,
    order_select: Request,
    search: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """At every step, with a cause and a group of exceptions."""

    def fail(*_: object) -> None:
        try:
            raise KeyError(MARKER)
        except KeyError as cause:
            raise ExceptionGroup(MARKER, [ValueError(MARKER)]) from cause

    monkeypatch.setattr(f"cds_hooks.web.hooks.{name}", fail)
    answer = client.post(f"{URL}/feedback" if "feedback" in name else URL, json=mark(order_select), headers=HEADERS)
    assert answer.status_code == 500
    search(answer)


def test_a_failure_after_the_answer_was_made(
    service: Flask, order_select: Request, search: Callable[..., None]
) -> None:
    """Flask itself logs these, with the path and the whole exception."""

    @service.after_request
    def fail(response: Any) -> Any:
        from flask import request

        if request.path.startswith(URL):
            raise ValueError(MARKER)
        return response

    answer = service.test_client().post(f"{URL}?{MARKER}", json=mark(order_select), headers=HEADERS)
    assert answer.status_code == 500
    search(answer)
