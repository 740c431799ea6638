"""Every test of the storage runs on SQLite, and with the marker `postgresql` on PostgreSQL, too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgresql_server import PostgresqlServer, find_programs


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
