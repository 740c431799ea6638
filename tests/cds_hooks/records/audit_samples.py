"""Events to audit, and what came of them."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import select

from cds_hooks.records.audit_check import Verdict, check_audit
from cds_hooks.records.audit_event import (
    AuditEvent,
    CallEntry,
    CardEntry,
    ConsentEntry,
    ReadEntry,
    describe_call,
)
from cds_hooks.records.store import Store
from cds_hooks.records.tables import AUDIT_EVENT

CARD = CardEntry(
    "1b6f4e4e-6d0e-4b6e-9a55-0c1f0a0e6a01", "critical", ("clopidogrel/cpic/poor-acs-pci",), "MedicationRequest/draft-1"
)
SEARCH = ReadEntry("Observation", "search", "fhir.example.org", "ok", 12.34, ("patient", "code"))
READ = ReadEntry("Patient", "read", "fhir.example.org", "ok", 3.0, resource_id="demo-1")
FAILED = ReadEntry("Condition", "search", "fhir.example.org", "timeout", 2000.0, ("patient",))
CONSENT = ConsentEntry("permit", "a consent permits treatment", ("Consent/c-1",))


def make_call(**changes: object) -> CallEntry:
    """A whole call, or one that differs from it."""
    members: dict[str, object] = {
        "service": "pgx-order-sign",
        "hook": "order-sign",
        "hook_instance": "6bc883b2-b795-4dcb-b661-34884a31d472",
        "user": "Practitioner/demo-9",
        "patient": "demo-1",
        "content": "d" * 64,
        "cards": (CARD,),
        "reads": (SEARCH, READ, FAILED),
        "consent": CONSENT,
        "timings": {"total": 4.2},
    }
    return CallEntry(**{**members, **changes})  # type: ignore[arg-type]


def make_event(request: str = "r-1", **changes: object) -> AuditEvent:
    """The event of a call."""
    return describe_call("local", request, make_call(**changes))


def bodies(store: Store) -> list[str]:
    """The bodies of all rows, in the order of their storing."""
    with store.engine.connect() as connection:
        return list(connection.execute(select(AUDIT_EVENT.c.body).order_by(AUDIT_EVENT.c.id)).scalars())


def verify(store: Store) -> Verdict:
    """What `pgx-cds audit verify` finds, without a log."""
    with store.engine.connect() as connection:
        return check_audit(connection)


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Return once something holds; fails where it does not come to hold."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not come to hold"
        time.sleep(0.01)
