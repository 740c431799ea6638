"""Every test of the storage runs on SQLite, and with the marker `postgresql` on PostgreSQL, too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgresql_server import PostgresqlServer, find_programs
from sqlalchemy import Engine

from cds_hooks.records.audit_writer import WriterRules
from cds_hooks.records.database import make_engine
from cds_hooks.records.revision import upgrade
from cds_hooks.records.store import Store, open_store

RULES = WriterRules(window=0.005, patience=0.4, pauses=(0.02, 0.05), closing=0.5)

OpenStore = Callable[..., Store]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A running server."""
    programs = find_programs()
    if programs is None:
        message = "PostgreSQL is not installed (apt-get install postgresql): nothing was tested on it"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    server = PostgresqlServer(programs)
    server.start()
    yield server
    server.stop()
    server.remove()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("postgresql")
        return server.make_database()
    (tmp_path / "database").mkdir()
    return f"sqlite:///{tmp_path / 'database' / 'records.sqlite3'}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """The database as a command opens it."""
    made = make_engine(url)
    yield made
    made.dispose()


@pytest.fixture
def open_ready(url: str, engine: Engine, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens stores on one database that is at the newest revision; `spill` is for what the database does not take."""
    upgrade(engine)
    opened = []

    def open_one(rules: WriterRules = RULES) -> Store:
        opened.append(open_store(url, rules, tmp_path / "spill"))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_ready: OpenStore) -> Store:
    """A store on a database that holds nothing."""
    return open_ready()
