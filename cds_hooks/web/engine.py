"""What the views answer with: the tenants, the records, the day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from flask import current_app, g

from cds_hooks.clients import LOCAL
from cds_hooks.records.store import Store
from cds_hooks.tenant import Tenant
from cds_hooks.web.live_tenants import LiveTenants

EXTENSION = "pgx-cds"


@dataclass(frozen=True)
class Engine:
    """`app.extensions["pgx-cds"]`."""

    tenants: LiveTenants
    """By the client's name; a call is answered from what `tenant` keeps, and sees one state of the content."""
    store: Store
    card_key: bytes = field(repr=False)
    """Secret by which cards are known again."""
    today: Callable[[], date] = date.today
    """The day that ages are counted to."""


def engine() -> Engine:
    """The running app's engine."""
    found: Engine = current_app.extensions[EXTENSION]
    return found


def tenant() -> Tenant:
    """The tenant of the request: the authenticated client's, the local one where authentication is off.

    The request keeps it: content that is loaded meanwhile is for the next one.
    """
    if "tenant" not in g:
        g.tenant = engine().tenants[g.get("client", LOCAL)]
    found: Tenant = g.tenant
    return found
