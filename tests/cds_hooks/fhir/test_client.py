"""The client reads what there is, and says of everything else why it did not come, in time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from fhir_stub import FhirStub, Reply, json_reply

from cds_hooks.fhir.bundle import Page, Reason
from cds_hooks.fhir.client import FhirClient, Limits
from cds_hooks.hook_request import FhirAccess

TOKEN = "t0p-s3cret"
ONE, TWO, THREE = ({"resourceType": "Observation", "id": str(number)} for number in (1, 2, 3))
Builder = Callable[..., dict[str, Any]]


def fetch(stub: FhirStub, limits: Limits | None = None, address: str = "Observation?patient=demo-1") -> Page:
    """One search on the stub, within a second."""
    client = FhirClient(limits or Limits(private=True, timeout=0.2, budget=0.5, pages=3))
    access = FhirAccess(stub.url, TOKEN)
    return client.fetch_all(access, {"key": address}, client.start_budget())["key"]


def next_link(url: str) -> dict[str, Any]:
    """A Bundle's link to its next page."""
    return {"link": [{"relation": "next", "url": url}]}


def test_a_search_is_read_when_all_is_well(fhir_stub: FhirStub, bundle: Builder) -> None:
    """The resources come back, and the token was in the header."""
    fhir_stub.answers["Observation"] = json_reply(bundle(ONE, TWO))
    assert fetch(fhir_stub) == Page((ONE, TWO))
    assert fhir_stub.asked == ["Observation?patient=demo-1"]
    assert fhir_stub.tokens == [f"Bearer {TOKEN}"]


def test_no_token_is_sent_when_none_was_given(fhir_stub: FhirStub, bundle: Builder) -> None:
    """Open sandboxes are read without one."""
    fhir_stub.answers["Observation"] = json_reply(bundle(ONE))
    client = FhirClient(Limits(private=True, timeout=0.2, budget=0.5))
    pages = client.fetch_all(FhirAccess(fhir_stub.url), {"key": "Observation"}, client.start_budget())
    assert (pages, fhir_stub.tokens) == ({"key": Page((ONE,))}, [None])


def test_all_pages_are_read_when_there_are_several(fhir_stub: FhirStub, bundle: Builder) -> None:
    """Relative and absolute next links are followed; a page may count more than it holds."""
    pages = {
        "Observation?patient=demo-1": bundle(ONE, total=3, **next_link("Observation?page=2")),
        "Observation?page=2": bundle(TWO, total=3, **next_link(f"{fhir_stub.url}/Observation?page=3")),
        "Observation?page=3": bundle(THREE, total=1),
    }
    fhir_stub.answers["Observation"] = lambda target: json_reply(pages[target])
    assert fetch(fhir_stub) == Page((ONE, TWO, THREE))


def test_endless_paging_ends_with_a_reason(fhir_stub: FhirStub, bundle: Builder) -> None:
    """The part that came is kept, and is not taken for the whole."""

    def more(target: str) -> Reply:
        number = int(target.partition("page=")[2] or "0") + 1
        return json_reply(
            bundle({"resourceType": "Observation", "id": str(number)}, **next_link(f"Observation?page={number}"))
        )

    fhir_stub.answers["Observation"] = more
    assert fetch(fhir_stub) == Page((ONE, TWO, THREE), reason=Reason.TOO_MANY_PAGES)


def test_a_page_that_leads_to_itself_ends_with_a_reason(fhir_stub: FhirStub, bundle: Builder) -> None:
    """A link that was followed once is not followed again."""
    fhir_stub.answers["Observation"] = json_reply(bundle(ONE, **next_link("Observation?patient=demo-1")))
    assert fetch(fhir_stub) == Page((ONE,), reason=Reason.TOO_MANY_PAGES)
    assert len(fhir_stub.asked) == 1


def test_a_next_link_to_another_host_is_not_followed(fhir_stub: FhirStub, bundle: Builder) -> None:
    """The token stays with the server that it was given for."""
    fhir_stub.answers["Observation"] = json_reply(
        bundle(ONE, **next_link("http://localhost:9/fhir/Observation?page=2"))
    )
    assert fetch(fhir_stub) == Page((ONE,), reason=Reason.FOREIGN_LINK)
    assert len(fhir_stub.asked) == 1


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(401), Reason.UNAUTHORISED),
        (Reply(403), Reason.FORBIDDEN),
        (Reply(404), Reason.NOT_FOUND),
        (Reply(410), Reason.NOT_FOUND),
        (Reply(429), Reason.TOO_MANY),
        (Reply(400), Reason.REFUSED),
        (Reply(500), Reason.SERVER_ERROR),
        (Reply(503, b"<html>"), Reason.SERVER_ERROR),
        (Reply(302, headers={"Location": "http://localhost:9/"}), Reason.REDIRECT),
        (Reply(200, b"<html><body>Please sign in</body></html>", {"Content-Type": "text/html"}), Reason.NOT_JSON),
        (Reply(200, b'{"resourceType": "Bundle", "entry": ['), Reason.NOT_JSON),
        (Reply(200, b'{"resourceType": "Bundle"}', length=500), Reason.BROKEN_OFF),
        (Reply(200, b""), Reason.NOT_JSON),
        (Reply(200, b'{"n": 1e400}'), Reason.NOT_JSON),
        (Reply(200, b"[" * 2000), Reason.NOT_JSON),
        (Reply(200, b"[]"), Reason.NOT_FHIR),
        (Reply(200, b'{"resourceType": "OperationOutcome"}'), Reason.OUTCOME),
        (Reply(204), Reason.REFUSED),
        (Reply(hang=True), Reason.TIMEOUT),
        (Reply(200, b" " * 1000, drip=True), Reason.TIMEOUT),
        (Reply(200, b" " * 5000), Reason.TOO_LARGE),
    ],
    ids=[
        "401", "403", "404", "410", "429", "400", "500", "503 in HTML", "redirect", "HTML", "truncated JSON",
        "truncated body", "nothing", "1e400", "deep nesting", "a list", "OperationOutcome", "204", "hangs", "drips",
        "too large",
    ],
)  # fmt: skip
def test_what_went_wrong_is_told_apart(fhir_stub: FhirStub, reply: Reply, reason: Reason) -> None:
    """Every failure has its own words, and none is an empty answer."""
    fhir_stub.answers["Observation"] = reply
    assert fetch(fhir_stub, Limits(private=True, timeout=0.2, budget=0.4, size=4000)) == Page(reason=reason)


def test_a_server_that_is_not_there_is_told() -> None:
    """A refused connection is not a time-out."""
    client = FhirClient(Limits(private=True, timeout=0.2, budget=0.5))
    pages = client.fetch_all(FhirAccess("http://127.0.0.1:9/fhir", TOKEN), {"key": "Patient/1"}, client.start_budget())
    assert pages == {"key": Page(reason=Reason.UNREACHABLE)}


def test_what_came_is_kept_when_another_query_hangs(fhir_stub: FhirStub, bundle: Builder) -> None:
    """Queries run side by side; one that hangs takes no other with it."""
    fhir_stub.answers |= {"Observation": json_reply(bundle(ONE)), "Condition": Reply(hang=True)}
    client = FhirClient(Limits(private=True, timeout=0.2, budget=0.4))
    addresses = {"genes": "Observation", "conditions": "Condition"}
    pages = client.fetch_all(FhirAccess(fhir_stub.url), addresses, client.start_budget())
    assert pages == {"genes": Page((ONE,)), "conditions": Page(reason=Reason.TIMEOUT)}


def test_nothing_is_asked_when_the_time_is_spent(fhir_stub: FhirStub) -> None:
    """The budget is for the whole request: a second round gets what the first left over."""
    client = FhirClient(Limits(private=True))
    pages = client.fetch_all(FhirAccess(fhir_stub.url), {"key": "Observation"}, time.monotonic() - 1)
    assert (pages["key"].reason, fhir_stub.asked) == (Reason.TIMEOUT, [])


def test_only_allowed_hosts_are_read_when_some_are_named(fhir_stub: FhirStub) -> None:
    """A request cannot send the service to a host that the site did not name."""
    limits = Limits(private=True, timeout=0.2, budget=0.5, hosts=("fhir.example.org",))
    assert fetch(fhir_stub, limits) == Page(reason=Reason.HOST_NOT_ALLOWED)
    assert fhir_stub.asked == []


def test_a_token_does_not_travel_in_the_clear() -> None:
    """Plain http is for this machine, and for hosts that the site named."""
    client = FhirClient(Limits(private=True, timeout=0.2, budget=0.5))
    pages = client.fetch_all(FhirAccess("http://192.0.2.1/fhir", TOKEN), {"key": "Patient/1"}, client.start_budget())
    assert pages == {"key": Page(reason=Reason.NO_TLS)}


def test_neither_token_nor_query_is_logged_when_reading_fails(
    fhir_stub: FhirStub, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever this project logs at any level."""
    caplog.set_level(logging.DEBUG, "cds_hooks")
    fhir_stub.answers["Observation"] = Reply(500)
    fetch(fhir_stub)
    assert [record for record in caplog.records if record.name.startswith("cds_hooks")] == []
    assert TOKEN not in caplog.text
