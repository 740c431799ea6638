"""What is counted, and who may read it."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from fhir_stub import FhirStub, Reply
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from samples import SETTINGS
from sqlalchemy import text

from app import create_app
from cds_hooks.content import Content
from cds_hooks.fhir.bundle import Reason
from cds_hooks.settings import Settings, read_settings
from cds_hooks.web import metrics
from cds_hooks.web.engine import EXTENSION
from knowledge.drug_answer import Silence

Request = dict[str, Any]
URL = "/cds-services/pgx-order-select"
PAGE = Path(__file__).resolve().parents[3] / "docs" / "metrics.md"


class Why(StrEnum):
    """Reasons of a test."""

    EXPIRED = "the token has expired"


def value(name: str, **labels: str) -> float:
    """What is counted now."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_an_answer_is_counted_by_service_status_row_and_stage(client: FlaskClient, order_select: Request) -> None:
    """One request, one consent decision, one card, nine stages."""
    labels = {"tenant": "local", "endpoint": "hooks.call", "service": "pgx-order-select", "status": "200"}
    row = {"row": "clopidogrel/cpic/poor-acs-pci", "indicator": "critical"}
    stages = ("parse", "record", "consent", "facts", "evaluate", "cards", "repeats", "check", "store")

    def counts() -> list[float]:
        return [
            value("pgx_cds_requests_total", **labels),
            value("pgx_cds_request_seconds_count", service="pgx-order-select"),
            value("pgx_cds_cards_total", **row),
            value("pgx_cds_consent_decisions_total", decision="permit"),
            *(value("pgx_cds_stage_seconds_count", stage=stage) for stage in stages),
        ]

    before = counts()
    client.post(URL, json=order_select)
    assert counts() == [count + 1 for count in before]


def test_gaps_and_silences_are_counted_by_kind(client: FlaskClient, order_select: Request) -> None:
    """A medicine that nobody knows is both."""
    draft = order_select["context"]["draftOrders"]["entry"][0]["resource"]
    draft["medicationCodeableConcept"] = {"text": "Foobarin"}
    before = (value("pgx_cds_gaps_total", kind="drug_unknown"), value("pgx_cds_silences_total", reason="drug_unknown"))
    client.post(URL, json=order_select)
    after = (value("pgx_cds_gaps_total", kind="drug_unknown"), value("pgx_cds_silences_total", reason="drug_unknown"))
    assert after == (before[0] + 1, before[1] + 1)


def test_standard_care_is_a_silence(client: FlaskClient, order_select: Request) -> None:
    """The rows that say so are no label: only the kind is."""
    order_select["prefetch"]["geneResults"]["entry"][0]["resource"]["valueCodeableConcept"]["text"] = "*1/*1"
    before = value("pgx_cds_silences_total", reason="standard_care")
    client.post(URL, json=order_select)
    assert value("pgx_cds_silences_total", reason="standard_care") == before + 1


@pytest.mark.parametrize(
    ("path", "labels"),
    [
        ("/nowhere", {"tenant": "", "endpoint": "", "service": "", "status": "404"}),
        ("/cds-services/nobody", {"tenant": "local", "endpoint": "hooks.call", "service": "", "status": "404"}),
        (URL, {"tenant": "local", "endpoint": "hooks.call", "service": "pgx-order-select", "status": "400"}),
    ],
)
def test_refused_requests_are_counted_without_what_they_asked_for(
    client: FlaskClient, path: str, labels: dict[str, str]
) -> None:
    """Labels come from our own lists."""
    before = value("pgx_cds_requests_total", **labels)
    client.post(path, data=b"{", content_type="application/json")
    assert value("pgx_cds_requests_total", **labels) == before + 1


def test_reads_from_fhir_servers_are_counted_by_how_they_ended(
    client: FlaskClient, order_select: dict[str, Any], fhir_stub: FhirStub
) -> None:
    """Also those of a call that is then refused."""
    del order_select["prefetch"]["geneResults"], order_select["prefetch"]["conditions"]
    fhir_stub.answers["Observation"] = Reply(503)
    outcomes = ("ok", "server_error")
    before = [value("pgx_cds_fhir_calls_total", outcome=one) for one in outcomes]
    assert client.post(URL, json=order_select | {"fhirServer": fhir_stub.url}).status_code == 412
    assert [value("pgx_cds_fhir_calls_total", outcome=one) for one in outcomes] == [count + 1 for count in before]


def test_a_failing_audit_and_its_queue_are_counted(content: Content, order_select: Request, tmp_path: Path) -> None:
    """While the database does not take it: every attempt, and what waits."""
    settings = Settings(database=f"sqlite:///{tmp_path / 'records.sqlite3'}", audit="sync")
    app = create_app(settings, content)
    store = app.extensions[EXTENSION].store
    with store.engine.begin() as connection:
        connection.execute(text("alter table audit_event rename to away"))
    before = value("pgx_cds_audit_failures_total")
    assert app.test_client().post(URL, json=order_select).status_code == 503
    assert value("pgx_cds_audit_failures_total") > before
    assert value("pgx_cds_audit_queue") > 0
    with store.engine.begin() as connection:
        connection.execute(text("alter table away rename to audit_event"))
    store.close()
    assert app.test_client().get("/health/ready").status_code == 200
    assert value("pgx_cds_audit_queue") == 0


def test_what_other_parts_count_has_its_place() -> None:
    """Reasons are members of an enumeration and stand as their names."""
    asked = [
        ("pgx_cds_fhir_calls_total", {"outcome": "ok"}, lambda: metrics.count_fhir_call(None, 0.1)),
        ("pgx_cds_fhir_calls_total", {"outcome": "timeout"}, lambda: metrics.count_fhir_call(Reason.TIMEOUT, 0.1)),
        ("pgx_cds_fhir_seconds_count", {}, lambda: metrics.count_fhir_call(None, 0.1)),
        ("pgx_cds_consent_decisions_total", {"decision": "expired"}, lambda: metrics.count_consent(Why.EXPIRED)),
        (
            "pgx_cds_authentication_failures_total",
            {"reason": "expired"},
            lambda: metrics.count_authentication_failure(Why.EXPIRED),
        ),
        ("pgx_cds_audit_failures_total", {}, metrics.count_audit_failure),
        (
            "pgx_cds_suppressed_cards_total",
            {"row": "none", "indicator": "info"},
            lambda: metrics.count_suppressed(None, "info"),
        ),
    ]
    for name, labels, count in asked:
        before = value(name, **labels)
        count()
        assert value(name, **labels) == before + 1
    metrics.set_audit_queue(7)
    assert value("pgx_cds_audit_queue") == 7
    metrics.set_audit_queue(0)


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("10.1.2.3", {}, 403),
        ("2001:db8::1", {}, 403),
        ("", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 403),
        ("127.0.0.1", {"X-Real-IP": "127.0.0.1"}, 403),
        ("127.0.0.1", {"Via": "1.1 proxy.example.org"}, 403),
    ],
)
def test_only_this_machine_may_read_when_nothing_is_set(
    content: Content, address: str, headers: dict[str, str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither another machine, nor a caller whom a proxy passed on, nor one without an address."""
    # Without authentication other machines are refused before.
    monkeypatch.setattr("app.refuse_others", lambda _: None)
    client = create_app(SETTINGS, content).test_client()
    answer = client.get("/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": address})
    assert answer.status_code == status
    assert (b"pgx_cds_requests_total" in answer.data) == (status == 200)


def test_the_networks_that_may_read_can_be_set(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    """And then they alone."""
    monkeypatch.setattr("app.refuse_others", lambda _: None)
    settings = read_settings(
        {"PGX_CDS_AUTH": "off", "PGX_CDS_DATABASE": "sqlite://", "PGX_CDS_METRICS_FROM": "10.1.0.0/16"}
    )
    client = create_app(settings, content).test_client()
    answers = [
        client.get("/metrics", environ_overrides={"REMOTE_ADDR": address}).status_code
        for address in ("10.1.2.3", "10.2.0.1", "127.0.0.1")
    ]
    assert answers == [200, 403, 403]


def test_the_page_of_metrics_is_that_of_the_service(app: Flask, client: FlaskClient) -> None:
    """docs/metrics.md names every metric with its labels, and no other."""
    told = client.get("/metrics").get_data(as_text=True)
    exposed = {family.name for family in text_string_to_metric_families(told) if family.name.startswith("pgx_cds_")}
    labels = {
        metric._name: ", ".join(metric._labelnames)
        for metric in vars(metrics).values()
        if hasattr(metric, "_labelnames")
    }
    labels |= {"pgx_cds_content_info": "digest, version", "pgx_cds_content_stale": ""}
    rows = re.findall(
        r"^\| `(pgx_cds_\w+?)(?:_total)?` \| ([a-z, ]*) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {name: said.strip() for name, said in rows} == labels
    assert exposed == set(labels)


def test_the_page_names_every_silence() -> None:
    """In the order of the enumeration."""
    (row,) = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if "`pgx_cds_silences_total`" in line]
    assert re.findall(r"`(\w+)`", row)[1:] == [str(kind) for kind in Silence]
