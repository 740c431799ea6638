"""Whatever happens to the database, an event is stored, or its answer does not go out."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from audit_samples import bodies, make_event, verify, wait_until
from conftest import RULES
from postgresql_server import PostgresqlServer
from sqlalchemy import Engine, create_engine, event, select, text
from sqlalchemy.pool import NullPool

from cds_hooks.errors import StorageError, WithdrawnError
from cds_hooks.records.audit_event import AuditEvent
from cds_hooks.records.audit_rows import read_rows
from cds_hooks.records.audit_writer import AuditWriter
from cds_hooks.records.chain import ChainRow
from cds_hooks.records.database import make_engine
from cds_hooks.records.feedback import Feedback
from cds_hooks.records.revision import upgrade
from cds_hooks.records.shown_cards import ShownCard
from cds_hooks.records.store import Store, open_store
from cds_hooks.records.tables import AUDIT_EVENT, CARD, CHAIN_ANCHOR, FEEDBACK
from cds_hooks.records.writer_rules import WriterRules

OpenStore = Callable[..., Store]
SHOWN = ShownCard("local", "u-1", "pgx-order-sign", "s", "b", "MedicationRequest/1", ("clopidogrel/cpic/x",), "info")
SYNC = replace(RULES, synchronous=True)


def requests_of(store: Store) -> list[str]:
    """Request ids of all rows, in their order."""
    return [orjson.loads(body)["requestId"] for body in bodies(store)]


def outcomes_of(store: Store) -> list[tuple[str, str]]:
    """(request id, outcome) of all rows, in their order."""
    said = [orjson.loads(body) for body in bodies(store)]
    return [(each["requestId"], each["outcome"]) for each in said]


def rows_of(store: Store) -> list[ChainRow]:
    """All rows."""
    with store.engine.connect() as connection:
        return list(read_rows(connection))


class Outage:
    """Makes every insertion into the audit fail while it lasts."""

    def __init__(self, engine: Engine) -> None:
        self.lasts = True
        event.listen(engine, "before_cursor_execute", self._fail)

    def _fail(self, _conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if self.lasts and statement.startswith("INSERT INTO audit_event"):
            raise sqlite3.OperationalError("the database is gone")


def test_events_become_one_chain_in_their_order(store: Store) -> None:
    """seq counts from 1, each row rests on the one before it."""
    for number in range(1200):
        store.record(make_event(f"r-{number}"))
    store.close()
    assert requests_of(store) == [f"r-{number}" for number in range(1200)]
    with store.engine.connect() as connection:
        rows = connection.execute(select(AUDIT_EVENT).order_by(AUDIT_EVENT.c.seq)).all()
    assert [row.seq for row in rows] == list(range(1, 1201))
    assert len({row.chain for row in rows}) == 1
    verdict = verify(store)
    assert (verdict.rows, verdict.chains, verdict.faults) == (1200, 1, ())


def test_an_event_is_stored_when_nobody_waits_for_it(store: Store) -> None:
    """By itself, without another call that would push it."""
    store.record(make_event())
    wait_until(lambda: len(bodies(store)) == 1)


def test_an_event_is_stored_before_the_answer_when_told_so(open_ready: OpenStore) -> None:
    """PGX_CDS_AUDIT=sync."""
    store = open_ready(SYNC)
    store.record(make_event())
    assert len(bodies(store)) == 1


def test_many_threads_share_one_chain(open_ready: OpenStore) -> None:
    """As the threads of one worker do."""
    store = open_ready(SYNC)

    def record(name: str) -> None:
        for number in range(20):
            store.record(make_event(f"{name}-{number}"))

    threads = [threading.Thread(target=record, args=(str(each),)) for each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(requests_of(store)) == sorted(f"{name}-{number}" for name in range(8) for number in range(20))
    assert verify(store).faults == ()


def test_nothing_is_lost_when_the_database_fails_for_a_while(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """Answers go on; what was queued is stored once the database is back, in its order."""
    outage = Outage(store.engine)
    for number in range(30):
        store.record(make_event(f"r-{number}"))
    wait_until(lambda: store.audit.state().error == "OperationalError")
    assert store.audit.state().queued == 30
    outage.lasts = False
    wait_until(lambda: store.audit.state().queued == 0)
    assert store.audit.state().error is None
    assert requests_of(store) == [f"r-{number}" for number in range(30)]
    assert verify(store).faults == ()


def test_a_caller_who_has_to_wait_is_refused_when_the_database_fails(open_ready: OpenStore) -> None:
    """And the audit says afterwards that the answer did not go out, and names no card."""
    store = open_ready(SYNC)
    outage = Outage(store.engine)
    for request in ("r-1", "r-2"):
        with pytest.raises(StorageError) as caught:
            store.record(make_event(request))
        assert str(caught.value) == "body: the call could not be recorded and is therefore not answered"
    outage.lasts = False
    wait_until(lambda: store.audit.state().queued == 0)
    assert outcomes_of(store) == [("r-1", "answered"), ("r-1", "withdrawn"), ("r-2", "withdrawn")]
    assert ["cards" in body for body in bodies(store)] == [True, False, False]
    first, second, third = rows_of(store)
    withdrawn = {"chain": first.chain, "seq": 1}
    assert [orjson.loads(row.body).get("withdraws") for row in (first, second, third)] == [None, withdrawn, None]


def test_a_full_queue_waits_for_the_database(open_ready: OpenStore) -> None:
    """It falls back to waiting: what comes then is stored before its answer."""
    store = open_ready(replace(RULES, limit=5, patience=5))
    outage = Outage(store.engine)
    for number in range(5):
        store.record(make_event(f"r-{number}"))
    late = threading.Thread(target=store.record, args=(make_event("late"),))
    late.start()
    assert store.audit.state().queued == 5
    outage.lasts = False
    late.join()
    assert requests_of(store) == [*(f"r-{number}" for number in range(5)), "late"]


def test_a_full_queue_refuses_when_the_database_does_not_come_back(
    open_ready: OpenStore, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing that was queued is dropped for it; the refused calls' rows say so, beyond the reserve the log does."""
    store = open_ready(replace(RULES, limit=5, reserve=2, patience=0.1))
    outage = Outage(store.engine)
    for number in range(5):
        store.record(make_event(f"r-{number}"))
    for number in range(3):
        with pytest.raises(WithdrawnError):
            store.record(make_event(f"refused-{number}"), (SHOWN,))
    outage.lasts = False
    store.close()
    answered = [(f"r-{number}", "answered") for number in range(5)]
    assert outcomes_of(store) == [*answered, ("refused-0", "withdrawn"), ("refused-1", "withdrawn")]
    assert ["cards" in body for body in bodies(store)] == [True] * 5 + [False] * 2
    assert cards_of(store) == []
    assert caplog.messages.count("refused call not audited") == 1


def test_one_long_list_of_feedback_fills_neither_the_queue_nor_the_reserve(open_ready: OpenStore) -> None:
    """One that has no room is refused as one call: its row says how many items it had; the next call has its own."""
    store = open_ready(replace(RULES, limit=10, reserve=2, patience=0.1))
    outage = Outage(store.engine)
    for number in range(8):
        store.record(make_event(f"r-{number}"))
    with pytest.raises(WithdrawnError):
        store.add_feedback("local", "long", "pgx-order-sign", make_items(5))
    assert store.audit.state().queued == 9
    store.record(make_event("answered"))
    with pytest.raises(WithdrawnError):
        store.record(make_event("refused"))
    outage.lasts = False
    store.close()
    assert told_of(store, "long") == [
        {"kind": "feedback", "outcome": "withdrawn", "status": 503, "service": "pgx-order-sign", "items": 5}
    ]
    assert outcomes_of(store)[-2:] == [("answered", "answered"), ("refused", "withdrawn")]


def test_feedback_that_waited_in_vain_without_a_row_leaves_one(open_ready: OpenStore) -> None:
    """Whose rows are fixed has each of them withdrawn: a call that was under way in part says both."""
    store = open_ready(replace(RULES, batch=3, patience=0.1))
    outage = Outage(store.engine)
    with pytest.raises(WithdrawnError):
        store.add_feedback("local", "in part", "pgx-order-sign", make_items(7))
    with pytest.raises(WithdrawnError):
        store.add_feedback("local", "behind", "pgx-order-sign", make_items(7))
    outage.lasts = False
    wait_until(lambda: store.audit.state().queued == 0)
    assert [(each.get("card"), each["outcome"], each.get("items")) for each in told_of(store, "in part")] == [
        *((f"card-{number}", "overridden", None) for number in range(3)),
        (None, "withdrawn", 4),
        *((f"card-{number}", "withdrawn", None) for number in range(3)),
    ]
    assert [(each.get("card"), each["outcome"], each.get("items")) for each in told_of(store, "behind")] == [
        (None, "withdrawn", 7)
    ]
    with store.engine.connect() as connection:
        assert connection.execute(select(FEEDBACK.c.card)).all() == []
    assert verify(store).faults == ()


def test_a_list_longer_than_the_queue_is_stored_once_that_is_empty(open_ready: OpenStore) -> None:
    """It is not refused for ever."""
    store = open_ready(replace(RULES, limit=3, patience=5))
    store.record(make_event())
    store.add_feedback("local", "long", "pgx-order-sign", make_items(5))
    assert [each["outcome"] for each in told_of(store, "long")] == ["overridden"] * 5


def make_items(count: int) -> list[Feedback]:
    """Items of feedback, each on a card of its own."""
    return [Feedback(f"card-{number}", "overridden", "2026-02-01T10:30:00Z") for number in range(count)]


def told_of(store: Store, request: str) -> list[dict[str, Any]]:
    """What the rows of one request say, without what all of them say."""
    said = [orjson.loads(body) for body in bodies(store)]
    common = ("time", "host", "tenant", "requestId")
    return [
        {key: value for key, value in each.items() if key not in common}
        for each in said
        if each["requestId"] == request
    ]


def test_a_batch_is_not_stored_twice_when_its_confirmation_was_lost(store: Store) -> None:
    """The connection broke after the commit: the rows are found to be there."""
    lost = iter([True])

    def lose(_connection: Any) -> None:
        if next(lost, False):
            raise sqlite3.OperationalError("the connection broke")

    real = store.engine.begin

    class AfterCommit:
        def __enter__(self) -> Any:
            self.context = real()
            return self.context.__enter__()

        def __exit__(self, *raised: Any) -> None:
            self.context.__exit__(*raised)
            lose(None)

    store.audit._engine = type("Broken", (), {"begin": lambda self: AfterCommit(), "connect": store.engine.connect})()  # type: ignore[assignment]
    for number in range(3):
        store.record(make_event(f"r-{number}"))
    wait_until(lambda: store.audit.state().queued == 0)
    assert requests_of(store) == ["r-0", "r-1", "r-2"]
    assert verify(store).faults == ()


def test_what_is_left_at_the_end_goes_to_a_file_and_is_taken_in_at_the_next_start(
    open_ready: OpenStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is for this user alone, and its rows stay links of their chain."""
    store = open_ready()
    store.record(make_event("before"))
    wait_until(lambda: store.audit.state().queued == 0)
    outage = Outage(store.engine)
    for number in range(3):
        store.record(make_event(f"r-{number}"))
    store.close()
    outage.lasts = False
    (file,) = (tmp_path / "spill").iterdir()
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert requests_of(store) == ["before"]

    again = open_ready()
    assert requests_of(again) == ["before", "r-0", "r-1", "r-2"]
    verdict = verify(again)
    assert (verdict.rows, verdict.chains, verdict.faults) == (4, 1, ())
    assert list((tmp_path / "spill").iterdir()) == []


def test_rows_that_were_stored_all_the_same_are_not_taken_in_twice(open_ready: OpenStore, tmp_path: Path) -> None:
    """A file that is taken in again changes nothing."""
    store = open_ready()
    outage = Outage(store.engine)
    store.record(make_event())
    store.close()
    outage.lasts = False
    (file,) = (tmp_path / "spill").iterdir()
    kept = file.read_bytes()
    open_ready()
    file.write_bytes(kept)
    assert requests_of(open_ready()) == ["r-1"]


def test_a_file_that_was_changed_is_found(open_ready: OpenStore, tmp_path: Path) -> None:
    """It is taken in as it is, and verify says what is wrong."""
    store = open_ready()
    outage = Outage(store.engine)
    store.record(make_event())
    store.close()
    outage.lasts = False
    (file,) = (tmp_path / "spill").iterdir()
    file.write_bytes(file.read_bytes().replace(b"demo-1", b"demo-2"))
    said = [fault.what for fault in verify(open_ready()).faults]
    assert said == ["its hash does not follow from what it holds: it was changed"]


def test_a_file_that_cannot_be_read_stays(open_ready: OpenStore, tmp_path: Path) -> None:
    """The start goes on, and the log says which file."""
    (tmp_path / "spill").mkdir()
    file = tmp_path / "spill" / "audit-x.spill.ndjson"
    file.write_text("{")
    assert bodies(open_ready()) == []
    assert file.exists()


def cards_of(store: Store) -> list[str]:
    """Uuids of the remembered cards."""
    with store.engine.connect() as connection:
        return list(connection.execute(select(CARD.c.uuid).order_by(CARD.c.uuid)).scalars())


def test_cards_are_remembered_with_their_event(store: Store) -> None:
    """Each once, however often it is shown."""
    store.record(make_event("r-1"), (SHOWN, replace(SHOWN, uuid="u-2")))
    store.record(make_event("r-2"), (SHOWN,))
    store.close()
    assert cards_of(store) == ["u-1", "u-2"]
    assert requests_of(store) == ["r-1", "r-2"]


def test_a_card_that_the_database_will_not_take_stops_nothing(store: Store) -> None:
    """The audit names it all the same."""
    store.record(make_event("r-1"), (replace(SHOWN, indicator=None),))  # type: ignore[arg-type]
    wait_until(lambda: store.audit.state().queued == 0)
    store.record(make_event("r-2"), (SHOWN,))
    store.close()
    assert requests_of(store) == ["r-1", "r-2"]
    assert cards_of(store) == ["u-1"]


def test_a_card_that_was_not_sent_is_not_remembered(open_ready: OpenStore) -> None:
    """Its answer waited in vain and was withdrawn before anybody tried to store it."""
    store = open_ready(SYNC)
    outage = Outage(store.engine)
    with pytest.raises(StorageError):
        store.record(make_event("r-1"))
    with pytest.raises(StorageError):
        store.record(make_event("r-2"), (SHOWN,))
    outage.lasts = False
    wait_until(lambda: store.audit.state().queued == 0)
    assert cards_of(store) == []


def test_a_forked_worker_begins_its_own_chain(store: Store) -> None:
    """And what waited in the parent is the parent's to write."""
    store.record(make_event("parent"))
    store.close()
    child = os.fork()
    if child == 0:
        try:
            store.engine.dispose(close=False)
            store.record(make_event("child"))
            store.audit.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert requests_of(store) == ["parent", "child"]
    verdict = verify(store)
    assert (verdict.chains, verdict.faults) == (2, ())


def test_anchors_go_to_the_database_from_time_to_time(open_ready: OpenStore, engine: Engine) -> None:
    """After the first batch, from time to time, and at the end, which is said."""
    store = open_ready(replace(RULES, anchor_every=0.05))
    store.record(make_event())
    wait_until(lambda: store.audit.state().queued == 0)
    store.record(make_event())
    with engine.connect() as connection:
        query = select(CHAIN_ANCHOR.c.seq, CHAIN_ANCHOR.c.closed).order_by(CHAIN_ANCHOR.c.id)
        wait_until(lambda: len(connection.execute(query).all()) == 2)
        connection.rollback()
        store.close()
        anchors = [tuple(row) for row in connection.execute(query)]
    assert anchors == [(1, False), (2, False), (2, True)]


def test_what_waited_for_the_database_is_anchored_by_its_own_times(open_ready: OpenStore, engine: Engine) -> None:
    """Rows of an outage lie apart although they are stored together: a killed worker leaves no hour unanchored."""
    store = open_ready(replace(RULES, batch=2, anchor_every=60))
    outage = Outage(store.engine)
    for minute in (0, 0, 1, 2, 2, 2, 3):
        store.record(AuditEvent(f"2026-02-01T10:0{minute}:30.000Z", make_event().members))
    outage.lasts = False
    wait_until(lambda: store.audit.state().queued == 0)
    store.record(make_event())
    store.close()
    with engine.connect() as connection:
        query = select(CHAIN_ANCHOR.c.seq, CHAIN_ANCHOR.c.closed).order_by(CHAIN_ANCHOR.c.id)
        anchors = [tuple(row) for row in connection.execute(query)]
    assert anchors[-1] == (8, True)
    assert {4, 7, 8} <= {seq for seq, _ in anchors}


def test_a_locked_database_keeps_nothing_from_being_stored(store: Store, engine: Engine, url: str) -> None:
    """A backup or another writer holds the lock for a while."""
    with engine.connect() as connection:
        lock = "BEGIN IMMEDIATE" if url.startswith("sqlite") else "LOCK TABLE audit_event IN EXCLUSIVE MODE"
        connection.exec_driver_sql(lock)
        store.record(make_event("first"))
        with pytest.raises(StorageError):
            store.audit.record(make_event("second"), wait=True)
        connection.rollback()
    wait_until(lambda: store.audit.state().queued == 0)
    assert outcomes_of(store)[0] == ("first", "answered")
    assert outcomes_of(store)[-1] == ("second", "withdrawn")
    assert verify(store).faults == ()


def test_a_full_disk_refuses_and_loses_nothing(tmp_path: Path) -> None:
    """SQLite may not grow (as on a full disk); with room again, everything that was taken in is stored."""
    store = open_store(f"sqlite:///{tmp_path / 'records.sqlite3'}", replace(RULES, limit=50))
    pages = []

    def limit(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count={pages[-1]}")
        cursor.close()

    with store.engine.connect() as connection:
        pages.append(connection.execute(text("PRAGMA page_count")).scalar_one() + 2)
    event.listen(store.engine, "connect", limit)
    store.engine.dispose()
    taken = _record_until_refused(store)
    assert store.audit.state().error == "OperationalError"
    assert not _can_store_feedback(store)
    pages.append(1_000_000)
    store.engine.dispose()
    wait_until(lambda: store.audit.state().queued == 0)
    store.close()
    assert requests_of(store)[:taken] == [f"r-{number}" for number in range(taken)]
    assert verify(store).faults == ()


def _record_until_refused(store: Store) -> int:
    for number in range(1000):
        try:
            store.record(make_event(f"r-{number}"))
        except StorageError:
            return number
    return -1


def _can_store_feedback(store: Store) -> bool:
    items = [Feedback(f"card-{number}" * 20, "overridden", "2026-02-01T10:30:00Z") for number in range(200)]
    try:
        store.add_feedback("local", "r-1", "pgx-order-sign", items)
    except StorageError:
        return False
    return True


def test_a_file_that_is_gone_and_back_loses_nothing(tmp_path: Path) -> None:
    """A volume that is unmounted for a while."""
    folder = tmp_path / "volume"
    folder.mkdir()
    store = open_store(f"sqlite:///{folder / 'records.sqlite3'}", RULES)
    store.record(make_event("before"))
    wait_until(lambda: store.audit.state().queued == 0)
    store.engine.dispose()
    folder.rename(tmp_path / "away")
    store.record(make_event("meanwhile"))
    wait_until(lambda: store.audit.state().error is not None)
    assert not store.is_reachable()
    (tmp_path / "away").rename(folder)
    wait_until(lambda: store.audit.state().queued == 0)
    assert requests_of(store) == ["before", "meanwhile"]
    store.close()
    assert verify(store).faults == ()


@pytest.mark.postgresql
def test_a_server_that_is_gone_and_back_loses_nothing(postgresql: PostgresqlServer) -> None:
    """PostgreSQL is restarted while the service runs: answers wait, are refused, and go on."""
    url = postgresql.make_database()
    upgrade(create_engine(url, poolclass=NullPool))
    store = open_store(url, replace(RULES, limit=20))
    store.record(make_event("before"))
    wait_until(lambda: store.audit.state().queued == 0)
    postgresql.stop()
    try:
        for number in range(20):
            store.record(make_event(f"r-{number}"))
        with pytest.raises(StorageError):
            store.record(make_event("refused"))
    finally:
        postgresql.start()
    store.record(make_event("after"))
    wait_until(lambda: store.audit.state().queued == 0)
    assert requests_of(store) == ["before", *(f"r-{number}" for number in range(20)), "refused", "after"]
    assert verify(store).faults == ()
    store.close()


def test_a_store_in_memory_says_so_when_rows_are_lost(capsys: pytest.CaptureFixture[str]) -> None:
    """There is no file to keep them in: the log tells how many, and where the chain ended."""
    engine = make_engine("sqlite://")  # without tables: nothing can be stored
    writer = AuditWriter(engine, WriterRules(closing=0.1, pauses=(0.02,)))
    writer.record(make_event())
    writer.close()
    assert writer.state().queued == 0
