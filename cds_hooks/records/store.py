"""The database of records: one schema for SQLite and PostgreSQL, by SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from cds_hooks.records.audit_event import AuditEvent, CardEntry, describe_feedback
from cds_hooks.records.audit_writer import AuditWriter
from cds_hooks.records.database import is_memory, make_engine
from cds_hooks.records.feedback import Feedback
from cds_hooks.records.feedback_rows import Report
from cds_hooks.records.revision import require_newest
from cds_hooks.records.shown_cards import ShownCard, find_cards
from cds_hooks.records.spill import take_in_spills
from cds_hooks.records.writer_rules import WriterRules


@dataclass(frozen=True)
class Store:
    """Where records go."""

    engine: Engine
    audit: AuditWriter

    def add_feedback(self, tenant: str, request_id: str, service_id: str, items: Sequence[Feedback]) -> None:
        """Store all items or none, each together with its audit row, which names the rows and the order of its card.

        A card may be reported on any number of times. Waits until that is done. Raises StorageError.
        """
        received = datetime.now(UTC)
        shown = find_cards(self.engine, tenant, {item.card for item in items})
        self.audit.record_feedback(
            [
                (
                    describe_feedback(tenant, request_id, service_id, item, _describe(shown.get(item.card))),
                    Report(tenant, service_id, item, received),
                )
                for item in items
            ]
        )

    def record(self, event: AuditEvent, cards: Sequence[ShownCard] = ()) -> None:
        """Audit a call and remember its cards before it is answered. Raises StorageError where it may not be."""
        self.audit.record(event, cards)

    def is_reachable(self) -> bool:
        """True where the database answers."""
        try:
            with self.engine.connect() as connection:
                connection.execute(select(1))
        except SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        """Write what is queued, and let go of the database: before the process ends."""
        self.audit.close()
        if not is_memory(self.engine.url.render_as_string()):
            self.engine.dispose()


def _describe(card: ShownCard | None) -> CardEntry | None:
    return CardEntry(card.uuid, card.indicator, card.rows, card.order) if card else None


def open_store(url: str, rules: WriterRules | None = None, folder: Path | None = None) -> Store:
    """The store of a database URL. Raises RevisionError where the database is not at this release's revision.

    A new, empty SQLite database is made by itself. `folder`: where audit rows go that no database took before the end,
    and where they are taken in from. Connections are opened by each worker for itself: none survives a fork.
    """
    engine = make_engine(url)
    try:
        require_newest(engine)
        if folder is not None:
            take_in_spills(engine, folder)
    finally:
        if not is_memory(url):
            engine.dispose()
    return Store(engine, AuditWriter(engine, rules, folder))
