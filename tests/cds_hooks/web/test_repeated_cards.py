"""What was overridden is not said twice, unless something it rests on has changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from samples import SETTINGS, make_bundle
from sqlalchemy import select, update

from app import create_app
from cds_hooks.clients import LOCAL
from cds_hooks.content import Content
from cds_hooks.records.tables import AUDIT_EVENT, CARD, FEEDBACK
from cds_hooks.web.engine import EXTENSION, Engine

Request = dict[str, Any]


@pytest.fixture
def own_app(content: Content) -> Flask:
    """A service whose records are its own."""
    return create_app(SETTINGS, content)


@pytest.fixture
def visitor(own_app: Flask) -> FlaskClient:
    return own_app.test_client()


def engine_of(app: Flask) -> Engine:
    found: Engine = app.extensions[EXTENSION]
    return found


def set_rule(app: Flask, **members: Any) -> None:
    """Give the local client another rule on overrides."""
    tenant = engine_of(app).tenants[LOCAL]
    changed = replace(tenant, client=replace(tenant.client, **members))
    app.extensions[EXTENSION] = replace(engine_of(app), tenants={LOCAL: changed})


@pytest.fixture
def intermediate(order_select: Request) -> Request:
    """Clopidogrel and an intermediate metabolizer, without a known indication: a warning, not critical."""
    order_select["prefetch"]["geneResults"]["entry"][0]["resource"]["valueCodeableConcept"]["text"] = "*1/*2"
    return order_select


def signing(request: Request) -> Request:
    """The same drafts when they are signed."""
    signed = copy.deepcopy(request)
    signed["hook"] = "order-sign"
    signed["context"].pop("selections", None)
    return signed


def fire(visitor: FlaskClient, request: Request) -> list[dict[str, Any]]:
    answer = visitor.post(f"/cds-services/pgx-{request['hook']}", json=request)
    assert answer.status_code == 200
    cards: list[dict[str, Any]] = answer.get_json()["cards"]
    return cards


def report(visitor: FlaskClient, card: dict[str, Any], outcome: str = "overridden") -> None:
    item = {"card": card["uuid"], "outcome": outcome, "outcomeTimestamp": "2026-11-25T10:00:00Z"}
    if outcome == "accepted":
        item["acceptedSuggestions"] = [{"id": card["suggestions"][0]["uuid"]}]
    answer = visitor.post("/cds-services/pgx-order-select/feedback", json={"feedback": [item]})
    assert answer.status_code == 200


def test_one_thing_is_one_card_across_hooks(visitor: FlaskClient, intermediate: Request) -> None:
    """The same uuids at selecting and at signing, suggestions included; another clinician gets a card of his own."""
    (selected,) = fire(visitor, intermediate)
    (signed,) = fire(visitor, signing(intermediate))
    assert signed == selected
    intermediate["context"]["userId"] = "Practitioner/another"
    (other,) = fire(visitor, intermediate)
    assert other["uuid"] != selected["uuid"]
    assert other["summary"] == selected["summary"]


def test_an_overridden_card_is_not_repeated_when_the_order_is_signed(
    visitor: FlaskClient, intermediate: Request
) -> None:
    """At selecting it still is: only signing is spared."""
    (card,) = fire(visitor, intermediate)
    report(visitor, card)
    assert fire(visitor, signing(intermediate)) == []
    assert fire(visitor, intermediate) == [card]


def test_what_is_held_back_is_audited_and_counted(own_app: Flask, visitor: FlaskClient, intermediate: Request) -> None:
    """By its rows: a site can see how often it is silent, and about what."""
    (card,) = fire(visitor, intermediate)
    report(visitor, card)
    rows = [one["id"] for one in card["extension"]["org.pgx-cds"]["findings"]]
    labels = {"row": rows[0], "indicator": card["indicator"]}
    before = REGISTRY.get_sample_value("pgx_cds_suppressed_cards_total", labels) or 0
    assert fire(visitor, signing(intermediate)) == []
    assert REGISTRY.get_sample_value("pgx_cds_suppressed_cards_total", labels) == before + 1
    engine_of(own_app).store.audit.close()
    with engine_of(own_app).store.engine.connect() as connection:
        last = connection.execute(select(AUDIT_EVENT.c.body).order_by(AUDIT_EVENT.c.id.desc())).scalars().first()
    said = orjson.loads(last or "")
    entry = {"uuid": card["uuid"], "indicator": card["indicator"], "rows": rows, "order": "MedicationRequest/draft-1"}
    assert (said["kind"], said["outcome"], said.get("cards"), said["heldBack"]) == ("call", "answered", None, [entry])


def test_a_card_that_was_left_out_for_want_of_room_is_not_remembered_as_shown(
    own_app: Flask, visitor: FlaskClient, order_select: Request
) -> None:
    """Its uuid was never sent."""
    tenant = engine_of(own_app).tenants[LOCAL]
    policy = replace(tenant.content.cards, max_cards=1)
    capped = replace(tenant, content=replace(tenant.content, cards=policy))
    own_app.extensions[EXTENSION] = replace(engine_of(own_app), tenants={LOCAL: capped})
    drafts = order_select["context"]["draftOrders"]["entry"]
    drafts.append(copy.deepcopy(drafts[0]))
    drafts[1]["resource"]["id"] = "draft-2"
    (card,) = fire(visitor, signing(order_select))
    assert "Not shown for want of room" in card["detail"]
    engine_of(own_app).store.audit.close()
    with engine_of(own_app).store.engine.connect() as connection:
        assert connection.execute(select(CARD.c.uuid)).scalars().all() == [card["uuid"]]


def test_a_card_that_was_only_shown_or_accepted_is_said_at_signing(visitor: FlaskClient, intermediate: Request) -> None:
    """Silence is no decision; and who changed his mind again is heard as last heard."""
    (card,) = fire(visitor, intermediate)
    assert fire(visitor, signing(intermediate)) == [card]
    report(visitor, card)
    report(visitor, card, "accepted")
    assert fire(visitor, signing(intermediate)) == [card]
    report(visitor, card)
    assert fire(visitor, signing(intermediate)) == []


def new_result(request: Request) -> None:
    observation = copy.deepcopy(request["prefetch"]["geneResults"]["entry"][0]["resource"])
    observation |= {"id": "cyp2c19-again", "effectiveDateTime": "2026-11-01"}
    request["prefetch"]["geneResults"] = make_bundle(
        request["prefetch"]["geneResults"]["entry"][0]["resource"], observation
    )


def new_medicine(request: Request) -> None:
    taken = {
        "resourceType": "MedicationRequest",
        "id": "taken",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/demo-1"},
        "medicationCodeableConcept": {
            "coding": [
                {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "6809", "display": "metformin"}
            ]
        },
    }
    request["prefetch"]["medicationRequests"] = make_bundle(taken)


def another_order(request: Request) -> None:
    request["context"]["draftOrders"]["entry"][0]["resource"]["id"] = "draft-2"


def another_clinician(request: Request) -> None:
    request["context"]["userId"] = "Practitioner/another"


@pytest.mark.parametrize("change", [new_result, new_medicine, another_order, another_clinician])
def test_an_overridden_card_comes_back_when_something_it_rests_on_changed(
    visitor: FlaskClient, intermediate: Request, change: Callable[[Request], None]
) -> None:
    """A new result, a new medicine, another order, another clinician."""
    (card,) = fire(visitor, intermediate)
    report(visitor, card)
    change(intermediate)
    (again,) = fire(visitor, signing(intermediate))
    assert again["uuid"] != card["uuid"]


def test_an_overridden_card_comes_back_when_the_content_changed(
    own_app: Flask, visitor: FlaskClient, intermediate: Request
) -> None:
    """Whatever row it was: another digest of the content is another basis."""
    (card,) = fire(visitor, intermediate)
    report(visitor, card)
    tenant = engine_of(own_app).tenants[LOCAL]
    library = replace(tenant.content.library, digest="0" * 64)
    changed = replace(tenant, content=replace(tenant.content, library=library))
    own_app.extensions[EXTENSION] = replace(engine_of(own_app), tenants={LOCAL: changed})
    (again,) = fire(visitor, signing(intermediate))
    assert again["uuid"] != card["uuid"]


def test_a_critical_card_is_always_said_unless_the_site_says_otherwise(
    own_app: Flask, visitor: FlaskClient, order_select: Request
) -> None:
    """Clopidogrel and a poor metabolizer."""
    acute = {"system": "http://snomed.info/sct", "code": "394659003"}
    condition = {
        "resourceType": "Condition",
        "id": "acs",
        "subject": {"reference": "Patient/demo-1"},
        "clinicalStatus": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
        },
        "code": {"coding": [acute]},
    }
    order_select["prefetch"]["conditions"] = make_bundle(condition)
    (card,) = fire(visitor, order_select)
    assert card["indicator"] == "critical"
    report(visitor, card)
    assert fire(visitor, signing(order_select)) == [card]
    set_rule(own_app, override_critical=True)
    assert fire(visitor, signing(order_select)) == []


def test_an_override_holds_for_the_policys_time(own_app: Flask, visitor: FlaskClient, intermediate: Request) -> None:
    """Within it silence, after it the card; with no hours at all it is always said."""
    (card,) = fire(visitor, intermediate)
    report(visitor, card)
    with engine_of(own_app).store.engine.begin() as connection:
        connection.execute(update(FEEDBACK).values(received=datetime.now(UTC) - timedelta(hours=25)))
    assert fire(visitor, signing(intermediate)) == [card]
    set_rule(own_app, override_hours=26)
    assert fire(visitor, signing(intermediate)) == []
    set_rule(own_app, override_hours=0)
    assert fire(visitor, signing(intermediate)) == [card]


def test_an_override_of_another_client_does_not_count(
    own_app: Flask, visitor: FlaskClient, intermediate: Request
) -> None:
    """Feedback is looked up within the tenant."""
    (card,) = fire(visitor, intermediate)
    report(visitor, card)
    with engine_of(own_app).store.engine.begin() as connection:
        connection.execute(update(FEEDBACK).values(tenant="another"))
    assert fire(visitor, signing(intermediate)) == [card]


def test_an_order_without_an_id_is_never_held_back(visitor: FlaskClient, intermediate: Request) -> None:
    """Two drafts without an id cannot be told apart."""
    del intermediate["context"]["draftOrders"]["entry"][0]["resource"]["id"]
    (card,) = fire(visitor, signing(intermediate))
    report(visitor, card)
    (again,) = fire(visitor, signing(intermediate))
    assert again["uuid"] != card["uuid"]


def test_what_cannot_be_looked_up_is_shown(
    own_app: Flask, visitor: FlaskClient, intermediate: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that does not answer hides nothing."""
    (card,) = fire(visitor, intermediate)
    report(visitor, card)
    with engine_of(own_app).store.engine.begin() as connection:
        FEEDBACK.drop(connection, checkfirst=False)
    assert fire(visitor, signing(intermediate)) == [card]


def test_a_shown_card_is_remembered_with_its_rows_and_its_order(
    own_app: Flask, visitor: FlaskClient, intermediate: Request
) -> None:
    """One row a card, however often it is shown; nothing in it names the patient or the clinician."""
    (card,) = fire(visitor, intermediate)
    fire(visitor, signing(intermediate))
    engine_of(own_app).store.audit.close()
    columns = (CARD.c.tenant, CARD.c.uuid, CARD.c.service, CARD.c.order, CARD.c.rows, CARD.c.indicator)
    with engine_of(own_app).store.engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(select(*columns))]
        whole = str(connection.execute(select(CARD)).all())
    rows = ",".join(f'"{one["id"]}"' for one in card["extension"]["org.pgx-cds"]["findings"])
    assert found == [
        ("local", card["uuid"], "pgx-order-sign", "MedicationRequest/draft-1", f"[{rows}]", card["indicator"])
    ]
    assert "demo-1" not in whole
    assert "Practitioner" not in whole


@pytest.mark.parametrize("identity", ["x" * 300, "draft\u0000 1"], ids=["too long", "with a null"])
def test_an_order_id_that_a_column_does_not_hold_is_remembered_by_its_digest(
    own_app: Flask, visitor: FlaskClient, intermediate: Request, identity: str
) -> None:
    """In PostgreSQL it would take the cards of other callers with it, that are stored in the same moment."""
    intermediate["context"]["draftOrders"]["entry"][0]["resource"]["id"] = identity
    del intermediate["context"]["selections"]
    (card,) = fire(visitor, intermediate)
    engine_of(own_app).store.audit.close()
    with engine_of(own_app).store.engine.connect() as connection:
        orders = dict(tuple(row) for row in connection.execute(select(CARD.c.uuid, CARD.c.order)))
    assert orders[card["uuid"]] == f"sha256:{sha256(f'MedicationRequest/{identity}'.encode()).hexdigest()}"


def test_the_key_decides_what_is_known_again(content: Content, intermediate: Request) -> None:
    """The same on two hosts with one key; nobody else can make the ids."""
    keyed = [create_app(replace(SETTINGS, card_key=key * 32), content).test_client() for key in "aab"]
    first, second, third = [fire(each, intermediate)[0]["uuid"] for each in keyed]
    assert first == second
    assert first != third
