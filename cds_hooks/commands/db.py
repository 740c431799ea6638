"""`pgx-cds db`: the database of records: bring it to this release's revision, check it, copy it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from flask import Flask
from sqlalchemy import Engine

from cds_hooks.records.backup import BackupError, make_backup
from cds_hooks.records.database import is_known_url, make_engine
from cds_hooks.records.place import find_place
from cds_hooks.records.revision import RevisionError, find_revision, upgrade
from cds_hooks.settings import SettingsError, read_settings

_HELP = "URL of the database; left out: as PGX_CDS_DATABASE and the other settings say."


def with_database(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--database` and, in its place, an engine; a database that cannot be used ends it with 1."""

    @click.option("--database", metavar="URL", help=_HELP)
    @wraps(function)
    def run(database: str | None, **arguments: Any) -> None:
        engine = _open(database)
        try:
            function(engine=engine, **arguments)
        except (RevisionError, BackupError) as error:
            raise click.ClickException(str(error)) from None
        finally:
            engine.dispose()

    return run


def require_usable(engine: Engine) -> None:
    """Return where the database is at this release's revision. Raises RevisionError with a sentence."""
    found = find_revision(engine)
    if found.state != "newest":
        raise RevisionError(found.to_sentence())


def _open(url: str | None) -> Engine:
    if url is None:
        try:
            url = find_place(read_settings().database, Path(Flask("app").instance_path)).url
        except SettingsError as error:
            mend = "The command reads the service's settings; --database URL names the database without them."
            raise click.ClickException(f"{error}\n{mend}") from None
    elif not is_known_url(url):
        raise click.UsageError("--database: must begin with sqlite:// or postgresql+psycopg://.")
    return make_engine(url, statement_limit=0)


@click.group("db")
def command() -> None:
    """The database of records."""


@command.command("upgrade")
@with_database
def run_upgrade(engine: Engine) -> None:
    """Bring the database to the revision of this release, wholly or not at all. Make a backup before."""
    before = find_revision(engine)
    after = upgrade(engine)
    click.echo(f"{before.state if before.found is None else before.found} -> {after.found}")


@command.command("check")
@with_database
def run_check(engine: Engine) -> None:
    """Say at which revision the database is. Exit code 0: that of this release, 1: another, with what to do."""
    require_usable(engine)
    click.echo(find_revision(engine).to_sentence())


@command.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@with_database
def run_backup(engine: Engine, file: Path) -> None:
    """Copy a SQLite database into a new FILE while the service runs. For PostgreSQL use pg_dump."""
    make_backup(engine, file)
    click.echo(f"wrote {file}")
