"""Health for people and for probes: nobody needs a token, and nobody learns more than is needed."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from samples import SETTINGS

from app import create_app
from cds_hooks.clients import make_local_client
from cds_hooks.content import Content
from cds_hooks.records.store import Store
from cds_hooks.records.tables import AUDIT_EVENT
from cds_hooks.tenant import build_tenants
from cds_hooks.web.health import find_version
from cds_hooks.web.live_tenants import ContentState, LiveTenants


def test_a_process_that_answers_is_live(client: FlaskClient) -> None:
    """Nothing else is looked at: starting anew mends no database."""
    answer = client.get("/health/live")
    assert (answer.status_code, answer.content_type, answer.json) == (200, "application/json", {"status": "live"})


def test_a_service_that_can_serve_is_ready(content: Content) -> None:
    """Version, digest and states; no path, no client, no address."""
    answer = create_app(SETTINGS, content).test_client().get("/health/ready")
    assert (answer.status_code, answer.json) == (
        200,
        {
            "status": "ready",
            "version": find_version(),
            "content": {"digest": content.library.digest, "state": "current"},
            "storage": "ok",
            "audit": {"state": "ok", "queued": 0},
        },
    )


def test_a_service_without_its_storage_is_live_but_not_ready(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, so that calls go elsewhere until the database is back."""
    client = create_app(SETTINGS, content).test_client()
    monkeypatch.setattr(Store, "is_reachable", lambda _: False)
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json["status"], answer.json["storage"]) == (503, "not ready", "unreachable")
    assert client.get("/health").status_code == 503
    assert client.get("/health/live").status_code == 200


def test_an_audit_that_cannot_be_written_is_shown(content: Content, order_select: dict[str, Any]) -> None:
    """The database answers, and takes no row: a full disk, a table that is gone."""
    app = create_app(SETTINGS, content)
    store: Store = app.extensions["pgx-cds"].store
    with store.engine.begin() as connection:
        AUDIT_EVENT.drop(connection)
    client = app.test_client()
    client.post("/cds-services/pgx-order-select", json=order_select)
    end = time.monotonic() + 10
    while store.audit.state().error is None and time.monotonic() < end:
        time.sleep(0.01)
    assert client.get("/health/ready").json["audit"] == {"state": "failing", "queued": 1}


def test_health_names_no_client_when_there_are_several(content: Content) -> None:
    """One digest over all contents, and the medicines and genes of all."""
    app = create_app(SETTINGS, content)
    local = make_local_client(SETTINGS)
    other = replace(content, library=replace(content.library, digest="0" * 64, drugs={}))
    tenants = {
        **build_tenants([replace(local, name="north")], SETTINGS, content),
        **build_tenants([replace(local, name="south")], SETTINGS, other),
    }
    engine = app.extensions["pgx-cds"]
    app.extensions["pgx-cds"] = replace(engine, tenants=LiveTenants(ContentState(tenants)))
    answer = app.test_client().get("/health")
    assert answer.status_code == 200
    assert answer.json["content"]["drugs"] == len(content.library.drugs)
    assert answer.json["content"]["digest"] not in (content.library.digest, "0" * 64)
    assert "north" not in answer.text
