"""Every call is recorded before its answer goes out; what cannot be recorded is not answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from fhir_stub import FhirStub, Reply, json_reply
from flask import Flask
from flask.testing import FlaskClient
from samples import GENOTYPE, make_bundle
from sqlalchemy import insert, select, text

from app import create_app
from cds_hooks.content import Content
from cds_hooks.errors import StorageError
from cds_hooks.records.audit_event import CallEntry, describe_call
from cds_hooks.records.audit_rows import read_rows
from cds_hooks.records.audit_writer import AuditWriter
from cds_hooks.records.balp import to_audit_events
from cds_hooks.records.store import Store
from cds_hooks.records.tables import AUDIT_EVENT, CARD
from cds_hooks.records.writer_rules import WriterRules
from cds_hooks.settings import Settings

CALL, FEEDBACK = "/cds-services/pgx-order-select", "/cds-services/pgx-order-select/feedback"
ITEM = {
    "card": "1b6f4e4e-6d0e-4b6e-9a55-0c1f0a0e6a01",
    "outcome": "overridden",
    "outcomeTimestamp": "2026-02-01T10:30:00Z",
}


@pytest.fixture
def sync_app(content: Content) -> Iterator[Flask]:
    """The service; each answer waits for its audit row."""
    app = create_app(Settings(database="sqlite://", audit="sync"), content)
    yield app
    store_of(app).close()


def store_of(app: Flask) -> Store:
    """Where it records."""
    store: Store = app.extensions["pgx-cds"].store
    return store


def recorded(app: Flask) -> list[dict[str, Any]]:
    """What the audit says, without times and the machine's name."""
    with store_of(app).engine.connect() as connection:
        bodies = connection.execute(select(AUDIT_EVENT.c.body).order_by(AUDIT_EVENT.c.seq)).scalars().all()
    return [
        {key: value for key, value in orjson.loads(body).items() if key not in ("time", "host", "ms")}
        for body in bodies
    ]


def test_an_answer_is_recorded_with_its_cards(sync_app: Flask, content: Content, order_select: dict[str, Any]) -> None:
    """Who asked for whom, on which content, and what was shown by which rows."""
    answer = sync_app.test_client().post(CALL, json=order_select, headers={"X-Request-Id": "r-1"})
    (card,) = answer.json["cards"]
    findings = [finding["id"] for finding in card["extension"]["org.pgx-cds"]["findings"]]
    assert findings
    assert recorded(sync_app) == [
        {
            "kind": "call",
            "tenant": "local",
            "requestId": "r-1",
            "status": 200,
            "outcome": "answered",
            "service": "pgx-order-select",
            "hook": "order-select",
            "hookInstance": "6bc883b2-b795-4dcb-b661-34884a31d472",
            "user": "Practitioner/demo-9",
            "patient": "demo-1",
            "content": content.library.digest,
            "consent": {
                "decision": "permit",
                "basis": "no consent was sent that speaks of this; the EHR releases only what may be used",
                "consents": [],
            },
            "cards": [
                {
                    "uuid": card["uuid"],
                    "indicator": "critical",
                    "rows": findings,
                    "order": "MedicationRequest/draft-1",
                }
            ],
        }
    ]


def test_no_genotype_no_name_and_no_token_is_recorded(sync_app: Flask, order_select: dict[str, Any]) -> None:
    """Marked values in every place that may hold them."""
    order_select["prefetch"]["patient"]["name"] = [{"family": "MARKER"}]
    order_select["fhirServer"] = "https://fhir.example.org"
    order_select["fhirAuthorization"] = {"access_token": "MARKER", "token_type": "Bearer", "expires_in": 300,
                                         "scope": "patient/*.rs", "subject": "MARKER"}  # fmt: skip
    order_select["context"]["encounterId"] = "MARKER"
    client = sync_app.test_client()
    assert client.post(CALL, json=order_select).status_code == 200
    comment = {"reason": {"code": "MARKER text", "display": "MARKER"}, "userComment": "MARKER"}
    client.post(FEEDBACK, json={"feedback": [ITEM | {"card": "card of MARKER", "overrideReason": comment}]})
    client.post("/cds-services/MARKER and more", json=order_select)
    said = orjson.dumps(recorded(sync_app)).decode()
    assert len(recorded(sync_app)) == 3
    assert "MARKER" not in said
    assert "*2" not in said


OURS: dict[str, Any] = {"service": "pgx-order-select"}
EMPTY: dict[str, Any] = {"json": {}}
PACKED: dict[str, Any] = {"json": {}, "headers": {"Content-Encoding": "gzip"}}
LARGE: dict[str, Any] = {"data": b" " * 16_000_001, "content_type": "application/json"}
NESTED: dict[str, Any] = {"data": b"[" * 5000, "content_type": "application/json"}


@pytest.mark.parametrize(
    ("path", "asked", "service", "sent", "status"),
    [
        (CALL, "cards", OURS, EMPTY, 400),
        (CALL, "cards", OURS, NESTED, 400),
        (CALL, "cards", OURS, LARGE, 413),
        (CALL, "cards", OURS, PACKED, 415),
        ("/cds-services/MARKER", "cards", {}, EMPTY, 404),
        (FEEDBACK, "feedback", OURS, EMPTY, 400),
    ],
)
def test_a_refusal_is_recorded(
    sync_app: Flask, path: str, asked: str, service: dict[str, str], sent: dict[str, Any], status: int
) -> None:
    """With its status, and nothing of its content."""
    headers = sent.get("headers", {}) | {"X-Request-Id": "r-1"}
    assert sync_app.test_client().post(path, **sent | {"headers": headers}).status_code == status
    assert recorded(sync_app) == [
        {
            "kind": "refusal",
            "tenant": "local",
            "requestId": "r-1",
            "status": status,
            "outcome": "refused",
            "asked": asked,
            **service,
        }
    ]


def test_a_failure_of_ours_is_recorded(
    sync_app: Flask, order_select: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 is a fact of the audit, too."""
    monkeypatch.setattr("cds_hooks.web.hooks.work_out", lambda *_: 1 / 0)
    assert sync_app.test_client().post(CALL, json=order_select).status_code == 500
    assert [(each["status"], each["outcome"]) for each in recorded(sync_app)] == [(500, "failed")]


def test_a_caller_from_elsewhere_is_recorded(sync_app: Flask, order_select: dict[str, Any]) -> None:
    """Whoever is not let in leaves a trace."""
    environment = {"REMOTE_ADDR": "192.0.2.7"}
    assert sync_app.test_client().post(CALL, json=order_select, environ_overrides=environment).status_code == 403
    assert [each["status"] for each in recorded(sync_app)] == [403]


def test_discovery_and_health_are_not_recorded(sync_app: Flask) -> None:
    """They ask for nobody."""
    client = sync_app.test_client()
    for path in ("/cds-services", "/health", "/nowhere"):
        client.get(path)
    assert recorded(sync_app) == []


def test_feedback_is_recorded_with_rows_and_order_of_its_card(sync_app: Flask) -> None:
    """Where the card is remembered; the comment is not part of the audit."""
    with store_of(sync_app).engine.begin() as connection:
        connection.execute(
            insert(CARD).values(
                tenant="local", uuid=ITEM["card"], service="pgx-order-select", scope="x", order="MedicationRequest/1",
                rows='["clopidogrel/cpic/x"]', basis="x", indicator="critical", shown=text("CURRENT_TIMESTAMP"),
            )
        )  # fmt: skip
    reason = {"reason": {"code": "refuses", "system": "http://example.org", "display": "d"}, "userComment": "c"}
    items = [ITEM | {"overrideReason": reason}, {**ITEM, "card": "other"}]
    answer = sync_app.test_client().post(FEEDBACK, json={"feedback": items}, headers={"X-Request-Id": "r-1"})
    assert answer.status_code == 200
    same = {
        "kind": "feedback",
        "tenant": "local",
        "requestId": "r-1",
        "status": 200,
        "outcome": "overridden",
        "service": "pgx-order-select",
        "outcomeTime": "2026-02-01T10:30:00Z",
    }
    assert recorded(sync_app) == [
        same
        | {
            "card": ITEM["card"],
            "rows": ["clopidogrel/cpic/x"],
            "order": "MedicationRequest/1",
            "reasons": [{"code": "refuses", "system": "http://example.org"}],
        },
        same | {"card": "other"},
    ]


@pytest.fixture
def impatient(sync_app: Flask) -> FlaskClient:
    """A service that cannot write its audit, and waits but shortly."""
    engine = sync_app.extensions["pgx-cds"]
    rules = WriterRules(synchronous=True, patience=0.1, pauses=(0.02,), closing=0.1)
    store = Store(engine.store.engine, AuditWriter(engine.store.engine, rules))
    with store.engine.begin() as connection:
        AUDIT_EVENT.drop(connection)
    sync_app.extensions["pgx-cds"] = replace(engine, store=store)
    return sync_app.test_client()


@pytest.mark.parametrize("path", [CALL, FEEDBACK])
def test_nothing_leaves_when_it_cannot_be_recorded(
    impatient: FlaskClient, order_select: dict[str, Any], path: str
) -> None:
    """503 with an OperationOutcome, for feedback and refusals as well."""
    sent = order_select if path == CALL else {"feedback": [ITEM]}
    for body in (sent, {}):
        answer = impatient.post(path, json=body)
        assert (answer.status_code, answer.content_type) == (503, "application/fhir+json")
        assert answer.json["issue"][0]["diagnostics"] == (
            "the call could not be recorded and is therefore not answered. "
            "The database of records does not answer in time. Send the request again."
        )
        assert "cards" not in answer.json


def test_an_answer_does_not_wait_for_the_audit_when_it_is_batched(
    content: Content, order_select: dict[str, Any]
) -> None:
    """The default: it is queued before the answer goes out, and stored soon after."""
    app = create_app(Settings(database="sqlite://"), content)
    assert app.test_client().post(CALL, json=order_select).status_code == 200
    store_of(app).close()
    assert [each["kind"] for each in recorded(app)] == ["call"]


def test_what_was_read_from_the_fhir_server_is_recorded_and_nothing_of_what_it_held(
    sync_app: Flask, order_select: dict[str, Any], fhir_stub: FhirStub
) -> None:
    """Kind, names of parameters, host and outcome; also where the call is refused in the end."""
    for key in ("geneResults", "allergies"):
        del order_select["prefetch"][key]
    fhir_stub.answers |= {"AllergyIntolerance": Reply(429), "Observation": json_reply(make_bundle(GENOTYPE))}
    asked = order_select | {"fhirServer": fhir_stub.url}
    assert sync_app.test_client().post(CALL, json=asked).status_code == 200
    fhir_stub.answers["Observation"] = Reply(503)
    assert sync_app.test_client().post(CALL, json=asked).status_code == 412
    answered, refused = recorded(sync_app)
    for event in (answered, refused):
        assert (event["user"], event["patient"]) == ("Practitioner/demo-9", "demo-1")
        assert event["hookInstance"] == "6bc883b2-b795-4dcb-b661-34884a31d472"

    def reads(event: dict[str, Any]) -> list[dict[str, Any]]:
        told = [{key: value for key, value in read.items() if key != "ms"} for read in event["reads"]]
        return sorted(told, key=lambda read: read["type"])

    allergies = {
        "type": "AllergyIntolerance",
        "interaction": "search",
        "server": "127.0.0.1",
        "parameters": ["patient"],
        "outcome": "the FHIR server asked for fewer requests (429)",
    }
    results = allergies | {"type": "Observation", "parameters": ["patient", "code"], "outcome": "ok"}
    assert reads(answered) == [allergies, results]
    assert reads(refused) == [allergies, results | {"outcome": "the FHIR server failed (5xx)"}]
    assert "demo-1" not in str(answered["reads"])


def test_a_patient_that_was_read_by_id_is_a_patient_read_of_the_export(
    sync_app: Flask, order_select: dict[str, Any], fhir_stub: FhirStub
) -> None:
    """With the reference that BALP asks for."""
    fhir_stub.answers["Patient"] = json_reply(order_select["prefetch"].pop("patient"))
    asked = order_select | {"fhirServer": fhir_stub.url}
    assert sync_app.test_client().post(CALL, json=asked).status_code == 200
    with store_of(sync_app).engine.connect() as connection:
        (row,) = read_rows(connection)
    reads = [event for event in to_audit_events(row) if event["subtype"][0]["code"] == "read"]
    assert [(event["meta"]["profile"], event["entity"][0]["what"]) for event in reads] == [
        (["https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead"],
         {"reference": "Patient/demo-1"})
    ]  # fmt: skip


@pytest.mark.parametrize("path", [CALL, FEEDBACK])
def test_a_call_that_could_not_be_recorded_in_time_has_one_row(
    sync_app: Flask, order_select: dict[str, Any], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says `withdrawn`; none beside it says that the call failed."""
    engine = sync_app.extensions["pgx-cds"]
    rules = WriterRules(synchronous=True, patience=0.1, pauses=(0.02,), limit=1)
    writer = AuditWriter(engine.store.engine, rules)
    sync_app.extensions["pgx-cds"] = replace(engine, store=Store(engine.store.engine, writer))
    with monkeypatch.context() as patched:
        patched.setattr("cds_hooks.records.audit_batch.insert_rows", lambda *_: 1 / 0)
        before = describe_call("local", "before", CallEntry("s", "order-sign", "h", "Practitioner/1", "p", "c"))
        with pytest.raises(StorageError):
            writer.record(before)
        body = order_select if path == CALL else {"feedback": [ITEM]}
        headers = {"X-Request-Id": "r-1"}
        assert sync_app.test_client().post(path, json=body, headers=headers).status_code == 503
    writer.close()
    assert [each["outcome"] for each in recorded(sync_app) if each["requestId"] == "r-1"] == ["withdrawn"]
