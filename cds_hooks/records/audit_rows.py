"""Audit rows and anchors in the database."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import astuple

from sqlalchemy import Connection, Engine, RowMapping, insert, select

from cds_hooks.records.chain import ChainRow, Head
from cds_hooks.records.tables import AUDIT_EVENT, CHAIN_ANCHOR

_LOG = logging.getLogger(__name__)
# Anchors prove what the database may no longer show: they are logged at every PGX_CDS_LOG_LEVEL.
_LOG.setLevel(logging.INFO)

_INSERT = {
    "sqlite": "INSERT INTO audit_event (chain, seq, prev, hash, recorded, body) VALUES (?, ?, ?, ?, ?, ?)",
    "postgresql": "INSERT INTO audit_event (chain, seq, prev, hash, recorded, body) VALUES (%s, %s, %s, %s, %s, %s)",
}
_PAGE = 1000


def insert_rows(connection: Connection, rows: Sequence[ChainRow]) -> None:
    """Add rows by the driver's own executemany: half the cost of statements that are built."""
    connection.exec_driver_sql(_INSERT[connection.dialect.name], [astuple(row) for row in rows])


def has_row(engine: Engine, row: ChainRow) -> bool:
    """Whether exactly this row is there."""
    same = (AUDIT_EVENT.c.chain == row.chain) & (AUDIT_EVENT.c.seq == row.seq) & (AUDIT_EVENT.c.hash == row.hash)
    with engine.connect() as connection:
        return connection.execute(select(AUDIT_EVENT.c.id).where(same)).first() is not None


def insert_anchor(connection: Connection, head: Head, *, closed: bool) -> None:
    """Remember how far a chain has come."""
    connection.execute(insert(CHAIN_ANCHOR).values(**vars(head), closed=closed))


def log_anchor(head: Head, *, closed: bool) -> None:
    """Say in the log how far a chain has come: `pgx-cds audit verify --anchors` reads these lines."""
    _LOG.info("audit anchor", extra={**vars(head), "closed": closed})


def read_rows(connection: Connection, since: str = "", until: str = "9") -> Iterator[ChainRow]:
    """All rows recorded from a moment on and before another, chain by chain, in order; page by page."""
    within = (AUDIT_EVENT.c.recorded >= since) & (AUDIT_EVENT.c.recorded < until)
    query = select(AUDIT_EVENT).where(within).order_by(AUDIT_EVENT.c.chain, AUDIT_EVENT.c.seq)
    with connection.execution_options(yield_per=_PAGE).execute(query) as result:
        for row in result.mappings():
            yield _read(row)


def read_chain(connection: Connection, chain: str) -> Iterator[ChainRow]:
    """The rows of one chain in order, page by page."""
    query = select(AUDIT_EVENT).where(AUDIT_EVENT.c.chain == chain).order_by(AUDIT_EVENT.c.seq)
    with connection.execution_options(yield_per=_PAGE).execute(query) as result:
        for row in result.mappings():
            yield _read(row)


def _read(row: RowMapping) -> ChainRow:
    return ChainRow(row["chain"], row["seq"], row["prev"], row["hash"], row["recorded"], row["body"])
