"""The audit of calls: what was asked and shown is recorded before the answer goes out, refusals included.

Everything that an event says of a call is gathered here. Nothing unaudited leaves: where an event cannot be stored in
time, the caller gets 503.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request

from cards.card import Card
from cds_hooks.clients import LOCAL
from cds_hooks.consent.decision import Decision
from cds_hooks.errors import StorageError, WithdrawnError
from cds_hooks.fhir.reads import ReadLog
from cds_hooks.hook_request import HookRequest
from cds_hooks.records.audit_event import (
    CallEntry,
    CardEntry,
    ConsentEntry,
    ReadEntry,
    RefusalEntry,
    describe_call,
    describe_refusal,
)
from cds_hooks.records.feedback import Feedback
from cds_hooks.services.service import Service
from cds_hooks.tenant import Tenant
from cds_hooks.web.answer import Worked
from cds_hooks.web.engine import engine
from cds_hooks.web.log import find_tenant_name

_ASKED = {"hooks.call": "cards", "hooks.take_feedback": "feedback"}
_UNKNOWN = "unknown"
"""The tenant of a caller who did not show who it is."""


def record_call(asked: HookRequest, service: Service, tenant: Tenant, worked: Worked) -> None:
    """Record a hook call, and remember its cards, before it is answered. Raises StorageError where it may not be."""
    entry = CallEntry(
        service=service.id,
        hook=service.hook,
        hook_instance=asked.hook_instance,
        user=asked.user_id,
        patient=asked.patient_id,
        content=tenant.content.library.digest,
        cards=_list_cards(worked.cards),
        held_back=_list_cards(worked.held_back),
        reads=_list_reads(),
        consent=_describe_consent(worked.consent),
        timings=_list_timings(),
    )
    with _told_once():
        engine().store.record(describe_call(tenant.client.name, g.request_id, entry), worked.remembered)


def record_feedback(service: Service, tenant: Tenant, items: Sequence[Feedback]) -> None:
    """Store feedback and record it; waits until both are done. Raises StorageError where neither is."""
    with _told_once():
        engine().store.add_feedback(tenant.client.name, g.request_id, service.id, items)


@contextmanager
def _told_once() -> Iterator[None]:
    """A call whose row says that it was withdrawn needs none that says that it failed."""
    try:
        yield
    except WithdrawnError:
        g.withdrawn = True
        raise


def record_refusals(app: Flask) -> None:
    """Record every hook call and every feedback that ends with an error, whoever refused it."""

    @app.after_request
    def record(response: Response) -> Response:
        asked = _ASKED.get(request.endpoint or "")
        if response.status_code < 400 or asked is None or "request_id" not in g or "withdrawn" in g:
            return response
        event = describe_refusal(_name_tenant(), g.request_id, _describe_refused(asked, response.status_code))
        try:
            engine().store.record(event)
        except StorageError as error:
            return current_app.make_response(current_app.handle_user_exception(error))
        return response


def _describe_refused(asked: str, status: int) -> RefusalEntry:
    """Who asked for whom is known once the body has been understood; what was read before the refusal, too."""
    call: HookRequest | None = g.get("asked")
    return RefusalEntry(
        asked=asked,
        service=_name_service(),
        status=status,
        hook_instance=call.hook_instance if call else None,
        user=call.user_id if call else None,
        patient=call.patient_id if call else None,
        reads=_list_reads(),
    )


def _name_tenant() -> str:
    return find_tenant_name() or (LOCAL if LOCAL in engine().tenants else _UNKNOWN)


def _name_service() -> str | None:
    """The service that was called; whatever else stood in its place is not kept."""
    called: str = (request.view_args or {}).get("service_id", "")
    return called if any(called in tenant.content.services for tenant in engine().tenants.values()) else None


def _list_cards(cards: Sequence[Card]) -> tuple[CardEntry, ...]:
    return tuple(
        CardEntry(
            uuid=card.uuid,
            indicator=card.indicator,
            rows=card.rows,
            order=card.extension.get("order"),
        )
        for card in cards
    )


def follow_call(asked: HookRequest, tenant: Tenant, log: ReadLog) -> None:
    """Let the audit have who asked for whom, and what is read from the FHIR server, whatever becomes of the request."""
    access = tenant.fhir.choose_access(asked.access)
    g.asked, g.reads, g.fhir_server = asked, log, _find_host(access.server if access else "")


def _find_host(server: str) -> str:
    try:
        return urlsplit(server).hostname or _UNKNOWN
    except ValueError:
        return _UNKNOWN


def _list_reads() -> tuple[ReadEntry, ...]:
    log: ReadLog | None = g.get("reads")
    if log is None:
        return ()
    return tuple(
        ReadEntry(
            resource_type=read.resource_type or _UNKNOWN,
            interaction=read.interaction,
            server=g.fhir_server,
            outcome="ok" if read.reason is None else read.reason.value,
            milliseconds=read.milliseconds,
            parameters=read.parameters,
            resource_id=read.resource_id,
        )
        for read in log.so_far()
    )


def _describe_consent(decision: Decision | None) -> ConsentEntry | None:
    if decision is None:
        return None
    return ConsentEntry(decision.outcome.value, decision.reason, decision.consents)


def _list_timings() -> Mapping[str, float]:
    """Milliseconds by stage, as the request's line in the log has them, and since its arrival."""
    stages = {stage: round(seconds * 1000, 1) for stage, seconds in g.laps.seconds.items()}
    return stages | {"total": round((time.perf_counter() - g.started) * 1000, 1)}
