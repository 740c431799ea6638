"""Writes audit events: a bounded queue and one thread a process, one transaction a batch, one chain.

* batched (default): an answer does not wait; its event is committed within 30 ms. synchronous: it waits.
* The queue is full: the next answers wait for the commit. Nothing that went out is ever dropped.
* The database fails: what is queued stays and is tried again. Whoever waits longer than `patience` gets a
  WithdrawnError, and the event says so; for those whom a full queue refused there is a reserve, beyond it the log.
  A refused call takes one place, however many items of feedback it had.
* What holds only together with an event is stored in its transaction (`cds_hooks.records.audit_batch`).
* The process ends: what is queued is written; where the database is gone, to a file (`cds_hooks.records.spill`).
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from weakref import WeakSet

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from cds_hooks.errors import Fault, WithdrawnError
from cds_hooks.records.audit_batch import Batch, Ticket, link
from cds_hooks.records.audit_event import AuditEvent, make_storage_error, shift_time
from cds_hooks.records.audit_rows import has_row, insert_anchor, log_anchor
from cds_hooks.records.chain import ChainRow, Head, start_chain
from cds_hooks.records.feedback_rows import Report
from cds_hooks.records.shown_cards import ShownCard
from cds_hooks.records.spill import spill
from cds_hooks.records.writer_rules import WriterRules

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class WriterState:
    """How it goes: events that wait, and the kind of the last failure (None: the last attempt succeeded)."""

    queued: int
    error: str | None


class AuditWriter:
    """The audit of one process. Safe for threads; begins anew, with its own chain, in a forked child."""

    def __init__(self, engine: Engine, rules: WriterRules | None = None, spill_folder: Path | None = None) -> None:
        self.rules = rules or WriterRules()
        self._engine = engine
        self._spill_folder = spill_folder
        self._begin()
        _WRITERS.add(self)

    def _begin(self) -> None:
        """The state of a process that has recorded nothing."""
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._news = threading.Condition(self._lock)
        self._queue: deque[Ticket] = deque()
        self._prepared: Batch | None = None
        self._head: Head | None = None
        self._anchored: Head | None = None
        self._anchored_at = 0.0
        self._thread: threading.Thread | None = None
        self._urgent = False
        self._stop_at: float | None = None
        self._error: str | None = None

    def record(self, event: AuditEvent, cards: Sequence[ShownCard] = (), *, wait: bool = False) -> None:
        """Take an event in, and the cards to remember of it.

        Raises WithdrawnError where it had to be waited for and was not stored in time.
        """
        self._take([Ticket(event, cards)], wait=wait)

    def record_feedback(self, reports: Sequence[tuple[AuditEvent, Report]]) -> None:
        """Store items of feedback, each with its event, all or none; waits for it. Raises WithdrawnError."""
        self._take([Ticket(event, report=report) for event, report in reports], wait=True)

    def _take(self, tickets: Sequence[Ticket], *, wait: bool) -> None:
        items = sum(ticket.report is not None for ticket in tickets)
        deadline = time.monotonic() + self.rules.patience + items * self.rules.patience_for_item
        with self._lock:
            self._start()
            full = self._await_room(tickets, deadline)
            empty = not self._queue
            self._queue.extend(tickets)
            waits = wait or full or self.rules.synchronous
            if waits or empty or len(self._queue) == self.rules.batch:
                self._urgent = self._urgent or waits
                self._work.notify()
            if waits:
                self._await_stored(tickets, deadline)

    def _await_room(self, tickets: Sequence[Ticket], deadline: float) -> bool:
        """Whether the queue was full. Whoever is refused for it is told of all the same, while the reserve lasts."""
        most = max(self.rules.limit - len(tickets), 0)  # with which there is room for all of them
        if len(self._queue) <= most:
            return False
        try:
            while len(self._queue) > most:
                self._wait_or_fail(deadline)
        except WithdrawnError:
            if len(self._queue) < self.rules.limit + self.rules.reserve:
                tickets[0].withdraw(len(tickets))
                self._queue.append(tickets[0])
            else:
                _LOG.error("refused call not audited", extra={"queued": len(self._queue)})
            raise
        return True

    def _await_stored(self, tickets: Sequence[Ticket], deadline: float) -> None:
        try:
            while not all(ticket.stored for ticket in tickets):
                self._wait_or_fail(deadline)
        except WithdrawnError:
            if not all(ticket.stored for ticket in tickets):
                self._withdraw(tickets)
                raise
        if any(ticket.refused for ticket in tickets):
            self._withdraw(tickets)
            raise WithdrawnError(Fault("", "the feedback could not be stored", "Send it again.", "transient"))

    def state(self) -> WriterState:
        """How it goes now."""
        with self._lock:
            return WriterState(len(self._queue), self._error)

    def close(self) -> None:
        """Write everything that is queued, end the chain and the thread; a later event begins a new chain."""
        with self._lock:
            self._stop_at = time.monotonic() + self.rules.closing
            self._work.notify()
            thread = self._thread
        if thread is not None:
            thread.join(self.rules.closing + 2 * self.rules.pauses[-1])
        with self._lock:
            self._end_chain()
            self._stop_at = None

    def _wait_or_fail(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0 or not self._news.wait(left):
            _LOG.error("audit not written in time", extra={"queued": len(self._queue), "error": self._error})
            raise make_storage_error()

    def _withdraw(self, tickets: Sequence[Ticket]) -> None:
        """Let the audit say that the answer to this call did not go out; its items without a row yet share one."""
        waiting = [ticket for ticket in tickets if ticket.row is None and not ticket.withdrawn]
        if len(waiting) > 1:
            spare = set(waiting[1:])
            waiting[0].withdraw(len(waiting))
            self._queue = deque(ticket for ticket in self._queue if ticket not in spare)
            tickets = [ticket for ticket in tickets if ticket not in spare]
        self._queue.extend(second for ticket in tickets if (second := ticket.withdraw()) is not None)
        self._work.notify()

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        failures = 0
        while self._await_work():
            if self._write_batch():
                failures = 0
            else:
                self._pause(self.rules.pauses[min(failures, len(self.rules.pauses) - 1)])
                failures += 1
            self._anchor_when_due()

    def _await_work(self) -> bool:
        """True once there is something to do; False where the thread has to end."""
        with self._lock:
            if not self._queue and self._stop_at is None:
                self._work.wait(self.rules.anchor_every)
            if self._stop_at is not None:
                return bool(self._queue) and time.monotonic() < self._stop_at
            if self._queue and self._error is None:
                self._work.wait_for(self._is_pressing, self.rules.window)
            self._urgent = False
            return True

    def _is_pressing(self) -> bool:
        return self._urgent or self._stop_at is not None or len(self._queue) >= self.rules.batch

    def _pause(self, seconds: float) -> None:
        """Wait before the next attempt; shortly where the process is about to end."""
        with self._lock:
            if self._work.wait_for(lambda: self._stop_at is not None, seconds):
                self._work.wait(self.rules.pauses[0])

    def _write_batch(self) -> bool:
        batch = self._prepare()
        if batch is None:
            return True
        try:
            batch.store(self._engine)
        except Exception as error:
            if not self._was_stored(error, batch.rows):
                self._note_failure(type(error).__name__)
                return False
        with self._lock:
            if self._prepared is not batch:
                return True  # closed in between: these rows were spilled, too, and are found there when taken in
            for _ in batch.tickets:
                self._queue.popleft()
            batch.settle()
            self._head, self._prepared = batch.rows[-1].head, None
            if self._error is not None:
                _LOG.warning("audit is written again", extra={"queued": len(self._queue)})
            self._error = None
            self._news.notify_all()
        return True

    def _prepare(self) -> Batch | None:
        """The next rows of the chain. A batch that failed is tried again as it was: it may have been stored."""
        with self._lock:
            if self._prepared is None and self._queue:
                self._head = self._head or start_chain()
                self._prepared = link(self._head, islice(self._queue, self.rules.batch))
            return self._prepared

    def _was_stored(self, error: Exception, rows: tuple[ChainRow, ...]) -> bool:
        """Whether an attempt before this one got through although its connection broke."""
        if not isinstance(error, IntegrityError):
            return False
        try:
            return has_row(self._engine, rows[-1])
        except SQLAlchemyError:
            return False

    def _note_failure(self, kind: str) -> None:
        self.rules.on_failure()
        with self._lock:
            if self._error != kind:
                _LOG.error("audit cannot be written", extra={"error": kind, "queued": len(self._queue)})
            self._error = kind

    def _anchor_when_due(self) -> None:
        """By the clock, and by the times of the rows, which lie apart where the database was away."""
        head, last, every = self._head, self._anchored, self.rules.anchor_every
        due = last is None or time.monotonic() - self._anchored_at >= every
        if due or head and last and head.recorded >= shift_time(last.recorded, every):
            self._anchor()

    def _anchor(self, *, closed: bool = False) -> None:
        """Say how far the chain has come, in the log first: the database may be the one that is not to be trusted."""
        head = self._head
        if head is None or head.seq == 0 or (head == self._anchored and not closed):
            return
        log_anchor(head, closed=closed)
        self._anchored, self._anchored_at = head, time.monotonic()
        with suppress(SQLAlchemyError), self._engine.begin() as connection:
            insert_anchor(connection, head, closed=closed)

    def _end_chain(self) -> None:
        # Feedback is not spilled: whoever waits for it is refused.
        for ticket in [ticket for ticket in self._queue if ticket.report is not None]:
            self._withdraw([ticket])
        if self._queue:
            under_way = self._prepared.rows if self._prepared else ()
            head = under_way[-1].head if under_way else self._head or start_chain()
            rows = under_way + link(head, islice(self._queue, len(under_way), None)).rows
            undone = {each.row.seq: each.undoes for each in self._queue if each.row and each.undoes}
            spill(self._spill_folder, rows, undone)
            log_anchor(rows[-1].head, closed=True)
            self._queue.clear()
            self._prepared = None
        else:
            self._anchor(closed=True)
        self._head, self._anchored, self._thread = None, None, None


_WRITERS: WeakSet[AuditWriter] = WeakSet()


@atexit.register
def _close_all() -> None:
    for writer in list(_WRITERS):
        writer.close()


def _begin_anew() -> None:
    for writer in list(_WRITERS):
        writer._begin()


os.register_at_fork(after_in_child=_begin_anew)
