"""What waits for the database, and the transaction that stores it: audit rows, and what holds only together with them.

* The cards that an answer shows are remembered with its event. One that the database will not take is logged and passed
  over: it would only be shown once more, and the event names it all the same.
* Feedback is stored with its event, that of a batch by a few statements. Where its caller was refused meanwhile, it is
  not stored, or taken back together with the event that says so.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, IntegrityError

from cds_hooks.records.audit_event import AuditEvent
from cds_hooks.records.audit_rows import insert_rows
from cds_hooks.records.chain import ChainRow, Head, add_row
from cds_hooks.records.feedback_rows import Report, ReportMark, remove_reports, write_reports
from cds_hooks.records.shown_cards import ShownCard, write_cards

_LOG = logging.getLogger(__name__)


class Ticket:
    """One event in the queue, and what is stored with it."""

    __slots__ = ("body", "cards", "event", "refused", "report", "row", "stored", "undoes", "withdrawn")

    def __init__(
        self,
        event: AuditEvent,
        cards: Sequence[ShownCard] = (),
        report: Report | None = None,
        undoes: ReportMark | None = None,
    ) -> None:
        self.event = event
        self.body = event.to_body()
        self.cards = cards
        self.report = report
        self.undoes = undoes
        """The item of feedback that goes with this event, should it have been stored."""
        self.row: ChainRow | None = None
        """Its place in the chain, once it has one: from then on the body is fixed."""
        self.refused = False
        """Whether the database will not take the item of feedback."""
        self.stored = False
        self.withdrawn = False

    def withdraw(self, items: int = 1) -> Ticket | None:
        """Let the audit say that the answer did not go out: in place, or by the ticket that is given back.

        `items`: how many of its call's this one stands for.
        """
        if self.withdrawn:
            return None
        mark = self.report.mark if self.report else None
        self.withdrawn, self.cards, self.report = True, (), None
        withdrawn = self.event.withdraw(self.row, items)
        if self.row is None:
            self.body = withdrawn.to_body()
            return None
        return Ticket(withdrawn, undoes=mark)


@dataclass
class Batch:
    """Rows of a chain that are stored together, and the tickets that they were made of."""

    rows: tuple[ChainRow, ...]
    tickets: tuple[Ticket, ...]

    def store(self, engine: Engine) -> None:
        """Try it once. Raises what the database raises."""
        with engine.begin() as connection:
            insert_rows(connection, self.rows)
            remove_reports(connection, [each.undoes for each in self.tickets if each.undoes is not None])
            _write_feedback(connection, [(each, each.report) for each in self.tickets if each.report is not None])
            _remember_cards(connection, self.tickets)

    def settle(self) -> None:
        """It is stored: let the tickets know."""
        for ticket in self.tickets:
            ticket.stored = True


def link(head: Head, tickets: Iterable[Ticket]) -> Batch:
    """Tickets as the rows after a head."""
    taken = tuple(tickets)
    for ticket in taken:
        ticket.row = add_row(head, ticket.event.recorded, ticket.body)
        head = ticket.row.head
    return Batch(tuple(ticket.row for ticket in taken if ticket.row is not None), taken)


def _write_feedback(connection: Connection, sent: Sequence[tuple[Ticket, Report]]) -> None:
    """All items at once; where the database will not take one of them, each by itself, to find which."""
    if not sent:
        return
    try:
        with connection.begin_nested():
            write_reports(connection, [report for _, report in sent])
    except (DataError, IntegrityError) as error:
        if len(sent) > 1:
            for each in sent:
                _write_feedback(connection, [each])
            return
        _LOG.error("feedback not stored", extra={"error": type(error).__name__})
        sent[0][0].refused = True


def _remember_cards(connection: Connection, tickets: Sequence[Ticket]) -> None:
    """The cards of all tickets, each once and in one order for all workers: they may be at the same ones."""
    cards = {(card.tenant, card.uuid): card for each in tickets for card in each.cards}
    if not cards:
        return
    try:
        with connection.begin_nested():
            write_cards(connection, [cards[key] for key in sorted(cards)], datetime.now(UTC))
    except (DataError, IntegrityError) as error:
        _LOG.error("cards not remembered", extra={"error": type(error).__name__, "cards": len(cards)})
