"""The application: `create_app` for WSGI servers, `main` for the command line `pgx-cds`."""

from __future__ import annotations

import secrets
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import FlaskGroup, run_command

from cds_hooks.clients import Client, ClientsError, load_clients, make_local_client
from cds_hooks.commands import audit, check, db, identify, new, read, recommend, terms, translate, try_request
from cds_hooks.content import Content, stamp_content
from cds_hooks.demo.pages import blueprint as demo
from cds_hooks.fhir.validation import warm_up
from cds_hooks.json_schema import load_validator
from cds_hooks.records.place import find_place
from cds_hooks.records.revision import RevisionError
from cds_hooks.records.store import Store, open_store
from cds_hooks.records.writer_rules import WriterRules
from cds_hooks.security.callers import open_callers
from cds_hooks.security.replay import UsedTokens
from cds_hooks.settings import Settings, SettingsError, read_settings
from cds_hooks.tenant import Tenant, build_tenants, reload_tenants
from cds_hooks.web.authentication import authenticate_callers
from cds_hooks.web.cors import allow_origins
from cds_hooks.web.deadline import start_deadlines
from cds_hooks.web.engine import EXTENSION, Engine
from cds_hooks.web.health import blueprint as health
from cds_hooks.web.hooks import blueprint
from cds_hooks.web.live_tenants import ContentSource, ContentState, LiveTenants
from cds_hooks.web.log import log_requests, start_logging
from cds_hooks.web.loopback import is_loopback, refuse_others
from cds_hooks.web.measuring import measure_requests
from cds_hooks.web.metrics import count_audit_failure
from cds_hooks.web.metrics_page import FROM
from cds_hooks.web.metrics_page import blueprint as metrics
from cds_hooks.web.openapi import blueprint as description
from cds_hooks.web.recording import record_refusals
from cds_hooks.web.refusals import register_handlers
from cds_hooks.web.telemetry import start_telemetry
from cds_hooks.web.transparency import blueprint as transparency
from knowledge.loading.errors import ContentError


def create_app(settings: Settings | None = None, content: Content | None = None) -> Flask:
    """The WSGI application, ready to answer: content loaded, validators compiled, models built.

    Without arguments it is set up from the environment. Raises SettingsError, ClientsError or ContentError with every
    fault, RevisionError where the database is not at this release's revision.
    """
    settings = settings or read_settings()
    app = Flask(__name__, static_folder=None)
    # Two slashes in a row are no address: werkzeug would redirect to the host that the caller has named.
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = settings.body_limit
    app.config[FROM] = settings.metrics_from
    start_logging(settings.log_level)
    clients = _find_clients(settings)
    tenants = _open_tenants(clients.values(), settings, content)
    store = _open_store(app, settings)
    card_key = settings.card_key.encode() if settings.card_key else secrets.token_bytes(32)
    app.extensions[EXTENSION] = Engine(tenants, store, card_key)
    start_telemetry(app, settings.telemetry)
    app.before_request(tenants.watch)
    log_requests(app)
    measure_requests(app)
    start_deadlines(app, settings.budget)
    allow_origins(app, settings.cors_origins)
    _guard(app, settings, clients, store)
    record_refusals(app)
    register_handlers(app)
    for each in (blueprint, health, metrics, transparency, description):
        app.register_blueprint(each)
    if settings.auth == "off":
        # The first page calls the services without a token, and shows to anybody what it shows: only while
        # authentication is off, which is on this machine alone.
        app.register_blueprint(demo)
    _warm_up(tenants.values())
    return app


def _find_clients(settings: Settings) -> Mapping[str, Client]:
    if settings.auth == "off":
        local = make_local_client(settings)
        return {local.name: local}
    return load_clients(_name_clients(settings)[0])


def _name_clients(settings: Settings) -> tuple[Path, str]:
    """The file of clients and the base address that they call."""
    if settings.clients is None or settings.public_url is None:
        raise SettingsError(["PGX_CDS_CLIENTS, PGX_CDS_PUBLIC_URL: not set. Authentication needs both."])
    return settings.clients, settings.public_url


def _guard(app: Flask, settings: Settings, clients: Mapping[str, Client], store: Store) -> None:
    """Let in who may call: registered clients, or without authentication this machine alone."""
    if settings.auth == "off":
        refuse_others(app)
        return
    file, public_url = _name_clients(settings)
    callers = open_callers(clients, file, settings.keys_ca)
    authenticate_callers(app, callers, UsedTokens(store.engine, time.time), public_url)


def _open_tenants(clients: Iterable[Client], settings: Settings, content: Content | None) -> LiveTenants:
    """The tenants, their content following its files; content that was given has none to follow."""
    found = tuple(clients)
    if content is not None or not settings.reload:
        return LiveTenants(ContentState(build_tenants(found, settings, content)))
    overlays = {overlay for client in found if (overlay := client.apply(settings).overlay) is not None}
    source = ContentSource(
        rebuild=lambda tenants: reload_tenants(tenants, settings),
        stamp=lambda: stamp_content(overlays),
        every=settings.reload,
    )
    # Taken before the files are read: what changes while they are is seen by the first look.
    seen = source.stamp()
    return LiveTenants(ContentState(build_tenants(found, settings)), source, seen)


def _open_store(app: Flask, settings: Settings) -> Store:
    place = find_place(settings.database, Path(app.instance_path))
    return open_store(place.url, _audit_rules(settings), place.spill_folder)


def _audit_rules(settings: Settings) -> WriterRules:
    return WriterRules(synchronous=settings.audit == "sync", on_failure=count_audit_failure)


def _warm_up(tenants: Iterable[Tenant]) -> None:
    """Do at start what the first request would pay for."""
    for hook in {service.hook for tenant in tenants for service in tenant.content.services.values()}:
        load_validator(hook)
    warm_up()


def _serve(host: str, **options: Any) -> None:
    if not is_loopback(host):
        mend = "leave it at 127.0.0.1, and serve others by gunicorn behind a proxy."
        raise click.UsageError(f"--host: this server is for development and serves this machine alone; {mend}")
    # Ended by a signal, the process still runs what was registered for its exit: the audit is written.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        click.get_current_context().invoke(run_command, host=host, **options)
    except (SettingsError, ClientsError, ContentError, RevisionError) as error:
        raise click.ClickException(str(error)) from None


class CommandLine(FlaskGroup):
    """Flask's group; its help lists the commands without starting the service."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in alphabetical order."""
        return click.Group.list_commands(self, ctx)


main = CommandLine(
    name="pgx-cds",
    create_app=create_app,
    load_dotenv=False,
    help="Personalised treatment decision support over CDS Hooks.",
)
for _each in (audit, check, db, identify, new, read, recommend, terms, translate, try_request):
    main.add_command(_each.command)
main.add_command(click.Command("run", params=run_command.params, callback=_serve, help=run_command.help))


if __name__ == "__main__":
    main()
