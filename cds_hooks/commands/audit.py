"""`pgx-cds audit`: prove that the audit is whole, hand it out as FHIR, remove what is too old."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from cds_hooks.commands.db import require_usable, with_database
from cds_hooks.commands.output import print_json
from cds_hooks.records.anchor import read_anchors
from cds_hooks.records.audit_check import Verdict, check_audit
from cds_hooks.records.audit_rows import read_rows
from cds_hooks.records.balp import to_audit_events
from cds_hooks.records.retention import purge
from cds_hooks.web.log import start_logging

_DAY = click.DateTime(["%Y-%m-%d"])
_FIRST, _LAST = "", "9999"


@click.group("audit")
def command() -> None:
    """The audit of hook calls, FHIR reads, consent decisions, cards and feedback."""


@command.command("verify")
@click.option(
    "--anchors",
    "logs",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The service's log: its anchors are out of the database's reach. May be given several times.",
)
@with_database
def run_verify(engine: Engine, logs: tuple[Path, ...]) -> None:
    """Follow every chain. Prints each row that was changed, removed, moved, doubled or added; exit code 1 then."""
    require_usable(engine)
    logged = []
    for log in logs:
        with log.open(encoding="utf-8", errors="replace") as lines:
            logged += list(read_anchors(lines))
    with engine.connect() as connection:
        verdict = check_audit(connection, logged)
    for fault in verdict.faults:
        click.echo(str(fault))
    _summarise(verdict)
    if verdict.faults:
        raise SystemExit(1)


def _summarise(verdict: Verdict) -> None:
    told = f"{verdict.rows} rows in {verdict.chains} chains, {verdict.anchors} anchors, {len(verdict.faults)} faults"
    click.echo(told, err=True)
    if verdict.purged_before is not None:
        click.echo(f"what was recorded before {verdict.purged_before} was purged by command", err=True)
        for chain, seq in sorted(verdict.starts.items()):
            click.echo(f"chain {chain} begins at seq {seq}", err=True)


@command.command("export")
@click.option("--since", type=_DAY, help="First day, UTC.")
@click.option("--until", type=_DAY, help="First day that is left out, UTC.")
@with_database
def run_export(engine: Engine, since: datetime | None, until: datetime | None) -> None:
    """Print FHIR AuditEvents (R4, in the shapes of IHE BALP), one a line."""
    require_usable(engine)
    begin = since.date().isoformat() if since else _FIRST
    end = until.date().isoformat() if until else _LAST
    with engine.connect() as connection:
        for row in read_rows(connection, begin, end):
            for event in to_audit_events(row):
                print_json(event)


@command.command("purge")
@click.option("--before", type=_DAY, required=True, help="First day that is kept, UTC.")
@with_database
def run_purge(engine: Engine, before: datetime) -> None:
    """Remove audit rows, remembered cards and clinicians' comments that are older than a day; say so in the audit.

    Its anchor is printed on standard error as the service logs it: add it to the log.
    """
    require_usable(engine)
    if before.date() > datetime.now(UTC).date():
        raise click.UsageError("--before: lies in the future.")
    start_logging("INFO")
    try:
        purged = purge(engine, before.date())
    except SQLAlchemyError as error:
        what = f"The database failed ({type(error).__name__}). Run the command again: it goes on where it stopped."
        raise click.ClickException(what) from None
    click.echo(f"removed {purged.audit_rows} audit rows, {purged.cards} cards, {purged.comments} comments")
    for fault in purged.kept:
        click.echo(f"{fault}; it is kept, with what follows it. See to it: `pgx-cds audit verify`", err=True)
    if purged.kept:
        raise SystemExit(1)
