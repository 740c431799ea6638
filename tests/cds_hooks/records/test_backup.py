"""A copy is made while the service writes, and a service on the copy goes on from it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from audit_samples import bodies, make_event, verify, wait_until
from click.testing import CliRunner
from conftest import RULES
from postgresql_server import PostgresqlServer
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from app import main
from cds_hooks.records.revision import upgrade
from cds_hooks.records.store import open_store


def backup(url: str, file: Path) -> tuple[int, str]:
    """`pgx-cds db backup`."""
    answer = CliRunner().invoke(main, ["db", "backup", str(file), "--database", url])
    return answer.exit_code, answer.output


def test_a_copy_of_sqlite_is_whole_and_goes_on(tmp_path: Path) -> None:
    """Made while a writer is open; what comes after it is not in it."""
    url, file = f"sqlite:///{tmp_path / 'records.sqlite3'}", tmp_path / "copy.sqlite3"
    store = open_store(url, RULES)
    store.record(make_event("before"))
    wait_until(lambda: store.audit.state().queued == 0)
    assert backup(url, file) == (0, f"wrote {file}\n")
    store.record(make_event("after"))
    store.close()
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600

    restored = open_store(f"sqlite:///{file}", RULES)
    assert len(bodies(restored)) == 1
    restored.record(make_event("restored"))
    restored.close()
    verdict = verify(restored)
    assert (verdict.rows, verdict.chains, verdict.faults) == (2, 2, ())
    restored.close()


def test_a_copy_by_the_program_of_sqlite_is_whole(tmp_path: Path) -> None:
    """As docs/records.md has it for machines without pgx-cds."""
    program = shutil.which("sqlite3")
    if program is None:
        pytest.skip("sqlite3 is not installed")
    source, file = tmp_path / "records.sqlite3", tmp_path / "copy.sqlite3"
    store = open_store(f"sqlite:///{source}", RULES)
    store.record(make_event("before"))
    wait_until(lambda: store.audit.state().queued == 0)
    subprocess.run([program, str(source), f".backup {file}"], check=True, timeout=30)
    store.close()
    restored = open_store(f"sqlite:///{file}", RULES)
    assert len(bodies(restored)) == 1
    restored.close()


def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    """Yesterday's copy may be the one that is needed."""
    url, file = f"sqlite:///{tmp_path / 'records.sqlite3'}", tmp_path / "copy.sqlite3"
    open_store(url).close()
    file.write_text("yesterday's")
    assert backup(url, file) == (1, f"Error: {file}: cannot be made (FileExistsError). Name a new file.\n")
    assert file.read_text() == "yesterday's"


@pytest.mark.postgresql
def test_a_dump_of_postgresql_is_whole_and_goes_on(postgresql: PostgresqlServer, tmp_path: Path) -> None:
    """By pg_dump and pg_restore; the command says so."""
    url, other = postgresql.make_database(), postgresql.make_database()
    upgrade(create_engine(url, poolclass=NullPool))
    store = open_store(url, RULES)
    store.record(make_event("before"))
    store.close()
    code, said = backup(url, tmp_path / "copy")
    assert (code, said) == (
        1,
        "Error: This database is PostgreSQL. Use pg_dump --format=custom, and pg_restore to restore.\n",
    )
    postgresql.dump(url, tmp_path / "dump")
    postgresql.restore(tmp_path / "dump", other)
    restored = open_store(other, RULES)
    restored.record(make_event("restored"))
    restored.audit.close()
    verdict = verify(restored)
    assert (verdict.rows, verdict.chains, verdict.faults) == (2, 2, ())
    restored.close()
