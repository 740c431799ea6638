"""The database of records: one schema for SQLite and PostgreSQL, by SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, create_engine, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from cds_hooks.errors import Fault, StorageError
from cds_hooks.records.feedback import Feedback
from cds_hooks.records.shown_cards import ShownCard, write_cards
from cds_hooks.records.tables import FEEDBACK, FEEDBACK_REASON, FEEDBACK_SUGGESTION, TABLES


@dataclass(frozen=True)
class Store:
    """Where records go."""

    engine: Engine

    def add_feedback(self, tenant: str, service_id: str, items: Sequence[Feedback]) -> None:
        """Store all items or none; a card may be reported on any number of times. Raises StorageError."""
        received = datetime.now(UTC)
        try:
            with self.engine.begin() as connection:
                for item in items:
                    row = {
                        "tenant": tenant,
                        "service": service_id,
                        "card": item.card,
                        "outcome": item.outcome,
                        "outcome_timestamp": item.timestamp,
                        "received": received,
                    }
                    key = connection.execute(insert(FEEDBACK).values(row)).inserted_primary_key
                    number = key[0] if key else None
                    for suggestion in item.suggestions:
                        connection.execute(insert(FEEDBACK_SUGGESTION).values(feedback=number, suggestion=suggestion))
                    for reason in item.reasons:
                        connection.execute(insert(FEEDBACK_REASON).values(feedback=number, **vars(reason)))
        except SQLAlchemyError:
            # The driver's message quotes the values, which may hold a comment on a patient.
            raise StorageError(Fault("", "the feedback could not be stored", "Send it again.", "transient")) from None

    def add_cards(self, cards: Sequence[ShownCard]) -> None:
        """Remember cards that are shown. Raises StorageError."""
        if not cards:
            return
        try:
            with self.engine.begin() as connection:
                write_cards(connection, cards, datetime.now(UTC))
        except SQLAlchemyError:
            raise StorageError(Fault("", "the cards could not be stored", "Send it again.", "transient")) from None

    def is_reachable(self) -> bool:
        """True where the database answers."""
        try:
            with self.engine.connect() as connection:
                connection.execute(select(1))
        except SQLAlchemyError:
            return False
        return True


def open_store(url: str) -> Store:
    """The store of a database URL, its tables made where they are missing.

    Connections are opened by each worker for itself: none survives a fork.
    """
    memory = url in ("sqlite://", "sqlite:///:memory:")
    threads = {"check_same_thread": False}
    if memory:
        engine = create_engine(url, poolclass=StaticPool, connect_args=threads, hide_parameters=True)
    else:
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True)
    TABLES.create_all(engine)
    if not memory:
        engine.dispose()
    return Store(engine)
