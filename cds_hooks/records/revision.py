"""At which revision the database is, and how it comes to the newest (Alembic's scripts in `migrations`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from cds_hooks.records.tables import TABLES

COMMAND = "pgx-cds db upgrade"
_LOCK = 7_093_274_001
"""Key of PostgreSQL's advisory lock: of several upgrades at once, one works and the others find it done."""


class RevisionError(Exception):
    """The database cannot be used by this release; the message names the command that mends it."""


@dataclass(frozen=True)
class Revision:
    """Where a database stands. state: empty (no tables at all), foreign (tables, none of ours), unversioned (made
    before there were revisions), behind, newest, or newer (than this release knows)."""

    found: str | None
    newest: str
    state: str

    def to_sentence(self) -> str:
        """What is the case, and the command that mends it."""
        return _SENTENCES[self.state].format(found=self.found, newest=self.newest, command=COMMAND)


_SENTENCES = {
    "empty": "The database holds no tables yet. Run `{command}`.",
    "foreign": "The database holds tables of something else, none of pgx-cds. If it is the right one, run `{command}`.",
    "unversioned": "The database was made by a release without revisions. Make a backup, then run `{command}`.",
    "behind": "The database is at revision {found}, this release needs {newest}. Make a backup, then run `{command}`.",
    "newest": "The database is at revision {found}, the newest.",
    "newer": "The database is at revision {found}, which this release does not know (its newest is {newest}): a newer "
    "release has changed it. Run that release, or restore a backup; `{command}` of this one cannot help.",
}


def find_revision(engine: Engine) -> Revision:
    """Where the database stands. Raises RevisionError where it cannot be reached."""
    try:
        with engine.connect() as connection:
            return _find(connection)
    except SQLAlchemyError as error:
        raise RevisionError(_unreachable(error, engine)) from None


def require_newest(engine: Engine) -> None:
    """Return where the database can be used; a new, empty SQLite one is made. Raises RevisionError with a sentence."""
    revision = find_revision(engine)
    if revision.state == "empty" and engine.dialect.name == "sqlite":
        revision = upgrade(engine)
    if revision.state != "newest":
        raise RevisionError(revision.to_sentence())


def upgrade(engine: Engine) -> Revision:
    """Bring the database to the newest revision, wholly or not at all. Raises RevisionError."""
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                # The driver commits before each change of a table unless it is told to keep out of transactions.
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            try:
                _run(connection)
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
    except SQLAlchemyError as error:
        raise RevisionError(_unreachable(error, engine)) from None
    return find_revision(engine)


def _run(connection: Connection) -> None:
    found = _find(connection)
    if found.state == "newer":
        raise RevisionError(found.to_sentence())
    config = _make_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _find(connection: Connection) -> Revision:
    known, newest = _known_revisions()
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" in tables:
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None:
            state = "newest" if found == newest else "behind" if found in known else "newer"
            return Revision(found, newest, state)
    if tables & set(TABLES.tables):
        return Revision(None, newest, "unversioned")
    return Revision(None, newest, "foreign" if tables - {"alembic_version"} else "empty")


@lru_cache(maxsize=1)
def _known_revisions() -> tuple[frozenset[str], str]:
    script = ScriptDirectory.from_config(_make_config())
    newest = script.get_current_head()
    if newest is None:
        raise RuntimeError("the package holds no revision of the database")
    return frozenset(each.revision for each in script.walk_revisions()), newest


def _make_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _unreachable(error: SQLAlchemyError, engine: Engine) -> str:
    """The kind of failure, and of SQLite what is wrong with the file: drivers quote addresses and values."""
    what = f"The database of PGX_CDS_DATABASE cannot be used ({type(error).__name__})."
    if engine.dialect.name != "sqlite":
        return f"{what} See that it runs, that its name, user and password are right, and that its disk is not full."
    file = Path(engine.url.database or "").absolute()
    if not file.parent.is_dir():
        return f"{what} There is no folder {file.parent}: make it, or name another file."
    if "not a database" in str(error.orig if isinstance(error, DBAPIError) else ""):
        return f"{what} {file} is no SQLite database: name another file, or restore a backup."
    return f"{what} See that {file} and its folder may be written, that nobody locks it, and that its disk is not full."
