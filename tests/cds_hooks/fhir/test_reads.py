"""What was read is noted for the audit: what was asked and how it ended, and no value of the patient's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from fhir_stub import FhirStub, Reply, json_reply

from cds_hooks.fhir.bundle import Reason
from cds_hooks.fhir.client import FhirClient, Limits
from cds_hooks.fhir.reads import FhirRead, ReadLog, describe
from cds_hooks.hook_request import FhirAccess

SERVER = "https://a.example/fhir"
ONE, TWO = ({"resourceType": "Observation", "id": str(number)} for number in (1, 2))
Builder = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("address", "kind", "interaction", "parameters"),
    [
        ("Observation?patient=demo-1&code=http://loinc.org|1-8&_sort=-date", "Observation", "search",
         ("patient", "code", "_sort")),
        ("Observation?subject:Patient=demo-1", "Observation", "search", ("subject:Patient",)),
        ("Observation", "Observation", "search", ()),
        ("?_getpages=demo-1&_getpagesoffset=20", None, "search", ("_getpages", "_getpagesoffset")),
        ("next/demo-1", None, "read", ()),
        ("Observation?demo-1", "Observation", "search", ()),
        ("Observation?demo-1=x&Smith, Jane=y", "Observation", "search", ()),
    ],
)  # fmt: skip
def test_an_address_is_told_without_its_values(
    address: str, kind: str | None, interaction: str, parameters: tuple[str, ...]
) -> None:
    """Only what looks like the name of a type or of a parameter is kept: a link is of the server's own making."""
    expected = FhirRead(kind, interaction, parameters, page=2)
    assert describe(f"{SERVER}/{address}", SERVER, 2) == expected
    assert "demo-1" not in str(expected)


def test_a_read_by_id_keeps_the_id_for_the_audit_and_does_not_show_it() -> None:
    """Only of an address that names a type: what stands in a server's own link may be anything."""
    read = describe(f"{SERVER}/Patient/demo-1", SERVER, 1)
    assert read == FhirRead("Patient", "read", (), resource_id="demo-1")
    assert "demo-1" not in str(read)
    assert describe(f"{SERVER}/next/demo-1", SERVER, 1).resource_id is None


def reads(stub: FhirStub, *addresses: str, limits: Limits | None = None) -> list[FhirRead]:
    """What is noted of queries, without the times, which are checked to be there."""
    client = FhirClient(limits or Limits(private=True, timeout=0.3, budget=0.6))
    log = ReadLog()
    client.fetch_all(FhirAccess(stub.url, "t"), {each: each for each in addresses}, client.start_budget(), log)
    found = log.so_far()
    assert all(read.milliseconds >= 0 for read in found)
    return sorted(
        (replace(read, milliseconds=0) for read in found), key=lambda read: (str(read.resource_type), read.page)
    )


def test_every_page_is_noted(fhir_stub: FhirStub, bundle: Builder) -> None:
    """With its status and the bytes of its body."""
    first = bundle(ONE, link=[{"relation": "next", "url": "Observation?page=2"}])
    fhir_stub.answers["Observation"] = lambda target: json_reply(bundle(TWO) if "page" in target else first)
    assert reads(fhir_stub, "Observation?patient=demo-1") == [
        FhirRead("Observation", "search", ("patient",), 1, 200, None, 0, len(orjson.dumps(first))),
        FhirRead("Observation", "search", ("page",), 2, 200, None, 0, len(orjson.dumps(bundle(TWO)))),
    ]


def test_what_failed_is_noted_with_its_reason(fhir_stub: FhirStub) -> None:
    """Refused, broken off, unanswered, and out of time while the answer was awaited."""
    fhir_stub.answers |= {
        "Condition": Reply(403),
        "Observation": Reply(200, b'{"resourceType": "Bundle"}', length=500),
        "Patient": Reply(hang=True),
        "Procedure": Reply(200, b"<html>"),
    }
    limits = Limits(private=True, timeout=30, budget=0.4)
    found = reads(fhir_stub, "Condition?patient=1", "Observation", "Patient/1", "Procedure", limits=limits)
    assert found == [
        FhirRead("Condition", "search", ("patient",), 1, 403, Reason.FORBIDDEN),
        FhirRead("Observation", "search", (), 1, 200, Reason.BROKEN_OFF, 0, 26),
        FhirRead("Patient", "read", (), 1, None, Reason.TIMEOUT, resource_id="1"),
        FhirRead("Procedure", "search", (), 1, 200, Reason.NOT_JSON, 0, 6),
    ]


def test_what_may_not_be_asked_is_noted_with_its_reason(fhir_stub: FhirStub, bundle: Builder) -> None:
    """A server that is not listed, and a page that lies elsewhere: whoever tried leaves a trace."""
    assert reads(fhir_stub, "Patient/1", limits=Limits(hosts=(), private=True)) == [
        FhirRead("Patient", "read", (), 1, None, Reason.HOST_NOT_ALLOWED, resource_id="1")
    ]
    assert fhir_stub.asked == []
    first = bundle(ONE, link=[{"relation": "next", "url": "https://elsewhere.example.org/Observation?patient=1"}])
    fhir_stub.answers["Observation"] = json_reply(first)
    assert reads(fhir_stub, "Observation?patient=demo-1") == [
        FhirRead("Observation", "search", ("patient",), 1, 200, None, 0, len(orjson.dumps(first))),
        FhirRead("Observation", "search", ("patient",), 2, None, Reason.FOREIGN_LINK),
    ]


def test_a_query_that_has_not_ended_counts_as_out_of_time() -> None:
    """What is noted does not change afterwards."""
    log = ReadLog()
    number = log.begin(FhirRead("Patient", "read", ()))
    before = log.so_far()
    log.end(number, 200, None, 9)
    assert [(read.status, read.reason, read.size) for read in (*before, *log.so_far())] == [
        (None, Reason.TIMEOUT, 0),
        (200, None, 9),
    ]
