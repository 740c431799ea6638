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
from cds_hooks.records.audit_rows import insert_anchor, insert_rows, log_anchor, read_chain
from cds_hooks.records.chain import Head, add_row, start_chain
from cds_hooks.records.chain_fault import ChainFault, check_row
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
    kept: tuple[ChainFault, ...] = ()
    """Rows before the day which stay, with all that follow in their chains, since they do not hold."""


def purge(engine: Engine, before: date) -> Purged:
    """Remove what was recorded before a day (UTC). Ran twice, or to its end after a stop, it does no harm."""
    start = f"{before.isoformat()}T00:00:00.000Z"
    with engine.connect() as connection:
        heads, faults = _find_old_heads(connection, start)
        standing = find_standing(connection, heads)
    heads = [head for head in heads if head.chain not in standing]
    if heads:
        with engine.begin() as connection:
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
    return Purged(removed, cards, comments, tuple(faults))


def _find_old_heads(connection: Connection, start: str) -> tuple[list[Head], list[ChainFault]]:
    """The last row to go of each chain that begins before the day; and where one has to stay for a row's sake."""
    row = AUDIT_EVENT.c
    old = select(row.chain).where(row.recorded < start).distinct()
    ends = [_find_end(connection, chain, start) for chain in connection.execute(old).scalars().all()]
    heads = [head for head, _ in ends if head is not None]
    return heads, [fault for _, fault in ends if fault is not None]


def _find_end(connection: Connection, chain: str, start: str) -> tuple[Head | None, ChainFault | None]:
    """The row before the first younger one, or before the first whose time its hash does not bear out.

    The column alone would let anybody who can change it have the command remove what is recent.
    """
    head = None
    for row in read_chain(connection, chain):
        if row.recorded >= start:
            break
        fault = check_row(row)
        if fault is not None:
            return head, fault
        head = row.head
    return head, None


def _attest(connection: Connection, start: str, heads: Iterable[Head]) -> None:
    """Say what is about to go, in a chain of this command."""
    record = PurgeRecord(start, tuple(sorted(heads, key=lambda head: head.chain)))
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
    if first is None:
        return  # another purge was faster
    yield from range(first + _STEP - 1, head.seq, _STEP)
    yield head.seq
