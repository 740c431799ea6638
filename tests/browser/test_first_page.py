"""A visitor at the first page, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

CRITICAL = "Clopidogrel: avoid if possible (CYP2C19 Poor Metabolizer)"


@dataclass
class Visit:
    """An open page, everything its console complained about, and every call it made."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)


def open_page(browser: Browser, address: str, width: int = 1280, javascript: bool = True) -> Visit:
    """The first page in a window of a width."""
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=javascript)
    visit = Visit(context.new_page())
    visit.page.on("console", lambda message: visit.complaints.append(message.text))
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on("request", lambda request: visit.calls.append((request.method, request.url.removeprefix(address))))
    visit.page.goto(address)
    return visit


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """The first page at 1280 pixels; it must not complain."""
    visit = open_page(browser, address)
    yield visit
    visit.page.context.close()
    assert visit.complaints == []


def fire(page: Page) -> None:
    page.get_by_role("button", name="Fire the hook").click()
    expect(page.get_by_role("status").first).to_have_text("Answered.")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_card_is_shown_when_the_hook_is_fired(browser: Browser, address: str, width: int, tmp_path: Path) -> None:
    """Patient and medicine are picked, the real endpoint is called, the card's summary is read; nothing overflows."""
    visit = open_page(browser, address, width)
    visit.page.get_by_role("radio", name="Ada Example").check()
    visit.page.get_by_label("Medicine to order").select_option("clopidogrel")
    visit.page.get_by_label("Hook").select_option("order-sign")
    fire(visit.page)
    expect(visit.page.get_by_role("article", name=CRITICAL)).to_be_visible()
    visit.page.screenshot(path=tmp_path / f"first-page-{width}.png", full_page=True)
    assert ("POST", "/cds-services/pgx-order-sign") in visit.calls
    assert visit.page.evaluate("document.documentElement.scrollWidth") == width
    assert visit.complaints == []
    visit.page.context.close()


def test_the_request_shown_is_the_request_sent(visit: Visit) -> None:
    """What stands under "Request" is the body that went over the wire, byte for byte."""
    with visit.page.expect_request("**/cds-services/*") as sent:
        fire(visit.page)
    assert visit.page.get_by_label("Request JSON").text_content() == sent.value.post_data


def test_the_story_fills_the_form_when_a_patient_is_picked(visit: Visit) -> None:
    """Medicine, hook and chart follow the patient; the next call is about that patient."""
    visit.page.get_by_role("radio", name="Kira Example").check()
    expect(visit.page.get_by_role("heading", name="Kira Example")).to_be_visible()
    assert visit.page.get_by_label("Hook").input_value() == "patient-view"
    fire(visit.page)
    assert ("POST", "/cds-services/pgx-patient-view") in visit.calls
    expect(visit.page.get_by_role("article", name=CRITICAL)).to_be_visible()


def test_feedback_is_sent_when_a_suggestion_is_accepted(visit: Visit) -> None:
    """The button calls the feedback endpoint, which takes it, and the card says what an EHR would do."""
    fire(visit.page)
    with visit.page.expect_response("**/feedback") as answer:
        visit.page.get_by_role("button", name="Replace clopidogrel by prasugrel").click()
    assert answer.value.status == 200
    expect(visit.page.get_by_text("Accepted. An EHR would now change the draft")).to_be_visible()


def test_feedback_is_sent_when_a_card_is_overridden(visit: Visit) -> None:
    """The chosen reason goes to the feedback endpoint, which takes it."""
    fire(visit.page)
    visit.page.get_by_label("Override because").select_option("cds-not-applicable")
    with visit.page.expect_response("**/feedback") as answer:
        visit.page.get_by_role("button", name="Override").click()
    assert answer.value.status == 200
    expect(visit.page.get_by_text("Overridden. The feedback was sent")).to_be_visible()


def test_the_keyboard_alone_fires_the_hook(visit: Visit) -> None:
    """Arrow keys pick the patient, Enter fires, and the focus goes to the answer."""
    visit.page.get_by_role("radio", name="Ada Example").focus()
    visit.page.keyboard.press("ArrowDown")
    expect(visit.page.get_by_role("heading", name="Ben Example")).to_be_visible()
    visit.page.keyboard.press("Enter")
    expect(visit.page.get_by_role("article", name="Codeine: contraindicated")).to_be_visible()
    assert visit.page.evaluate("document.activeElement.id") == "result-title"


def test_the_page_works_without_javascript(browser: Browser, address: str) -> None:
    """The form is sent to the server, which answers with the same card."""
    visit = open_page(browser, address, javascript=False)
    visit.page.get_by_role("radio", name="Ada Example").check()
    visit.page.get_by_role("button", name="Fire the hook").click()
    expect(visit.page.get_by_role("article", name=CRITICAL)).to_be_visible()
    visit.page.context.close()
