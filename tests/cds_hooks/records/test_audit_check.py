"""`audit verify` finds every row that was changed, removed, moved, doubled or added, and says which."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from audit_samples import make_event, verify, wait_until
from click.testing import CliRunner
from conftest import RULES
from sqlalchemy import Engine, text

from app import main
from cds_hooks.records.anchor import read_anchors
from cds_hooks.records.audit_check import check_audit
from cds_hooks.records.audit_rows import insert_rows, read_rows
from cds_hooks.records.chain import ChainRow, Head, add_row, start_chain
from cds_hooks.records.store import Store

OpenStore = Callable[..., Store]
ROWS = 6
CHANGED = "its hash does not follow from what it holds: it was changed"
NO_LINK = "does not continue the row before it: one of the two was changed, moved, doubled or added"
BY_DATABASE = "by an anchor of the database"


@pytest.fixture
def chain(store: Store) -> str:
    """A chain of six rows that has ended; its name."""
    for number in range(ROWS):
        store.record(make_event(f"r-{number}"))
    store.close()
    assert verify(store).faults == ()
    with store.engine.connect() as connection:
        return next(iter(read_rows(connection))).chain


def change(engine: Engine, *statements: str) -> None:
    """What somebody does to the database by hand."""
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def faults(store: Store) -> list[tuple[int, str]]:
    """(seq, what) of each fault."""
    return [(fault.seq, fault.what) for fault in verify(store).faults]


def rows_of(engine: Engine) -> list[ChainRow]:
    """All rows."""
    with engine.connect() as connection:
        return list(read_rows(connection))


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["UPDATE audit_event SET body = replace(body, 'demo-1', 'demo-2') WHERE seq = 3"], [(3, CHANGED)]),
        (["UPDATE audit_event SET recorded = '2020-01-01T00:00:00.000Z' WHERE seq = 3"],
         [(3, "its column `recorded` was changed")]),
        (["UPDATE audit_event SET hash = prev WHERE seq = 3"], [(3, CHANGED), (4, NO_LINK)]),
        (["DELETE FROM audit_event WHERE seq = 3"], [(3, "missing: rows 3 were removed")]),
        (["DELETE FROM audit_event WHERE seq IN (3, 4)"], [(3, "missing: rows 3 to 4 were removed")]),
        (["DELETE FROM audit_event WHERE seq = 1"], [(1, "missing: rows 1 to 1 were removed")]),
        (["DELETE FROM audit_event WHERE seq >= 5"], [(5, f"missing: rows 5 to 6 were removed, {BY_DATABASE}")]),
        (["DELETE FROM audit_event"],
         [(1, "missing: the whole chain was removed; an anchor of the database knows 6 rows")]),
        (["UPDATE audit_event SET seq = -3 WHERE seq = 3", "UPDATE audit_event SET seq = 3 WHERE seq = 4",
          "UPDATE audit_event SET seq = 4 WHERE seq = -3"],
         [(3, NO_LINK), (4, NO_LINK), (5, NO_LINK)]),
        (["INSERT INTO audit_event (chain, seq, prev, hash, recorded, body) SELECT chain, 7, prev, hash, recorded, body"
          " FROM audit_event WHERE seq = 6"],
         [(7, NO_LINK), (7, f"was added after its writer had ended, {BY_DATABASE}")]),
        (["DELETE FROM audit_event WHERE seq = 1", "UPDATE audit_event SET seq = seq - 1"],
         [(1, "is not the first row of this chain: it was moved or added"),
          (6, f"missing: rows 6 to 6 were removed, {BY_DATABASE}")]),
    ],
    ids=["changed", "time changed", "hash changed", "removed", "two removed", "first removed", "last removed",
         "all removed", "swapped", "doubled", "renumbered"],
)  # fmt: skip
def test_what_was_done_to_a_row_is_found(
    store: Store, engine: Engine, chain: str, statements: list[str], found: list[tuple[int, str]]
) -> None:
    """By its chain and its seq."""
    change(engine, *statements)
    assert faults(store) == found
    assert {fault.chain for fault in verify(store).faults} == {chain}


def test_a_row_that_was_added_with_a_right_hash_is_found(store: Store, engine: Engine, chain: str) -> None:
    """Whoever knows how the chain is made cannot add to one that has ended."""
    last = rows_of(engine)[-1]
    event = make_event("forged")
    with engine.begin() as connection:
        insert_rows(connection, [add_row(last.head, event.recorded, event.to_body())])
    assert faults(store) == [(7, f"was added after its writer had ended, {BY_DATABASE}")]


def test_a_row_moved_to_another_chain_is_found(store: Store, engine: Engine, chain: str) -> None:
    """Its hash names no chain, but the first row's does."""
    change(engine, "UPDATE audit_event SET chain = 'other'")
    assert {(fault.chain, fault.what) for fault in verify(store).faults} == {
        (chain, "missing: the whole chain was removed; an anchor of the database knows 6 rows"),
        ("other", "is not the first row of this chain: it was moved or added"),
    }


def forge(engine: Engine, rows: list[ChainRow], head: Head) -> None:
    """Write a chain anew, hashes and anchors included: everything that the database itself can show fits."""
    made = []
    for row in rows:
        made.append(add_row(head, row.recorded, row.body.replace("demo-1", "demo-2")))
        head = made[-1].head
    change(engine, "DELETE FROM audit_event", "DELETE FROM chain_anchor")
    with engine.begin() as connection:
        insert_rows(connection, made)


def write_log(path: Path, heads: list[tuple[Head, bool]]) -> Path:
    """Lines as the service logs them, between others."""
    lines = ['{"message": "request", "status": 200}', "not json"]
    lines += [
        orjson.dumps({"level": "INFO", "message": "audit anchor", **vars(head), "closed": closed}).decode()
        for head, closed in heads
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def verify_with(engine: Engine, log: Path) -> list[str]:
    """What is found with the log."""
    with engine.connect() as connection, log.open(encoding="utf-8") as lines:
        return [fault.what for fault in check_audit(connection, list(read_anchors(lines))).faults]


def test_a_chain_that_was_written_anew_is_found_by_the_log(
    store: Store, engine: Engine, chain: str, tmp_path: Path
) -> None:
    """Where somebody can change everything in the database, the log still knows."""
    rows = rows_of(engine)
    log = write_log(tmp_path / "log", [(rows[0].head, False), (rows[-1].head, True)])
    assert verify_with(engine, log) == []
    forge(engine, rows, Head(chain, 0, rows[0].prev))
    assert faults(store) == []
    anew = "is not what an anchor of the log says: rows up to it were changed and chained anew"
    assert verify_with(engine, log) == [anew, anew]


def test_a_chain_that_was_removed_with_its_anchors_is_found_by_the_log(
    store: Store, engine: Engine, chain: str, tmp_path: Path
) -> None:
    """As if it had never been."""
    log = write_log(tmp_path / "log", [(rows_of(engine)[-1].head, True)])
    change(engine, "DELETE FROM audit_event", "DELETE FROM chain_anchor")
    assert faults(store) == []
    assert verify_with(engine, log) == ["missing: the whole chain was removed; an anchor of the log knows 6 rows"]


def test_a_chain_that_the_log_does_not_know_is_found(store: Store, engine: Engine, chain: str, tmp_path: Path) -> None:
    """A whole chain that somebody made up."""
    rows = rows_of(engine)
    late = replace(rows[-1].head, recorded="2099-01-01T00:00:00.000Z")
    log = write_log(tmp_path / "log", [(rows[0].head, False), (replace(late, seq=6), True)])
    event = make_event("forged")
    with engine.begin() as connection:
        insert_rows(connection, [add_row(start_chain(), event.recorded, event.to_body())])
    assert verify_with(engine, log) == ["the log holds no anchor of this chain: it was added by hand"]


def test_a_running_service_is_whole(open_ready: OpenStore, engine: Engine) -> None:
    """Rows after the last anchor are no fault, nor is a chain whose writer was killed."""
    store = open_ready(replace(RULES, anchor_every=60))
    for number in range(ROWS):
        store.record(make_event(f"r-{number}"))
        wait_until(lambda: store.audit.state().queued == 0)
    with engine.connect() as connection:
        verdict = check_audit(connection)
    assert (verdict.rows, verdict.chains, verdict.anchors, verdict.faults) == (ROWS, 1, 1, ())


def test_the_command_prints_faults_and_ends_with_1(url: str, engine: Engine, chain: str, tmp_path: Path) -> None:
    """Faults on standard output, the count on standard error."""
    answer = CliRunner().invoke(main, ["audit", "verify", "--database", url])
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert re.fullmatch(r"6 rows in 1 chains, \d anchors, 0 faults\n", answer.stderr)
    log = write_log(tmp_path / "log", [(rows_of(engine)[-1].head, True)])
    change(engine, "DELETE FROM audit_event WHERE seq = 6")
    answer = CliRunner().invoke(main, ["audit", "verify", "--database", url, "--anchors", str(log)])
    assert answer.exit_code == 1
    assert answer.stdout == (
        f"chain {chain}, seq 6: missing: rows 6 to 6 were removed, by an anchor of the database\n"
        f"chain {chain}, seq 6: missing: rows 6 to 6 were removed, by an anchor of the log\n"
    )
