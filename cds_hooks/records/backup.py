"""A copy of the database of records while the service runs."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError


class BackupError(Exception):
    """No backup was made; the message says why and how to mend it."""


def make_backup(engine: Engine, file: Path) -> None:
    """Copy a SQLite database, whole and as of one moment, into a new file that only this user may read.

    Raises BackupError; PostgreSQL has its own tool.
    """
    if engine.dialect.name != "sqlite":
        raise BackupError("This database is PostgreSQL. Use pg_dump --format=custom, and pg_restore to restore.")
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise BackupError(f"{file}: cannot be made ({type(error).__name__}). Name a new file.") from None
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(file),))
    except (SQLAlchemyError, sqlite3.Error) as error:
        file.unlink(missing_ok=True)
        raise BackupError(f"The database could not be copied ({type(error).__name__}).") from None
