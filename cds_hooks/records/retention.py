"""Removes what is older than a day: audit rows, remembered cards, the free text of feedback.

Only whole beginnings of chains go, so that what is left can still be followed; a row of a chain of its own says up to
where each chain was removed, and with which hash, so that a beginning that was removed by hand is told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import Connection, Engine, delete, func, select, update

from cds_hooks.records.audit_event import AuditEvent, find_host, tell_time
from cds_hooks.records.audit_rows import insert_anchor, insert_rows, log_anchor
from cds_hooks.records.chain import Head, add_row, start_chain
from cds_hooks.records.purge_record import PurgeRecord, find_standing
from cds_hooks.records.tables import AUDIT_EVENT, CARD, CHAIN_ANCHOR, FEEDBACK, FEEDBACK_REASON

_STEP = 5000
"""Rows removed in one transaction: the service writes in between."""


@dataclass(frozen=True)
class Purged:
    """How much was removed."""

    audit_rows: int
    cards: int
    comments: int


def purge(engine: Engine, before: date) -> Purged:
    """Remove what was recorded before a day (UTC). Ran twice, or to its end after a stop, it does no harm."""
    start = f"{before.isoformat()}T00:00:00.000Z"
    with engine.begin() as connection:
        heads = _find_old_heads(connection, start)
        if heads:
            _attest(connection, start, heads)
    removed = sum(_remove_beginning(engine, head) for head in heads)
    moment = datetime.combine(before, time(), UTC)
    with engine.begin() as connection:
        cards = connection.execute(delete(CARD).where(CARD.c.shown < moment)).rowcount
        old = select(FEEDBACK.c.id).where(FEEDBACK.c.received < moment)
        spoken = FEEDBACK_REASON.c.feedback.in_(old) & FEEDBACK_REASON.c.comment.is_not(None)
        comments = connection.execute(update(FEEDBACK_REASON).where(spoken).values(comment=None)).rowcount
        # A code's display is text of the caller's, too, and may hold anything.
        connection.execute(update(FEEDBACK_REASON).where(FEEDBACK_REASON.c.feedback.in_(old)).values(display=None))
    return Purged(removed, cards, comments)


def _find_old_heads(connection: Connection, start: str) -> list[Head]:
    """The last row to go of each chain that begins before the day: the one before its first younger row."""
    row = AUDIT_EVENT.c
    old = select(row.chain).where(row.recorded < start).distinct()
    heads = []
    for chain in connection.execute(old).scalars().all():
        of_chain = row.chain == chain
        younger = select(func.min(row.seq)).where(of_chain & (row.recorded >= start)).scalar_subquery()
        upto = of_chain & ((row.seq < younger) | younger.is_(None))
        last = connection.execute(
            select(row.chain, row.seq, row.hash, row.recorded).where(upto).order_by(row.seq.desc()).limit(1)
        ).first()
        if last is not None:
            heads.append(Head(*last))
    return heads


def _attest(connection: Connection, start: str, heads: Iterable[Head]) -> None:
    """Say what is about to go, in a chain of this command; what earlier purges said of chains that stay is kept."""
    said = {head.chain: head for head in (*find_standing(connection), *heads)}
    record = PurgeRecord(start, tuple(sorted(said.values(), key=lambda head: head.chain)))
    event = AuditEvent(tell_time(), {"kind": "purge", "host": find_host(), **record.to_json()})
    row = add_row(start_chain(), event.recorded, event.to_body())
    insert_rows(connection, [row])
    insert_anchor(connection, row.head, closed=True)
    log_anchor(row.head, closed=True)


def _remove_beginning(engine: Engine, head: Head) -> int:
    removed = 0
    row, anchor = AUDIT_EVENT.c, CHAIN_ANCHOR.c
    for upto in _steps(engine, head):
        with engine.begin() as connection:
            gone = delete(AUDIT_EVENT).where((row.chain == head.chain) & (row.seq <= upto))
            removed += connection.execute(gone).rowcount
    with engine.begin() as connection:
        connection.execute(delete(CHAIN_ANCHOR).where((anchor.chain == head.chain) & (anchor.seq <= head.seq)))
    return removed


def _steps(engine: Engine, head: Head) -> Iterator[int]:
    row = AUDIT_EVENT.c
    with engine.connect() as connection:
        first = connection.execute(select(func.min(row.seq)).where(row.chain == head.chain)).scalar_one()
    yield from range(first + _STEP - 1, head.seq, _STEP)
    yield head.seq
