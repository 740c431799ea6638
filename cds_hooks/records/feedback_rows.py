"""Feedback in the database: items with their suggestions and reasons, written and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from cds_hooks.records.feedback import Feedback
from cds_hooks.records.tables import FEEDBACK, FEEDBACK_REASON, FEEDBACK_SUGGESTION

_MANY = 500
"""Values of one statement that takes back: databases limit them."""


@dataclass(frozen=True)
class Report:
    """One item of feedback as it came in."""

    tenant: str
    service: str
    item: Feedback
    received: datetime

    @property
    def mark(self) -> ReportMark:
        """What it is found by."""
        return ReportMark(self.tenant, self.service, self.item.card, self.item.timestamp, self.received)


@dataclass(frozen=True)
class ReportMark:
    """What a stored item is found by, whether its number is known or not: sent again, it was received later."""

    tenant: str
    service: str
    card: str
    timestamp: str
    received: datetime


def write_reports(connection: Connection, reports: Sequence[Report]) -> None:
    """Store items inside the caller's transaction, by a few statements however many they are.

    On SQLite, which keeps no order of numbers, SQLAlchemy inserts the items one by one: there is no way to it.
    """
    rows = [
        {
            "tenant": report.tenant,
            "service": report.service,
            "card": report.item.card,
            "outcome": report.item.outcome,
            "outcome_timestamp": report.item.timestamp,
            "received": report.received,
        }
        for report in reports
    ]
    numbered = insert(FEEDBACK).returning(FEEDBACK.c.id, sort_by_parameter_order=True)
    numbers = connection.execute(numbered, rows).scalars().all()
    items = [(number, report.item) for number, report in zip(numbers, reports, strict=True)]
    suggestions = [{"feedback": number, "suggestion": each} for number, item in items for each in item.suggestions]
    if suggestions:
        connection.execute(insert(FEEDBACK_SUGGESTION), suggestions)
    reasons = [{"feedback": number, **vars(each)} for number, item in items for each in item.reasons]
    if reasons:
        connection.execute(insert(FEEDBACK_REASON), reasons)


def remove_reports(connection: Connection, marks: Iterable[ReportMark]) -> None:
    """Take items back inside the caller's transaction; those that were never stored do no harm."""
    calls: dict[tuple[str, str, datetime], list[ReportMark]] = {}
    for mark in marks:
        calls.setdefault((mark.tenant, mark.service, mark.received), []).append(mark)
    for of_call in calls.values():
        for start in range(0, len(of_call), _MANY):
            _remove(connection, of_call[start : start + _MANY])


def _remove(connection: Connection, of_call: Sequence[ReportMark]) -> None:
    """Items of one call."""
    row, call = FEEDBACK.c, of_call[0]
    found = select(row.id).where(
        row.tenant == call.tenant,
        row.service == call.service,
        row.received == call.received,
        row.card.in_({mark.card for mark in of_call}),
        row.outcome_timestamp.in_({mark.timestamp for mark in of_call}),
    )
    numbers = connection.execute(found).scalars().all()
    if not numbers:
        return
    for part in (FEEDBACK_SUGGESTION, FEEDBACK_REASON):
        connection.execute(delete(part).where(part.c.feedback.in_(numbers)))
    connection.execute(delete(FEEDBACK).where(row.id.in_(numbers)))
