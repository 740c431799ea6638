"""`pgx-cds try FILE`: a hook request in a file, answered as the service would."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import click
import orjson

from cds_hooks.clients import LOCAL, make_local_client
from cds_hooks.commands.overlay import with_overlay
from cds_hooks.errors import EdgeError, make_outcome
from cds_hooks.hook_request import parse_json, parse_request
from cds_hooks.services.service import Service
from cds_hooks.settings import Settings
from cds_hooks.tenant import Tenant, build_tenants
from cds_hooks.web.answer import Worked, work_out
from cds_hooks.web.explanation import explain


@click.command("try")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--why", is_flag=True, help="Explain each drug on standard error: the row, or the reason for silence.")
@with_overlay
@click.option(
    "--consent",
    type=click.Choice(["ehr", "permit", "deny"]),
    default="ehr",
    show_default=True,
    help="What holds where no consent speaks; ehr: consents are not asked for.",
)
def command(file: Path, why: bool, overlay: Path | None, consent: str) -> None:
    """Answer the hook request in FILE (- for standard input) and print the response.

    What the request does not bring is fetched from its fhirServer. Exit code 0: answered, 1: the service would refuse
    it (the OperationOutcome is printed) or the site's content cannot be used, 2: the file cannot be read.
    """
    settings = Settings(overlay=overlay, consent=consent)
    tenant = build_tenants([make_local_client(settings)], settings)[LOCAL]
    try:
        worked = _answer(_read(file), tenant)
    except EdgeError as error:
        click.echo(orjson.dumps(make_outcome(error.faults), option=orjson.OPT_INDENT_2).decode())
        raise SystemExit(1) from None
    click.echo(orjson.dumps(worked.to_json(), option=orjson.OPT_INDENT_2).decode())
    if why:
        if worked.consent is not None and not worked.consent.permits:
            click.echo(f"consent: {worked.consent.outcome}, {worked.consent.reason}", err=True)
        for line in explain(worked.answers):
            click.echo(line, err=True)


def _answer(body: bytes, tenant: Tenant) -> Worked:
    service = _service_of(body, tenant)
    return work_out(parse_request(body, service.hook), service, tenant, date.today())


def _service_of(body: bytes, tenant: Tenant) -> Service:
    """The service for the request's own hook; one whose hook is unknown is judged as an order-select."""
    data = parse_json(body)
    hook = data.get("hook") if isinstance(data, dict) else None
    services = tuple(tenant.content.services.values())
    return next((service for service in services if service.hook == hook), services[0])


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror}") from None
