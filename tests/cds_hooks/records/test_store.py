"""What EHRs report about cards is kept; what a clinician wrote is kept and never logged."""

from __future__ import annotations

import sqlite3
import threading
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from audit_samples import bodies, make_event, wait_until
from conftest import RULES
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, insert, select

from app import create_app
from cds_hooks.content import Content
from cds_hooks.errors import StorageError
from cds_hooks.records.feedback import Feedback, OverrideReason
from cds_hooks.records.store import Store, open_store
from cds_hooks.records.tables import CARD, FEEDBACK, FEEDBACK_REASON, FEEDBACK_SUGGESTION
from cds_hooks.settings import Settings

OpenStore = Callable[..., Store]
URL = "/cds-services/pgx-order-select/feedback"
ITEM = Feedback(
    "c-1",
    "overridden",
    "2026-02-01T10:30:00Z",
    ("s-1", "s-2"),
    (OverrideReason("patient-refuses", "http://example.org/reasons", "Patient refuses", "prefers the old one"),),
)


def stored(store: Store) -> list[tuple[object, ...]]:
    """Service, card, outcome and time of every item, in the order of arrival."""
    with store.engine.connect() as connection:
        columns = (FEEDBACK.c.service, FEEDBACK.c.card, FEEDBACK.c.outcome, FEEDBACK.c.outcome_timestamp)
        return [tuple(row) for row in connection.execute(select(*columns).order_by(FEEDBACK.c.id))]


def test_feedback_is_stored_whole(store: Store) -> None:
    """Suggestions and reasons belong to their item."""
    store.add_feedback("local", "r-1", "pgx-order-select", [ITEM])
    assert stored(store) == [("pgx-order-select", "c-1", "overridden", "2026-02-01T10:30:00Z")]
    reason = FEEDBACK_REASON.c
    with store.engine.connect() as connection:
        suggestions = connection.execute(select(FEEDBACK_SUGGESTION.c.feedback, FEEDBACK_SUGGESTION.c.suggestion))
        assert [tuple(row) for row in suggestions] == [(1, "s-1"), (1, "s-2")]
        reasons = connection.execute(
            select(reason.feedback, reason.code, reason.system, reason.display, reason.comment)
        )
        assert [tuple(row) for row in reasons] == [
            (1, "patient-refuses", "http://example.org/reasons", "Patient refuses", "prefers the old one")
        ]


def test_every_report_is_kept_when_a_card_is_reported_twice(store: Store) -> None:
    """What was decided first and what was decided later are two facts."""
    again = Feedback("c-1", "accepted", "2026-02-01T10:31:00Z", ("s-1",))
    store.add_feedback("local", "r-1", "pgx-order-sign", [ITEM, again])
    store.add_feedback("local", "r-1", "pgx-order-sign", [ITEM])
    assert [row[2] for row in stored(store)] == ["overridden", "accepted", "overridden"]


def test_a_long_list_costs_no_more_statements_than_a_short_one(store: Store) -> None:
    """Each takes its time on the way to a database: some an item, and a long list would be refused for ever.

    Only SQLite, to which there is no way, numbers items one by one.
    """
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "feedback" in statement or "SAVEPOINT" in statement:
            seen.append(statement.partition("(")[0].partition("sa_")[0].strip())

    event.listen(store.engine, "before_cursor_execute", note)
    store.add_feedback("local", "r-1", "pgx-order-select", [ITEM])
    short, seen[:] = list(seen), []
    long_list = [replace(ITEM, card=f"d-{number}", suggestions=("s",) * 5) for number in range(100)]
    store.add_feedback("local", "r-2", "pgx-order-select", long_list)
    parts = ["INSERT INTO feedback_suggestion", "INSERT INTO feedback_reason", "RELEASE SAVEPOINT"]
    assert short == ["SAVEPOINT", "INSERT INTO feedback", *parts]
    items = 100 if store.engine.dialect.name == "sqlite" else 1
    assert seen == ["SAVEPOINT", *["INSERT INTO feedback"] * items, *parts]
    assert [row[1] for row in stored(store)] == ["c-1", *(f"d-{number}" for number in range(100))]
    with store.engine.connect() as connection:
        whose = select(FEEDBACK.c.card, FEEDBACK_SUGGESTION.c.suggestion).join_from(FEEDBACK, FEEDBACK_SUGGESTION)
        found = [tuple(row) for row in connection.execute(whose.where(FEEDBACK.c.card != "c-1"))]
    assert sorted(found) == sorted((f"d-{number}", "s") for number in range(100) for _ in range(5))


def test_a_long_list_may_wait_longer(open_ready: OpenStore, engine: Engine, url: str) -> None:
    """The database is away for longer than one item would be waited for."""
    store = open_ready(replace(RULES, patience=0.1, patience_for_item=0.5))
    sent = threading.Thread(target=store.add_feedback, args=("local", "r-1", "pgx-order-select", [ITEM] * 20))
    with engine.connect() as connection:
        lock = "BEGIN IMMEDIATE" if url.startswith("sqlite") else "LOCK TABLE audit_event IN EXCLUSIVE MODE"
        connection.exec_driver_sql(lock)
        with pytest.raises(StorageError):
            store.audit.record(make_event(), wait=True)
        sent.start()
        sent.join(0.2)
        connection.rollback()
    sent.join()
    assert len(stored(store)) == 20


def test_feedback_survives_a_restart(open_ready: OpenStore) -> None:
    """The tables are made once and found again."""
    open_ready().add_feedback("local", "r-1", "pgx-order-select", [ITEM])
    assert [row[1] for row in stored(open_ready())] == ["c-1"]


def test_nothing_is_stored_when_one_item_cannot_be(store: Store) -> None:
    """All or none: what was is taken back, the audit says so, and the EHR sends the whole call again."""
    broken = Feedback("c-2", None, "2026-02-01T10:30:00Z")  # type: ignore[arg-type]
    with pytest.raises(StorageError) as caught:
        store.add_feedback("local", "r-1", "pgx-order-select", [ITEM, broken])
    assert str(caught.value) == "body: the feedback could not be stored"
    wait_until(lambda: store.audit.state().queued == 0)
    assert (stored(store), parts_of(store)) == ([], 0)
    assert audited(store) == [("c-1", "overridden"), ("c-2", None), ("c-1", "withdrawn"), ("c-2", "withdrawn")]
    store.add_feedback("local", "r-2", "pgx-order-select", [ITEM])
    assert [row[1] for row in stored(store)] == ["c-1"]


@pytest.mark.parametrize("under_way", [True, False], ids=["under way", "queued"])
def test_feedback_is_in_force_where_the_audit_says_so(store: Store, engine: Engine, url: str, under_way: bool) -> None:
    """While the database is locked the EHR is refused: nothing of it is stored later, and a retry is stored once."""
    wanted = [("c-1", "overridden"), ("c-1", "withdrawn"), ("c-1", "overridden")]
    with engine.connect() as connection:
        lock = "BEGIN IMMEDIATE" if url.startswith("sqlite") else "LOCK TABLE audit_event IN EXCLUSIVE MODE"
        connection.exec_driver_sql(lock)
        if not under_way:
            store.record(make_event())
            wait_until(lambda: store.audit._prepared is not None)
            del wanted[0]
        with pytest.raises(StorageError):
            store.add_feedback("local", "r-1", "pgx-order-select", [ITEM])
        connection.rollback()
    wait_until(lambda: store.audit.state().queued == 0)
    assert (stored(store), parts_of(store)) == ([], 0)
    store.add_feedback("local", "r-1", "pgx-order-select", [ITEM])
    assert [row[1] for row in stored(store)] == ["c-1"]
    assert [each for each in audited(store) if each[0]] == wanted


def test_feedback_that_was_stored_too_late_is_taken_back(store: Store) -> None:
    """Its caller was refused while the transaction was under way."""
    hold, entered = threading.Event(), threading.Event()

    def wait(connection: object) -> None:
        entered.set()
        hold.wait(10)

    event.listen(store.engine, "commit", wait)
    with pytest.raises(StorageError):
        store.add_feedback("local", "r-1", "pgx-order-select", [ITEM])
    assert entered.is_set()
    hold.set()
    wait_until(lambda: store.audit.state().queued == 0)
    assert (stored(store), parts_of(store)) == ([], 0)
    assert audited(store) == [("c-1", "overridden"), ("c-1", "withdrawn")]


def test_feedback_whose_card_cannot_be_looked_up_is_not_stored(store: Store) -> None:
    """Its row of the audit could not be whole."""
    with store.engine.begin() as connection:
        CARD.drop(connection)
    with pytest.raises(StorageError) as caught:
        store.add_feedback("local", "r-1", "pgx-order-select", [ITEM])
    assert str(caught.value) == "body: the cards could not be read"
    assert (stored(store), audited(store)) == ([], [])


def test_feedback_that_nobody_stored_before_the_end_is_spilled_as_withdrawn(
    open_ready: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file holds rows of the audit and no feedback: what it says of it must be that it was not taken."""
    store = open_ready(replace(RULES, patience=5, closing=0.1))
    with monkeypatch.context() as patched:
        patched.setattr("cds_hooks.records.audit_batch.insert_rows", _fail)
        failed = []

        def send() -> None:
            try:
                store.add_feedback("local", "r-1", "pgx-order-select", [ITEM])
            except StorageError as error:
                failed.append(error)

        sender = threading.Thread(target=send)
        sender.start()
        wait_until(lambda: store.audit.state().error is not None)
        store.close()
        sender.join()
        assert len(failed) == 1
    again = open_ready()
    assert audited(again) == [("c-1", "overridden"), ("c-1", "withdrawn")]
    assert stored(again) == []


@pytest.mark.parametrize("settled", [True, False], ids=["known to be stored", "commit without an answer"])
def test_feedback_that_was_stored_too_late_is_taken_back_by_the_next_start_where_the_database_fails(
    open_ready: OpenStore, settled: bool
) -> None:
    """Its caller was refused, the database fails, the process ends: the file says which items do not hold.

    The same item that was sent again, and taken, stays.
    """
    store = open_ready(replace(RULES, closing=0.2))
    store.add_feedback("local", "r-0", "pgx-order-select", [ITEM])
    hold, failing, sent = threading.Event(), threading.Event(), threading.Event()

    def fail_later(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO feedback"):
            sent.set()
        if failing.is_set() and statement.startswith("INSERT INTO audit_event"):
            _fail()

    event.listen(store.engine, "before_cursor_execute", fail_later)
    real = store.engine.begin

    class SlowCommit:
        def __enter__(self) -> object:
            self.context = real()
            return self.context.__enter__()

        def __exit__(self, *raised: object) -> None:
            self.context.__exit__(*raised)
            if sent.is_set() and not failing.is_set():
                failing.set()
                hold.wait(10)
                if not settled:
                    _fail()

    broken = type("Broken", (), {"begin": lambda self: SlowCommit(), "connect": store.engine.connect})()
    store.audit._engine = broken
    with pytest.raises(StorageError):
        store.add_feedback("local", "r-1", "pgx-order-select", [ITEM, replace(ITEM, card="c-2")])
    hold.set()
    wait_until(lambda: store.audit.state().error is not None)
    store.close()
    failing.clear()
    assert [row[1] for row in stored(store)] == ["c-1", "c-1", "c-2"]
    again = open_ready()
    assert [row[1] for row in stored(again)] == ["c-1"]
    assert parts_of(again) == 3
    assert audited(again)[1:] == [
        ("c-1", "overridden"),
        ("c-2", "overridden"),
        ("c-1", "withdrawn"),
        ("c-2", "withdrawn"),
    ]


def _fail(*_: object) -> None:
    raise sqlite3.OperationalError("the database is gone")


def audited(store: Store) -> list[tuple[str | None, str | None]]:
    """(card, outcome) of all rows of the audit."""
    said = [orjson.loads(body) for body in bodies(store)]
    return [(each.get("card"), each.get("outcome")) for each in said]


def parts_of(store: Store) -> int:
    """Suggestions and reasons that are stored."""
    with store.engine.connect() as connection:
        tables = (FEEDBACK_SUGGESTION, FEEDBACK_REASON)
        return sum(len(connection.execute(select(table.c.id)).all()) for table in tables)


def test_the_error_does_not_repeat_the_comment_when_storing_fails(store: Store) -> None:
    """Drivers quote what they could not store."""
    with store.engine.begin() as connection:
        FEEDBACK_REASON.drop(connection)
    with pytest.raises(StorageError) as caught:
        store.add_feedback("local", "r-1", "pgx-order-select", [ITEM])
    assert "prefers the old one" not in "".join(traceback.format_exception(caught.value))
    wait_until(lambda: store.audit.state().queued == 0)
    assert audited(store) == [("c-1", "overridden"), ("c-1", "withdrawn")]


def test_feedback_over_http_is_stored(content: Content) -> None:
    """200 without a body."""
    app = create_app(Settings(database="sqlite://"), content)
    sent = {"card": "c-9", "outcome": "overridden", "outcomeTimestamp": "2026-02-01T10:30:00Z"}
    answer = app.test_client().post(URL, json={"feedback": [sent]})
    assert (answer.status_code, answer.data) == (200, b"")
    assert stored(app.extensions["pgx-cds"].store) == [
        ("pgx-order-select", "c-9", "overridden", "2026-02-01T10:30:00Z")
    ]


def test_wrong_feedback_over_http_is_refused(client: FlaskClient) -> None:
    """400, by the place."""
    answer = client.post(URL, json={"feedback": [{"card": "c-9"}]})
    assert answer.status_code == 400
    assert [issue["diagnostics"] for issue in answer.json["issue"]] == [
        "/feedback/0/outcome: is missing.",
        "/feedback/0/outcomeTimestamp: is missing.",
    ]


def test_a_comment_is_never_logged(content: Content, capsys: pytest.CaptureFixture[str]) -> None:
    """Not when it is stored, and not when it cannot be."""
    app = create_app(Settings(database="sqlite://"), content)
    sent = {
        "card": "c-9",
        "outcome": "overridden",
        "outcomeTimestamp": "2026-02-01T10:30:00Z",
        "overrideReason": {"userComment": "Mrs Example prefers the old one"},
    }
    assert app.test_client().post(URL, json={"feedback": [sent]}).status_code == 200
    with app.extensions["pgx-cds"].store.engine.begin() as connection:
        FEEDBACK_REASON.drop(connection)
    failed = app.test_client().post(URL, json={"feedback": [sent]})
    assert (failed.status_code, failed.json["issue"][0]["code"]) == (503, "transient")
    assert "Example" not in capsys.readouterr().err


def test_health_fails_when_the_store_does_not_answer(content: Content, tmp_path: Path) -> None:
    """A monitor learns of it before a clinician's reason is lost."""
    folder = tmp_path / "records"
    folder.mkdir()
    app = create_app(Settings(database=f"sqlite:///{folder / 'records.sqlite3'}"), content)
    app.extensions["pgx-cds"].store.engine.dispose()
    (folder / "records.sqlite3").unlink()
    folder.rmdir()
    answer = app.test_client().get("/health")
    assert (answer.status_code, answer.json["status"], answer.json["database"]) == (503, "failing", "unreachable")


def test_several_workers_may_write_to_one_database(open_ready: OpenStore) -> None:
    """Each opens it for itself."""
    first, second = open_ready(), open_ready()
    first.add_feedback("local", "r-1", "pgx-order-select", [ITEM])
    second.add_feedback("local", "r-1", "pgx-order-sign", [ITEM])
    with first.engine.begin() as connection:
        connection.execute(insert(FEEDBACK_SUGGESTION).values(feedback=1, suggestion="s-3"))
    assert [row[0] for row in stored(second)] == ["pgx-order-select", "pgx-order-sign"]


def test_a_new_database_may_be_read_by_its_user_alone(tmp_path: Path) -> None:
    """It holds ids of patients and clinicians' comments; one that is there keeps the rights it was given."""
    new, old = tmp_path / "new.sqlite3", tmp_path / "old.sqlite3"
    old.touch(mode=0o640)
    old.chmod(0o640)
    for file in (new, old):
        store = open_store(f"sqlite:///{file}")
        store.add_feedback("local", "r-1", "pgx-order-select", [ITEM])
        kept = {
            path.name.removeprefix(file.name): path.stat().st_mode & 0o777 for path in tmp_path.glob(f"{file.name}*")
        }
        assert set(kept.values()) == {0o600 if file is new else 0o640}
        assert kept.keys() == {"", "-wal", "-shm"}
        store.close()
