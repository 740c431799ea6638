"""Connections to the database of records: SQLite by default, PostgreSQL by its URL."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

DRIVERS = ("sqlite", "postgresql+psycopg")
"""What a database URL may begin with."""

WAIT = 2
"""Seconds to wait for a connection, a lock or a place in the pool."""
_STATEMENT = 10
"""Seconds that one statement of the service may take; commands take what they need."""
_POOL = 8


def is_known_url(text: str) -> bool:
    """Whether a text is a URL of a database that the service can use."""
    try:
        return make_url(text).drivername in DRIVERS
    except ArgumentError:
        return False


def is_memory(url: str) -> bool:
    """Whether the database lives in this process alone."""
    return make_url(url).drivername == "sqlite" and make_url(url).database in (None, "", ":memory:")


def make_engine(url: str, *, statement_limit: int = _STATEMENT) -> Engine:
    """The engine of a database URL; nothing is opened yet. `statement_limit` in seconds, 0: none (PostgreSQL alone)."""
    if make_url(url).drivername == "sqlite":
        return _make_sqlite(url)
    limits = f"-c statement_timeout={statement_limit * 1000} -c lock_timeout={WAIT * 1000}"
    arguments = {"connect_timeout": WAIT, "options": limits, "tcp_user_timeout": _STATEMENT * 1000}
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=_POOL,
        pool_timeout=WAIT,
        connect_args=arguments,
    )


def _make_sqlite(url: str) -> Engine:
    arguments = {"timeout": WAIT, "check_same_thread": False}
    if is_memory(url):
        # One connection, lent to one thread at a time: with several, each would have a database of its own.
        engine = create_engine(
            "sqlite://",
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            pool_timeout=_STATEMENT,
            connect_args=arguments,
            hide_parameters=True,
        )
    else:
        engine = create_engine(
            url, hide_parameters=True, pool_size=_POOL, pool_timeout=WAIT, pool_pre_ping=True, connect_args=arguments
        )
        event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _make_private(_dialect: object, _record: object, arguments: list[Any], _named: object) -> None:
    """Make a file that is not there yet so that only this user may read it; `-wal` and `-shm` follow it."""
    path = str(arguments[0])
    # What cannot be made here, SQLite cannot make either, and says so. A URI is its own affair.
    if not path.startswith("file:"):
        with suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Readers beside one writer (WAL); what was committed survives a power cut (FULL)."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
