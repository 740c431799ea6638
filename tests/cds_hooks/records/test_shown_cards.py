"""What is known again of shown cards, on both databases: what was overridden lately, and what a card was about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, update

from cds_hooks.records.feedback import Feedback
from cds_hooks.records.shown_cards import ShownCard, find_cards, find_overridden, write_cards
from cds_hooks.records.store import Store
from cds_hooks.records.tables import FEEDBACK

NOW = datetime.now(UTC)
CARD = ShownCard("general", "c-1", "pgx-order-select", "s" * 64, "b" * 64, "MedicationRequest/1", ("a/b/c",), "warning")


def report(store: Store, card: str, *outcomes: str, tenant: str = "general") -> None:
    """Feedback on a card, one item after the other."""
    for outcome in outcomes:
        store.add_feedback(tenant, "r-1", "pgx-order-select", [Feedback(card, outcome, "2026-02-01T10:30:00Z", ())])


def test_the_latest_feedback_within_the_time_decides(store: Store, engine: Engine) -> None:
    """Overridden at last; accepted at last; overridden by another client's clinician; overridden too long ago."""
    report(store, "overridden", "accepted", "overridden")
    report(store, "accepted", "overridden", "accepted")
    report(store, "another's", "overridden", tenant="children")
    report(store, "old", "overridden")
    with engine.begin() as connection:
        long_ago = update(FEEDBACK).where(FEEDBACK.c.card == "old").values(received=NOW - timedelta(hours=25))
        connection.execute(long_ago)
    asked = ["overridden", "accepted", "another's", "old", "never reported"]
    assert find_overridden(engine, "general", asked, NOW - timedelta(hours=24)) == {"overridden"}
    assert find_overridden(engine, "general", asked, NOW - timedelta(hours=26)) == {"overridden", "old"}


def test_a_card_that_is_shown_again_keeps_its_row(store: Store, engine: Engine) -> None:
    """With the service that showed it last; another client knows nothing of it."""
    for service in ("pgx-order-select", "pgx-order-sign"):
        shown = ShownCard(**{**vars(CARD), "service": service})
        with engine.begin() as connection:
            write_cards(connection, [shown], NOW)
    assert find_cards(engine, "general", {"c-1", "c-2"}) == {
        "c-1": ShownCard(**{**vars(CARD), "service": "pgx-order-sign"})
    }
    assert find_cards(engine, "children", {"c-1"}) == {}
