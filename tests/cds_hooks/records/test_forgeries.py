"""Who can write to the database but not to the log: rows that are hidden by a purge, rows that are made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import orjson
import pytest
from audit_samples import make_event
from click.testing import CliRunner
from sqlalchemy import Engine, text

from app import main
from cds_hooks.records.anchor import read_anchors
from cds_hooks.records.audit_check import check_audit
from cds_hooks.records.audit_event import AuditEvent, shift_time, tell_time
from cds_hooks.records.audit_rows import insert_anchor, insert_rows, read_rows
from cds_hooks.records.chain import ChainRow, Head, add_row, start_chain
from cds_hooks.records.retention import purge
from cds_hooks.records.store import Store

START = "2026-09-01T08:00:00.000Z"
LATER = "2026-11-01T00:00:00.000Z"
"""When it is verified."""
UNLOGGED_PURGE = "tells of a purge that the log holds no anchor of: add what the command has logged, or it was made up"
UNLOGGED_CHAIN = "the log holds no anchor of this chain: it was added by hand"
UNANCHORED = "the log runs on without an anchor of this row: it was added by hand"
BACKDATED = "comes after the last anchor of its chain in the log and is dated long before it: added by hand"


def make_rows(moments: Sequence[str], head: Head | None = None) -> list[ChainRow]:
    """Rows with right hashes, after a head or of a chain of their own."""
    rows: list[ChainRow] = []
    for moment in moments:
        event = AuditEvent(moment, make_event().members)
        rows.append(add_row(rows[-1].head if rows else head or start_chain(), moment, event.to_body()))
    return rows


def every(seconds: int, count: int, start: str = START) -> list[str]:
    """Moments."""
    return [shift_time(start, number * seconds) for number in range(count)]


def write(engine: Engine, rows: Sequence[ChainRow]) -> None:
    """Rows in the database."""
    with engine.begin() as connection:
        insert_rows(connection, rows)


def rows_of(engine: Engine) -> list[ChainRow]:
    """All rows."""
    with engine.connect() as connection:
        return list(read_rows(connection))


def to_line(head: Head, *, closed: bool = False) -> str:
    """An anchor as the service logs it."""
    said = {"time": head.recorded, "message": "audit anchor", **vars(head), "closed": closed}
    return orjson.dumps(said).decode()


def find(engine: Engine, lines: Sequence[str], now: str = LATER) -> set[tuple[str, int, str]]:
    """What `verify --anchors` finds: chain, seq, what."""
    with engine.connect() as connection:
        faults = check_audit(connection, list(read_anchors(lines)), now).faults
    return {(fault.chain, fault.seq, fault.what) for fault in faults}


def run_purge(engine: Engine, before: date) -> list[str]:
    """An honest purge; what it would log."""
    purge(engine, before)
    return [to_line(row.head, closed=True) for row in rows_of(engine) if '"kind":"purge"' in row.body]


def make_up_purge(engine: Engine, recorded: str, before: str, removed: Sequence[Head]) -> str:
    """A row that says that chains were purged, with everything that belongs to it in the database; its chain."""
    said = [{"chain": head.chain, "seq": head.seq, "hash": head.hash} for head in removed]
    event = AuditEvent(recorded, {"kind": "purge", "host": "db", "before": before, "removed": said})
    row = add_row(start_chain(), recorded, event.to_body())
    with engine.begin() as connection:
        insert_rows(connection, [row])
        insert_anchor(connection, row.head, closed=True)
    return row.chain


def remove(engine: Engine, upto: Head) -> None:
    """Take a chain's beginning out by hand."""
    with engine.begin() as connection:
        for table in ("audit_event", "chain_anchor"):
            gone = text(f"DELETE FROM {table} WHERE chain = :chain AND seq <= :seq")
            connection.execute(gone, {"chain": upto.chain, "seq": upto.seq})


@pytest.fixture
def honest(store: Store, engine: Engine) -> tuple[list[ChainRow], list[str]]:
    """A worker that ran for ten minutes and was killed, and the log: its anchors and those of one that ran on."""
    rows, other = make_rows(every(20, 30)), make_rows(every(3600, 72))
    write(engine, [*rows, *other])
    lines = [to_line(row.head) for row in (*rows[::3], *other)]
    assert find(engine, lines) == set()
    return rows, lines


@pytest.mark.parametrize("whole", [True, False], ids=["a whole chain", "a beginning"])
def test_a_purge_from_before_the_log_hides_nothing(
    engine: Engine, honest: tuple[list[ChainRow], list[str]], whole: bool
) -> None:
    """It is made up to lie before the first anchor of the log, and names what was removed the other day."""
    rows, lines = honest
    gone = rows[-1] if whole else rows[1]
    forged = make_up_purge(engine, "2026-08-01T00:00:00.000Z", "2026-07-01T00:00:00.000Z", [gone.head])
    remove(engine, gone.head)
    lost = (
        (gone.chain, 1, "missing: the whole chain was removed; an anchor of the log knows 28 rows")
        if whole
        else (gone.chain, 1, "missing: rows 1 to 2 were removed")
    )
    found = find(engine, lines)
    assert {(forged, 1, UNLOGGED_PURGE), lost} <= found


def test_an_honest_purge_does_not_excuse_what_was_recorded_after_its_day(
    engine: Engine, honest: tuple[list[ChainRow], list[str]]
) -> None:
    """Who dates rows back in their column does not get them purged: the time inside the row is covered by its hash."""
    rows, lines = honest
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit_event SET recorded = '2019-01-01T00\\:00\\:00.000Z'"))
    purged = purge(engine, date(2020, 1, 1))
    assert purged.audit_rows == 0
    assert {fault.what for fault in purged.kept} == {"its column `recorded` was changed"}
    assert len(purged.kept) == 2


def test_a_row_that_was_dated_back_and_chained_anew_is_missed_by_the_log(
    engine: Engine, honest: tuple[list[ChainRow], list[str]]
) -> None:
    """The purge takes it, and logs that it did; the log's older anchors know of what day it was."""
    rows, lines = honest
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_event WHERE chain = '" + rows[0].chain + "'"))
        forged = Head(rows[0].chain, 0, rows[0].prev)
        insert_rows(connection, make_rows(every(20, 30, "2019-01-01T00:00:00.000Z"), forged))
    lines += run_purge(engine, date(2020, 1, 1))
    what = "missing: the whole chain was removed; an anchor of the log knows {} rows"
    assert find(engine, lines, "2099-01-01T00:00:00.000Z") == {
        (rows[0].chain, 1, what.format(row.seq)) for row in rows[::3]
    }


def test_a_purge_does_not_say_again_what_a_made_up_one_said(
    engine: Engine, honest: tuple[list[ChainRow], list[str]]
) -> None:
    """Its own row is in the log; what it would repeat would be believed for its sake."""
    rows, lines = honest
    write(engine, make_rows(every(20, 3, "2019-01-01T00:00:00.000Z")))
    forged = make_up_purge(engine, "2026-08-01T00:00:00.000Z", "2026-07-01T00:00:00.000Z", [rows[1].head])
    remove(engine, rows[1].head)
    lines += [line for line in run_purge(engine, date(2020, 1, 1)) if forged not in line]
    assert find(engine, lines, "2099-01-01T00:00:00.000Z") >= {
        (forged, 1, UNLOGGED_PURGE),
        (rows[0].chain, 1, "missing: rows 1 to 2 were removed"),
    }


def test_rows_of_which_one_purge_says_the_beginning_outlive_the_next(store: Store, engine: Engine) -> None:
    """A purge's row stays as long as a chain begins where it says, and goes when another has taken its place."""
    long = make_rows([f"2026-{month:02}-05T08:00:00.000Z" for month in range(1, 10)])
    write(engine, long)
    # As if a purge had been made in March.
    remove(engine, long[1].head)
    old = make_up_purge(engine, "2026-03-02T00:00:00.000Z", "2026-03-01T00:00:00.000Z", [long[1].head])
    lines = [to_line(long[-1].head, closed=True)]
    lines += [to_line(row.head, closed=True) for row in rows_of(engine) if row.chain == old]
    assert find(engine, lines) == set()
    write(engine, make_rows(["2026-02-27T08:00:00.000Z"]))  # something that goes, while the long chain stays as it is
    lines += run_purge(engine, date(2026, 3, 4))
    assert find(engine, lines, "2099-01-01T00:00:00.000Z") == set()
    assert old in {row.chain for row in rows_of(engine)}
    lines += run_purge(engine, date(2026, 5, 1))
    assert find(engine, lines, "2099-01-01T00:00:00.000Z") == set()
    assert old not in {row.chain for row in rows_of(engine)}


@pytest.mark.parametrize(
    "moments",
    [
        [*every(60, 5, "2026-09-02T08:00:00.000Z"), "2026-10-30T08:00:00.000Z"],
        ["2026-08-01T08:00:00.000Z", *every(60, 5, "2026-09-02T08:00:00.000Z")],
    ],
    ids=["its last row after the log", "its first row before the log"],
)
def test_a_made_up_chain_is_found_wherever_it_ends(
    engine: Engine, honest: tuple[list[ChainRow], list[str]], moments: list[str]
) -> None:
    """By any row of the time that the log covers."""
    _, lines = honest
    forged = make_rows(moments)
    write(engine, forged)
    first = next(row for row in forged if row.recorded >= START)
    assert find(engine, lines) == {(first.chain, first.seq, UNLOGGED_CHAIN)}


@pytest.mark.parametrize(
    ("moments", "what"),
    [
        (every(1800, 60, "2026-09-02T08:00:00.000Z"), UNANCHORED),
        (["2026-09-01T07:00:00.000Z"], BACKDATED),
        (["0000"], BACKDATED),
    ],
    ids=["of later days", "of an hour before", "of no time"],
)
def test_rows_that_were_added_to_a_killed_workers_chain_are_found(
    engine: Engine, honest: tuple[list[ChainRow], list[str]], moments: list[str], what: str
) -> None:
    """The log would have had anchors of them: told once."""
    rows, lines = honest
    write(engine, make_rows(moments, rows[-1].head))
    assert find(engine, lines) == {(rows[0].chain, 31, what)}


def test_what_the_log_does_not_cover_is_no_fault(engine: Engine, honest: tuple[list[ChainRow], list[str]]) -> None:
    """Chains that ended before it, one that ended as it began, and what was stored since it was copied."""
    _, lines = honest
    write(engine, make_rows(every(60, 5, "2026-08-01T08:00:00.000Z")))
    write(engine, make_rows(["2026-09-01T07:59:00.000Z", "2026-09-01T08:01:00.000Z"]))
    write(engine, make_rows(every(60, 5, "2026-09-05T08:00:00.000Z")))
    assert find(engine, lines) == set()


def test_the_first_row_that_a_purge_left_is_not_its_chains_first(
    engine: Engine, honest: tuple[list[ChainRow], list[str]]
) -> None:
    """Its worker was killed within a minute of the log's begin; a chain that began there would be made up."""
    _, lines = honest
    begun = lines[0] = to_line(make_rows(["2026-09-01T00:00:00.000Z"])[0].head)
    write(engine, killed := make_rows(["2026-08-31T23:59:30.000Z", "2026-09-01T00:00:30.000Z"]))
    missing = "missing: the whole chain was removed; an anchor of the log knows 1 rows"
    known = (orjson.loads(begun)["chain"], 1, missing)
    assert find(engine, lines, tell_time()) == {known}
    lines += run_purge(engine, date(2026, 9, 1))
    assert [row.seq for row in rows_of(engine) if row.chain == killed[0].chain] == [2]
    assert find(engine, lines, tell_time()) == {known}
    write(engine, made_up := make_rows(["2026-09-01T00:00:40.000Z"]))
    assert find(engine, lines, tell_time()) == {known, (made_up[0].chain, 1, UNLOGGED_CHAIN)}


def test_the_line_of_an_old_purge_does_not_stretch_the_log(
    engine: Engine, honest: tuple[list[ChainRow], list[str]]
) -> None:
    """It is kept for as long as its row, the log of the service is not: chains in between are not of the log's time."""
    _, lines = honest
    chain = make_up_purge(engine, "2026-05-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z", [start_chain()])
    write(engine, make_rows(every(60, 5, "2026-06-01T08:00:00.000Z")))
    kept = [to_line(row.head, closed=True) for row in rows_of(engine) if row.chain == chain]
    assert find(engine, lines + kept) == set()
    assert find(engine, lines) == {(chain, 1, UNLOGGED_PURGE)}
    assert find(engine, kept) == set()


def test_a_row_of_days_to_come_is_found_without_a_log(store: Store, engine: Engine) -> None:
    """A clock that runs ahead by a minute is borne."""
    write(engine, rows := make_rows(["2026-11-01T00:01:00.000Z", *every(1, 3, "2026-11-01T00:05:00.000Z")]))
    what = "is dated in the future: it was added by hand, or a clock is wrong"
    assert find(engine, []) == {(rows[0].chain, 2, what)}


def test_the_command_says_what_it_kept(store: Store, engine: Engine, url: str) -> None:
    """The rest goes; the exit code says that there is something to see to."""
    write(engine, rows := make_rows(every(3600, 5, "2026-01-01T08:00:00.000Z")))
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit_event SET body = replace(body, 'demo-1', 'demo-2') WHERE seq = 3"))
    answer = CliRunner().invoke(main, ["audit", "purge", "--before", "2026-03-01", "--database", url])
    assert (answer.exit_code, answer.stdout) == (1, "removed 2 audit rows, 0 cards, 0 comments\n")
    assert answer.stderr.splitlines()[-1] == (
        f"chain {rows[0].chain}, seq 3: its hash does not follow from what it holds: it was changed; "
        "it is kept, with what follows it. See to it: `pgx-cds audit verify`"
    )
