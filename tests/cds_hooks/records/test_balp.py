"""The audit is handed out as FHIR AuditEvents in the shapes of IHE BALP, each valid R4."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from typing import Any

import orjson
import pytest
from audit_samples import CONSENT, SEARCH, make_event
from click.testing import CliRunner
from fhir.resources.R4B.auditevent import AuditEvent as FhirAuditEvent
from sqlalchemy import Engine

from app import main
from cds_hooks.records.audit_event import (
    AuditEvent,
    CardEntry,
    ConsentEntry,
    RefusalEntry,
    describe_feedback,
    describe_refusal,
)
from cds_hooks.records.audit_rows import insert_rows
from cds_hooks.records.balp import to_audit_events
from cds_hooks.records.chain import add_row, start_chain
from cds_hooks.records.feedback import Feedback, OverrideReason
from cds_hooks.records.revision import upgrade

SHOWN = CardEntry("1b6f4e4e-6d0e-4b6e-9a55-0c1f0a0e6a01", "critical", ("clopidogrel/cpic/x",), "MedicationRequest/1")
FEEDBACK = Feedback(
    SHOWN.uuid,
    "overridden",
    "2026-02-01T10:30:00Z",
    ("s-1",),
    (OverrideReason("patient-refuses", "http://example.org/reasons", "Patient refuses", "Mrs Example prefers it"),),
)
REFUSED = RefusalEntry(
    "cards", "pgx-order-sign", 412, "6bc883b2-b795-4dcb-b661-34884a31d472", "Practitioner/demo-9", "demo-1", (SEARCH,)
)
PURGE = AuditEvent(
    "2026-02-01T10:30:00.000Z",
    {
        "kind": "purge",
        "host": "h",
        "before": "2026-01-01T00:00:00.000Z",
        "removed": [{"chain": "c", "seq": 1, "hash": "h"}],
    },
)
EVENTS = {
    "call": make_event(),
    "nothing read": make_event(reads=(), consent=None),
    "no card": make_event(cards=()),
    "denied": make_event(consent=ConsentEntry("deny", "a consent forbids it", ("Consent/c-1",)), cards=()),
    "default": make_event(consent=ConsentEntry("permit", "no consent on file", ())),
    "odd ids": make_event(user="Dr John Smith", patient="John Smith, 1961"),
    "withdrawn": make_event().withdraw(),
    "held back": make_event(cards=(), held_back=(SHOWN, replace(SHOWN, rows=()))),
    "refused": describe_refusal("unknown", "r-1", RefusalEntry("cards", "pgx-order-sign", 401)),
    "refused when its patient was known": describe_refusal("local", "r-1", REFUSED),
    "failed": describe_refusal("local", "r-1", RefusalEntry("feedback", None, 500)),
    "feedback": describe_feedback("local", "r-1", "pgx-order-sign", FEEDBACK, SHOWN),
    "feedback on a card that is not known": describe_feedback("local", "r-1", "pgx-order-sign", FEEDBACK, None),
    "purge": PURGE,
}


def export(event: AuditEvent) -> list[dict[str, Any]]:
    """The AuditEvents of one event."""
    return list(to_audit_events(add_row(start_chain(), event.recorded, event.to_body())))


def profiles(event: AuditEvent) -> list[tuple[str, str | None]]:
    """(outcome, profile) of each AuditEvent."""
    return [(each["outcome"], each.get("meta", {"profile": [None]})["profile"][0]) for each in export(event)]


def balp(name: str) -> str:
    """A profile's address."""
    return f"https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.{name}"


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_valid_fhir(name: str) -> None:
    """By fhir.resources, and each with an id of its own that stays the same."""
    event = EVENTS[name]
    row = add_row(start_chain(), event.recorded, event.to_body())
    made = list(to_audit_events(row))
    assert made
    for each in made:
        FhirAuditEvent.model_validate(each)
    assert [each["id"] for each in made] == [each["id"] for each in to_audit_events(row)]
    assert len({each["id"] for each in made}) == len(made)
    assert {each["recorded"] for each in made} == {event.recorded}


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("call", [("0", None), ("0", balp("PatientQuery")), ("0", balp("PatientRead")), ("4", None),
                  ("0", balp("AuthZconsent")), ("0", balp("PrivacyDisclosure.Source"))]),
        ("nothing read", [("0", None), ("0", balp("PrivacyDisclosure.Source"))]),
        ("denied", [("0", None), ("0", balp("PatientQuery")), ("0", balp("PatientRead")), ("4", None),
                    ("8", balp("AuthZconsent"))]),
        ("default", [("0", None), ("0", balp("PatientQuery")), ("0", balp("PatientRead")), ("4", None), ("0", None),
                     ("0", balp("PrivacyDisclosure.Source"))]),
        ("withdrawn", [("8", None), ("0", balp("PatientQuery")), ("0", balp("PatientRead")), ("4", None),
                       ("0", balp("AuthZconsent"))]),
        ("held back", [("0", None), ("0", balp("PatientQuery")), ("0", balp("PatientRead")), ("4", None),
                       ("0", balp("AuthZconsent"))]),
        ("refused", [("4", None)]),
        ("refused when its patient was known", [("4", None), ("0", balp("PatientQuery"))]),
        ("failed", [("8", None)]),
        ("feedback", [("0", balp("Create"))]),
        ("purge", [("0", None)]),
    ],
)  # fmt: skip
def test_one_call_makes_an_event_of_each_kind(name: str, made: list[tuple[str, str | None]]) -> None:
    """Only what went well claims a profile, and a decision without a Consent claims none."""
    assert profiles(EVENTS[name]) == made


def test_a_query_shows_the_names_of_its_parameters() -> None:
    """Their values, which hold the patient's codes, are not kept."""
    query = export(make_event())[1]
    assert query["entity"][0]["description"] == "GET Observation?patient&code\nX-Request-Id: r-1"
    assert b64decode(query["entity"][0]["query"]).decode() == query["entity"][0]["description"]
    assert [each["type"]["coding"][0]["code"] for each in query["agent"]] == ["110153", "110152", "IRCP"]
    assert query["agent"][1]["network"] == {"address": "fhir.example.org", "type": "1"}
    assert query["entity"][1]["what"] == {"reference": "Patient/demo-1", "type": "Patient"}


def test_a_decision_names_its_consents_and_its_reason() -> None:
    """As AuthZconsent has it: client, user, organisation and who decided."""
    decision = export(make_event())[4]
    assert decision["outcomeDesc"] == f"permit: {CONSENT.basis}"
    assert decision["entity"][1]["what"] == {"reference": "Consent/c-1"}
    codes = [each["type"]["coding"][0]["code"] for each in decision["agent"]]
    assert codes == ["110150", "IRCP", "PROV", "authserver"]
    assert decision["agent"][3]["who"] == decision["source"]["observer"]


def test_the_call_tells_what_was_asked_on_which_content_how_long_and_what_was_not_repeated() -> None:
    """A card that was held back is told by its rows; one that rests on none is counted all the same."""
    call = export(EVENTS["held back"])[0]
    assert call["entity"][0]["detail"] == [
        {"type": "hook", "valueString": "order-sign"},
        {"type": "hookInstance", "valueString": "6bc883b2-b795-4dcb-b661-34884a31d472"},
        {"type": "content", "valueString": "d" * 64},
        {"type": "kind", "valueString": "call"},
        {"type": "milliseconds", "valueString": "4.2"},
        {"type": "heldBack", "valueString": "clopidogrel/cpic/x"},
        {"type": "heldBack", "valueString": "none"},
    ]


def test_a_withdrawn_call_names_the_event_that_does_not_hold() -> None:
    """By its id in the same export: request ids are the caller's, and may be the same for all of its calls."""
    answered = add_row(start_chain(), "2026-02-01T10:30:00.000Z", make_event().to_body())
    withdrawn = export(make_event().withdraw(answered))[0]
    first = next(iter(to_audit_events(answered)))
    assert {"type": "withdraws", "valueString": f"AuditEvent/{first['id']}"} in withdrawn["entity"][0]["detail"]
    assert withdrawn["outcomeDesc"] == "withdrawn: 503"


def test_a_refused_call_names_user_and_patient_where_they_were_known() -> None:
    """What was read of a record before the refusal was read of somebody's."""
    refused, query = export(EVENTS["refused when its patient was known"])
    for event in (refused, query):
        assert event["agent"][2]["who"] == {"reference": "Practitioner/demo-9"}
        assert event["entity"][1]["what"] == {"reference": "Patient/demo-1", "type": "Patient"}


def test_a_disclosure_names_cards_rows_and_purpose() -> None:
    """What left, and by which rows of the content."""
    disclosure = export(make_event())[-1]
    card = disclosure["entity"][1]
    assert card["what"]["identifier"]["value"] == "urn:uuid:1b6f4e4e-6d0e-4b6e-9a55-0c1f0a0e6a01"
    assert card["detail"][0] == {"type": "row", "valueString": "clopidogrel/cpic/poor-acs-pci"}
    assert disclosure["agent"][0]["who"] == disclosure["source"]["observer"]


def test_what_may_name_a_person_is_a_digest() -> None:
    """An identifier with blanks is none."""
    text = orjson.dumps([export(EVENTS[name]) for name in EVENTS]).decode()
    for word in ("Smith", "Mrs Example", "Patient refuses"):
        assert word not in text


def test_the_command_prints_ndjson_of_some_days(url: str, engine: Engine) -> None:
    """From a day on, up to another that is left out."""
    upgrade(engine)
    head, rows = start_chain(), []
    for day in ("2026-02-01", "2026-02-02", "2026-02-03"):
        event = AuditEvent(f"{day}T10:30:00.000Z", make_event(reads=(), consent=None, cards=()).members)
        rows.append(add_row(head, event.recorded, event.to_body()))
        head = rows[-1].head
    with engine.begin() as connection:
        insert_rows(connection, rows)
    for arguments, days in (
        ([], ["01", "02", "03"]),
        (["--since", "2026-02-02"], ["02", "03"]),
        (["--since", "2026-02-02", "--until", "2026-02-03"], ["02"]),
    ):
        answer = CliRunner().invoke(main, ["audit", "export", "--database", url, *arguments])
        assert answer.exit_code == 0
        assert [orjson.loads(line)["recorded"][8:10] for line in answer.stdout.splitlines()] == days
