"""What is older than a day goes by command; the rest can still be followed, and it is said what went."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest
from audit_samples import make_event, verify
from click.testing import CliRunner
from sqlalchemy import Connection, Engine, delete, func, insert, select, text

from app import main
from cds_hooks.records import retention
from cds_hooks.records.anchor import read_anchors
from cds_hooks.records.audit_check import check_audit
from cds_hooks.records.audit_event import AuditEvent
from cds_hooks.records.audit_rows import insert_anchor, insert_rows, read_rows
from cds_hooks.records.chain import ChainRow, Head, add_row, start_chain
from cds_hooks.records.feedback import Feedback, OverrideReason
from cds_hooks.records.retention import Purged, purge
from cds_hooks.records.store import Store
from cds_hooks.records.tables import AUDIT_EVENT, CARD, FEEDBACK, FEEDBACK_REASON

OpenStore = Callable[..., Store]
FIRST, SECOND = date(2026, 3, 1), date(2026, 6, 1)


def write_chain(engine: Engine, months: range, per_month: int = 3) -> Head:
    """A chain with rows in each of some months of 2026, ended."""
    head, rows = start_chain(), []
    for month in months:
        for day in range(1, per_month + 1):
            event = AuditEvent(f"2026-{month:02}-{day:02}T08:00:00.000Z", make_event().members)
            rows.append(add_row(head, event.recorded, event.to_body()))
            head = rows[-1].head
    with engine.begin() as connection:
        insert_rows(connection, rows)
        insert_anchor(connection, rows[0].head, closed=False)
        insert_anchor(connection, head, closed=True)
    return head


@pytest.fixture
def chains(store: Store, engine: Engine) -> tuple[Head, Head, Head]:
    """One chain that ends before March, one that goes on until June, one that begins in July."""
    return write_chain(engine, range(1, 3)), write_chain(engine, range(1, 7)), write_chain(engine, range(7, 8))


def count(engine: Engine) -> int:
    """Audit rows."""
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(AUDIT_EVENT)).scalar_one()


def test_beginnings_of_chains_go_and_the_rest_is_whole(
    store: Store, engine: Engine, chains: tuple[Head, Head, Head]
) -> None:
    """Verify passes, and says from where."""
    assert purge(engine, FIRST) == Purged(audit_rows=12, cards=0, comments=0)
    verdict = verify(store)
    assert verdict.faults == ()
    assert (verdict.rows, verdict.chains) == (12 + 3 + 1, 3)
    assert verdict.starts == {chains[1].chain: 7}
    assert verdict.purged_before == "2026-03-01T00:00:00.000Z"


def test_a_second_purge_goes_on_from_the_first(store: Store, engine: Engine, chains: tuple[Head, Head, Head]) -> None:
    """What the first one said is still known."""
    purge(engine, FIRST)
    assert purge(engine, SECOND).audit_rows == 9
    assert purge(engine, SECOND).audit_rows == 0
    verdict = verify(store)
    assert (verdict.faults, verdict.starts) == ((), {chains[1].chain: 16})


def test_two_purges_at_once_do_no_harm(
    store: Store, engine: Engine, chains: tuple[Head, Head, Head], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slower one finds a chain gone that it was about to remove."""
    attest = retention._attest

    def attest_late(connection: Connection, start: str, heads: list[Head]) -> None:
        monkeypatch.setattr(retention, "_attest", attest)
        with engine.begin() as other:
            other.execute(delete(AUDIT_EVENT).where(AUDIT_EVENT.c.chain == chains[0].chain))
        attest(connection, start, heads)

    monkeypatch.setattr(retention, "_attest", attest_late)
    assert purge(engine, FIRST) == Purged(audit_rows=6, cards=0, comments=0)
    assert verify(store).faults == ()


def test_what_earlier_purges_said_outlives_them(store: Store, engine: Engine, chains: tuple[Head, Head, Head]) -> None:
    """Their own rows go with time; the last one says again what is still needed."""
    purge(engine, FIRST)
    with engine.begin() as connection:
        # As if the purge had been made in March: its row is old, and its hash fits.
        old = connection.execute(text("SELECT body FROM audit_event WHERE body LIKE '%\"purge\"%'")).scalar_one()
        connection.execute(text("DELETE FROM audit_event WHERE body LIKE '%\"purge\"%'"))
        connection.execute(text("DELETE FROM chain_anchor WHERE seq = 1 AND recorded > '2026-08'"))
        said = orjson.loads(old) | {"time": "2026-03-02T00:00:00.000Z"}
        row = add_row(start_chain(), said["time"], orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode())
        insert_rows(connection, [row])
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_event WHERE recorded LIKE '2026-07%'"))
        connection.execute(text("DELETE FROM chain_anchor WHERE recorded LIKE '2026-07%'"))
    assert verify(store).faults == ()
    purge(engine, date(2026, 4, 1))
    assert verify(store).faults == ()


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("DELETE FROM audit_event WHERE chain = '{chain}' AND seq <= 8", "missing: rows 7 to 8 were removed"),
        ('DELETE FROM audit_event WHERE body LIKE \'%"kind":"purge"%\'', "missing: rows 1 to 6 were removed"),
        ("DELETE FROM audit_event WHERE chain = '{chain}' AND seq = 10", "missing: rows 10 were removed"),
    ],
    ids=["more of the beginning", "what the purge said", "in the middle"],
)
def test_what_was_removed_by_hand_is_still_found(
    store: Store, engine: Engine, chains: tuple[Head, Head, Head], statement: str, found: str
) -> None:
    """Beside what the command removed."""
    purge(engine, FIRST)
    with engine.begin() as connection:
        connection.execute(text(statement.format(chain=chains[1].chain).replace(":", r"\:")))
    assert found in [fault.what for fault in verify(store).faults]


def test_a_beginning_that_was_removed_by_hand_is_found(store: Store, engine: Engine, chains: object) -> None:
    """Without a word of the command there is no purge."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_event WHERE recorded < '2026-03-01'"))
    assert {fault.what for fault in verify(store).faults} == {
        "missing: rows 1 to 6 were removed",
        "missing: the whole chain was removed; an anchor of the database knows 1 rows",
        "missing: the whole chain was removed; an anchor of the database knows 6 rows",
    }


def test_a_purge_that_was_stopped_is_whole_and_goes_on(
    store: Store, engine: Engine, chains: tuple[Head, Head, Head], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It removes step by step; the service writes in between."""
    monkeypatch.setattr(retention, "_STEP", 2)
    real = retention._steps

    def stop_early(engine: Engine, head: Head):  # type: ignore[no-untyped-def]
        yield next(iter(real(engine, head)))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(retention, "_steps", stop_early)
        with pytest.raises(KeyboardInterrupt):
            purge(engine, FIRST)
    assert verify(store).faults == ()
    purge(engine, FIRST)
    assert verify(store).faults == ()
    assert verify(store).starts == {chains[1].chain: 7}


def test_the_log_of_the_time_before_is_no_fault(
    store: Store, engine: Engine, chains: tuple[Head, Head, Head], tmp_path: Path
) -> None:
    """Anchors of rows that were purged are passed over, with the log of years, which has what the command logged."""
    lines = [write_line(head) for head in chains]
    purge(engine, FIRST)
    purge(engine, SECOND)
    lines += [write_line(row.head) for row in purge_rows(engine)]
    with engine.connect() as connection:
        verdict = check_audit(connection, list(read_anchors(lines)))
    assert verdict.faults == ()


def write_line(head: Head) -> str:
    """An anchor's line of the log."""
    return orjson.dumps({"message": "audit anchor", **vars(head), "closed": True}).decode()


def purge_rows(engine: Engine) -> list[ChainRow]:
    """The rows that tell of purges."""
    with engine.connect() as connection:
        return [row for row in read_rows(connection) if '"kind":"purge"' in row.body]


def make_up_purge(engine: Engine, recorded: str, **members: object) -> None:
    """Remove everything, and add a row that says that a purge did."""
    event = AuditEvent(recorded, {"kind": "purge", "host": "db", **members})
    row = add_row(start_chain(), event.recorded, event.to_body())
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_event"))
        connection.execute(text("DELETE FROM chain_anchor"))
        insert_rows(connection, [row])
        insert_anchor(connection, row.head, closed=True)


def test_a_purge_that_the_log_does_not_know_hides_nothing(
    store: Store, engine: Engine, chains: tuple[Head, Head, Head]
) -> None:
    """Who can remove rows can also write that they were purged, but not into the log."""
    lines = [write_line(head) for head in chains]
    make_up_purge(engine, "2026-11-01T00:00:00.000Z", before="2026-11-01T00:00:00.000Z", removed=[])
    with engine.connect() as connection:
        verdict = check_audit(connection, list(read_anchors(lines)))
    made_up = "tells of a purge that the log holds no anchor of: add what the command has logged, or it was made up"
    removed = [f"missing: the whole chain was removed; an anchor of the log knows {head.seq} rows" for head in chains]
    assert sorted(fault.what for fault in verdict.faults) == sorted([made_up, *removed])


@pytest.mark.parametrize(
    ("members", "what"),
    [
        ({"before": "2099-01-01T00:00:00.000Z"}, "says that rows were purged which were not there yet: added by hand"),
        ({"removed": []}, "tells of a purge as the command never does: it was added by hand"),
        ({"before": "2026-03-01", "removed": [{"chain": "c"}]},
         "tells of a purge as the command never does: it was added by hand"),
    ],
    ids=["of days to come", "without a day", "without a hash"],
)  # fmt: skip
def test_a_purge_that_the_command_cannot_have_made_is_found_without_a_log(
    store: Store, engine: Engine, chains: tuple[Head, Head, Head], members: dict[str, object], what: str
) -> None:
    """One that has removed what came after it, or that cannot be read: told as a fault, not by a traceback."""
    make_up_purge(engine, "2026-11-01T00:00:00.000Z", **members)
    assert [fault.what for fault in verify(store).faults] == [what]


def test_the_text_of_feedback_and_remembered_cards_go_with_their_age(store: Store, engine: Engine) -> None:
    """The outcome of a card stays: it names nobody."""
    reason = OverrideReason("patient-refuses", "http://example.org/reasons", "Patient refuses", "prefers the old one")
    store.add_feedback(
        "local", "r-1", "pgx-order-sign", [Feedback("c-1", "overridden", "2026-02-01T10:30:00Z", (), (reason,))]
    )
    store.add_feedback(
        "local", "r-1", "pgx-order-sign", [Feedback("c-2", "overridden", "2026-02-01T10:30:00Z", (), (reason,))]
    )
    with engine.begin() as connection:
        connection.execute(text("UPDATE feedback SET received = '2026-02-01 10:30:00' WHERE card = 'c-1'"))
        for number, month in enumerate((2, 4)):
            shown = datetime(2026, month, 1, tzinfo=UTC)
            connection.execute(
                insert(CARD).values(
                    tenant="local", uuid=f"u-{number}", service="s", scope="x", rows="[]", basis="x", indicator="info",
                    shown=shown,
                )
            )  # fmt: skip
    answer = purge(engine, FIRST)
    assert answer == Purged(audit_rows=0, cards=1, comments=1)
    with engine.connect() as connection:
        kept = connection.execute(
            select(FEEDBACK_REASON.c.code, FEEDBACK_REASON.c.display, FEEDBACK_REASON.c.comment).order_by(
                FEEDBACK_REASON.c.id
            )
        )
        assert [tuple(row) for row in kept] == [
            ("patient-refuses", None, None),
            ("patient-refuses", "Patient refuses", "prefers the old one"),
        ]
        assert connection.execute(select(CARD.c.uuid)).scalars().all() == ["u-1"]
        assert len(connection.execute(select(FEEDBACK)).all()) == 2


def test_the_command_says_what_it_removed_and_logs_its_anchor(
    url: str, engine: Engine, chains: tuple[Head, Head, Head]
) -> None:
    """The anchor is one more line for the log that verify is given."""
    answer = CliRunner().invoke(main, ["audit", "purge", "--before", "2026-03-01", "--database", url])
    assert (answer.exit_code, answer.stdout) == (0, "removed 12 audit rows, 0 cards, 0 comments\n")
    (anchor,) = read_anchors(answer.stderr.splitlines())
    assert (anchor.head.seq, anchor.closed) == (1, True)
    future = CliRunner().invoke(main, ["audit", "purge", "--before", "2099-01-01", "--database", url])
    assert future.exit_code == 2
    assert count(engine) == 16
