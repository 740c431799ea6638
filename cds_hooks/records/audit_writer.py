"""Writes audit events: a bounded queue and one thread a process, one transaction a batch, one chain.

* batched (default): an answer does not wait; its event is committed within 30 ms. synchronous: it waits.
* The queue is full: the next answers wait for the commit. Nothing is ever dropped.
* The database fails: what is queued stays and is tried again. Whoever waits longer than `patience` gets a
  StorageError, and the event says that the answer did not go out.
* The cards that an answer shows are remembered in the transaction of its event. One that the database will not take is
  logged and passed over: it would only be shown once more, and the event names it all the same.
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
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from weakref import WeakSet

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from cds_hooks.errors import StorageError
from cds_hooks.records.audit_event import AuditEvent, make_storage_error
from cds_hooks.records.audit_rows import has_row, insert_anchor, insert_rows, log_anchor
from cds_hooks.records.chain import ChainRow, Head, add_row, start_chain
from cds_hooks.records.shown_cards import ShownCard, write_cards
from cds_hooks.records.spill import spill
from cds_hooks.records.writer_rules import WriterRules

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class WriterState:
    """How it goes: events that wait, and the kind of the last failure (None: the last attempt succeeded)."""

    queued: int
    error: str | None


class _Ticket:
    """One event in the queue."""

    __slots__ = ("body", "cards", "event", "prepared", "stored")

    def __init__(self, event: AuditEvent, cards: Sequence[ShownCard] = ()) -> None:
        self.event = event
        self.cards = cards
        self.body = event.to_body()
        self.prepared = False
        self.stored = False


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
        self._queue: deque[_Ticket] = deque()
        self._prepared: tuple[ChainRow, ...] = ()
        self._head: Head | None = None
        self._anchored = 0
        self._anchored_at = 0.0
        self._thread: threading.Thread | None = None
        self._urgent = False
        self._stop_at: float | None = None
        self._error: str | None = None

    def record(self, event: AuditEvent, cards: Sequence[ShownCard] = (), *, wait: bool = False) -> None:
        """Take an event in, and the cards to remember of it.

        Raises StorageError where it had to be waited for and was not stored in time.
        """
        ticket = _Ticket(event, cards)
        deadline = time.monotonic() + self.rules.patience
        with self._lock:
            self._start()
            full = len(self._queue) >= self.rules.limit
            while len(self._queue) >= self.rules.limit:
                self._wait_or_fail(deadline)
            self._queue.append(ticket)
            waits = wait or full or self.rules.synchronous
            if waits or len(self._queue) == 1 or len(self._queue) == self.rules.batch:
                self._urgent = self._urgent or waits
                self._work.notify()
            while waits and not ticket.stored:
                try:
                    self._wait_or_fail(deadline)
                except StorageError:
                    if not ticket.stored:
                        self._withdraw(ticket)
                        raise

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

    def _withdraw(self, ticket: _Ticket) -> None:
        """Let the audit say that the answer did not go out: in place, or by a second event where it is under way."""
        if ticket.prepared:
            self._queue.append(_Ticket(ticket.event.withdraw()))
        else:
            ticket.body, ticket.cards = ticket.event.withdraw().to_body(), ()

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
        rows = self._prepare()
        if not rows:
            return True
        try:
            with self._engine.begin() as connection:
                insert_rows(connection, rows)
                self._remember_cards(connection, len(rows))
        except Exception as error:
            if not self._was_stored(error, rows):
                self._note_failure(type(error).__name__)
                return False
        with self._lock:
            if self._prepared is not rows:
                return True  # closed in between: these rows were spilled, too, and are found there when taken in
            for _ in rows:
                self._queue.popleft().stored = True
            self._head, self._prepared = rows[-1].head, ()
            if self._error is not None:
                _LOG.warning("audit is written again", extra={"queued": len(self._queue)})
            self._error = None
            self._news.notify_all()
        return True

    def _remember_cards(self, connection: Connection, tickets: int) -> None:
        """The cards of the first tickets, each once and in one order for all workers: they may be at the same ones."""
        with self._lock:
            cards = {(card.tenant, card.uuid): card for each in islice(self._queue, tickets) for card in each.cards}
        if not cards:
            return
        try:
            with connection.begin_nested():
                write_cards(connection, [cards[key] for key in sorted(cards)], datetime.now(UTC))
        except (DataError, IntegrityError) as error:
            _LOG.error("cards not remembered", extra={"error": type(error).__name__, "cards": len(cards)})

    def _prepare(self) -> tuple[ChainRow, ...]:
        """The next rows of the chain. A batch that failed is tried again as it was: it may have been stored."""
        with self._lock:
            if not self._prepared:
                self._prepared = self._link(self.rules.batch)
            return self._prepared

    def _link(self, most: int) -> tuple[ChainRow, ...]:
        """The first of the queue as rows after the head."""
        head = self._head = self._head or start_chain()
        rows = []
        for ticket in islice(self._queue, most):
            ticket.prepared = True
            row = add_row(head, ticket.event.recorded, ticket.body)
            rows.append(row)
            head = row.head
        return tuple(rows)

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
        if self._anchored == 0 or time.monotonic() - self._anchored_at >= self.rules.anchor_every:
            self._anchor()

    def _anchor(self, *, closed: bool = False) -> None:
        """Say how far the chain has come, in the log first: the database may be the one that is not to be trusted."""
        head = self._head
        if head is None or head.seq == 0 or (head.seq == self._anchored and not closed):
            return
        log_anchor(head, closed=closed)
        self._anchored, self._anchored_at = head.seq, time.monotonic()
        with suppress(SQLAlchemyError), self._engine.begin() as connection:
            insert_anchor(connection, head, closed=closed)

    def _end_chain(self) -> None:
        if self._queue:
            rows = self._prepared + self._link_rest()
            spill(self._spill_folder, rows)
            self._head = rows[-1].head
            log_anchor(self._head, closed=True)
            self._queue.clear()
            self._prepared = ()
        else:
            self._anchor(closed=True)
        self._head, self._anchored, self._thread = None, 0, None

    def _link_rest(self) -> tuple[ChainRow, ...]:
        """Everything behind the batch that is prepared."""
        for _ in self._prepared:
            self._queue.popleft()
        if self._prepared:
            self._head = self._prepared[-1].head
        return self._link(len(self._queue)) if self._queue else ()


_WRITERS: WeakSet[AuditWriter] = WeakSet()


@atexit.register
def _close_all() -> None:
    for writer in list(_WRITERS):
        writer.close()


def _begin_anew() -> None:
    for writer in list(_WRITERS):
        writer._begin()


os.register_at_fork(after_in_child=_begin_anew)
