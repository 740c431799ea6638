"""Audit rows that no database took before the process had to end: kept in a file, and taken in at the next start.

The line of a row that withdraws feedback says which: it may have been stored, and is then taken back with the row.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import orjson
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from cds_hooks.records.audit_rows import insert_anchor, insert_rows
from cds_hooks.records.chain import ChainRow
from cds_hooks.records.feedback_rows import ReportMark, remove_reports
from cds_hooks.records.tables import AUDIT_EVENT, CHAIN_ANCHOR

_LOG = logging.getLogger(__name__)
_PATTERN = "audit-*.spill.ndjson"


def spill(folder: Path | None, rows: Sequence[ChainRow], undone: Mapping[int, ReportMark]) -> None:
    """Keep the last rows of one chain in a file of the folder; the log says that they are there, or lost.

    `undone`: by seq, the items of feedback that go with their rows.
    """
    told: dict[str, object] = {"rows": len(rows), "chain": rows[0].chain, "seq": rows[0].seq}
    try:
        if folder is None:
            raise FileNotFoundError
        file = _write(folder, rows, undone)
    except OSError as error:
        _LOG.critical("audit lost", extra=told | {"error": type(error).__name__})
    else:
        _LOG.error("audit spilled", extra=told | {"file": file.name})


def _write(folder: Path, rows: Sequence[ChainRow], undone: Mapping[int, ReportMark]) -> Path:
    """A file that only this user may read. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"audit-{rows[0].chain}.spill.ndjson"
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "wb") as file:
        file.writelines(_write_line(row, undone.get(row.seq)) + b"\n" for row in rows)
        file.flush()
        os.fsync(file.fileno())
    return path


def _write_line(row: ChainRow, undone: ReportMark | None) -> bytes:
    return orjson.dumps(asdict(row) | ({"undoes": asdict(undone)} if undone else {}))


def _read_line(line: bytes) -> tuple[ChainRow, ReportMark | None]:
    """Raises TypeError, ValueError, KeyError."""
    members = orjson.loads(line)
    undone = members.pop("undoes", None)
    if undone is not None:
        undone = ReportMark(**undone | {"received": datetime.fromisoformat(undone["received"])})
    return ChainRow(**members), undone


def take_in_spills(engine: Engine, folder: Path) -> int:
    """Store the rows of every such file, each file wholly or not at all, and remove it; how many rows were new.

    The rows keep their chain: what was changed in the file is found by `pgx-cds audit verify`.
    """
    return sum(_take_in(engine, path) for path in sorted(folder.glob(_PATTERN)))


def _take_in(engine: Engine, path: Path) -> int:
    try:
        lines = [_read_line(line) for line in path.read_bytes().splitlines()]
    except FileNotFoundError:
        return 0  # another process was faster
    except (OSError, TypeError, ValueError, KeyError, AttributeError) as error:
        _LOG.error("audit spill unreadable", extra={"file": path.name, "error": type(error).__name__})
        return 0
    rows, undone = [row for row, _ in lines], [mark for _, mark in lines if mark is not None]
    try:
        new = _insert_missing(engine, rows, undone)
    except IntegrityError:
        new = _insert_missing(engine, rows, undone)  # another process was at the same file; now its rows are there
    path.unlink(missing_ok=True)
    _LOG.warning("audit spill taken in", extra={"file": path.name, "rows": new})
    return new


def _insert_missing(engine: Engine, rows: Sequence[ChainRow], undone: Sequence[ReportMark]) -> int:
    if not rows:
        return 0
    with engine.begin() as connection:
        of_chain = select(AUDIT_EVENT.c.seq).where(AUDIT_EVENT.c.chain == rows[0].chain)
        there = set(connection.execute(of_chain.where(AUDIT_EVENT.c.seq >= rows[0].seq)).scalars())
        missing = [row for row in rows if row.seq not in there]
        if missing:
            insert_rows(connection, missing)
        remove_reports(connection, undone)
        closing = select(CHAIN_ANCHOR.c.id).where((CHAIN_ANCHOR.c.chain == rows[0].chain) & CHAIN_ANCHOR.c.closed)
        if connection.execute(closing).first() is None:
            insert_anchor(connection, rows[-1].head, closed=True)
        return len(missing)
