"""Feedback in the database: an item with its suggestions and reasons, written and taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert

from cds_hooks.records.feedback import Feedback
from cds_hooks.records.tables import FEEDBACK, FEEDBACK_REASON, FEEDBACK_SUGGESTION


@dataclass(frozen=True)
class Report:
    """One item of feedback as it came in."""

    tenant: str
    service: str
    item: Feedback
    received: datetime


def write_report(connection: Connection, report: Report) -> int:
    """Store an item inside the caller's transaction; its number."""
    item = report.item
    row = {
        "tenant": report.tenant,
        "service": report.service,
        "card": item.card,
        "outcome": item.outcome,
        "outcome_timestamp": item.timestamp,
        "received": report.received,
    }
    (number,) = connection.execute(insert(FEEDBACK).values(row)).inserted_primary_key or (0,)
    for suggestion in item.suggestions:
        connection.execute(insert(FEEDBACK_SUGGESTION).values(feedback=number, suggestion=suggestion))
    for reason in item.reasons:
        connection.execute(insert(FEEDBACK_REASON).values(feedback=number, **vars(reason)))
    return int(number)


def remove_report(connection: Connection, number: int) -> None:
    """Take an item back inside the caller's transaction."""
    for part in (FEEDBACK_SUGGESTION, FEEDBACK_REASON):
        connection.execute(delete(part).where(part.c.feedback == number))
    connection.execute(delete(FEEDBACK).where(FEEDBACK.c.id == number))
