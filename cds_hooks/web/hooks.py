"""The HTTP face of CDS Hooks: discovery, services, feedback, and health.

https://cds-hooks.hl7.org/2.0/ ; the OperationOutcome of a failed call and `version` in discovery are 3.0's.
"""

from __future__ import annotations

import math
from importlib.metadata import PackageNotFoundError, version

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from cds_hooks.errors import Fault, UnknownServiceError, UnsupportedMediaError
from cds_hooks.hook_request import parse_request
from cds_hooks.records.feedback import read_feedback
from cds_hooks.services.service import Service
from cds_hooks.tenant import CDS_HOOKS_VERSION
from cds_hooks.web.answer import work_out
from cds_hooks.web.engine import engine, tenant
from cds_hooks.web.log import tell
from cds_hooks.web.repeated_cards import Repetition

_JSON = "application/json"

blueprint = Blueprint("hooks", __name__)


@blueprint.get("/cds-services")
@blueprint.get("/cds-services/", endpoint="discover_with_slash")
def discover() -> Response:
    """List the services."""
    return Response(tenant().discovery, content_type=_JSON)


@blueprint.post("/cds-services/<service_id>")
def call(service_id: str) -> Response:
    """Answer one hook request with cards."""
    service = _find_service(service_id)
    hook_request = parse_request(_read_body(), service.hook)
    repetition = Repetition(engine().card_key, engine().store.engine)
    worked = work_out(hook_request, service, tenant(), engine().today(), repetition)
    answer = worked.to_json()
    engine().store.add_cards(worked.remembered)
    unknown = sum(gap.kind == "drug_unknown" for each in worked.answers for gap in each.gaps)
    tell(service=service.id, orders=len(worked.facts.orders), cards=len(answer["cards"]), unknown_drugs=unknown)
    tell(held_back=len(worked.held_back))
    return Response(orjson.dumps(answer), content_type=_JSON)


@blueprint.post("/cds-services/<service_id>/feedback")
def take_feedback(service_id: str) -> Response:
    """Store what became of cards."""
    service = _find_service(service_id)
    items = read_feedback(_read_body())
    engine().store.add_feedback(tenant().client.name, service.id, items)
    tell(service=service.id, items=len(items))
    return Response(status=200)


@blueprint.get("/health")
def report_health() -> Response:
    """Say that the service runs, on which content and version, and whether its store answers."""
    library, stored = tenant().content.library, engine().store.is_reachable()
    health = {
        "status": "ok" if stored else "failing",
        "version": find_version(),
        "cdsHooks": CDS_HOOKS_VERSION,
        "content": {
            "version": library.version,
            "digest": library.digest,
            "genes": len(library.genes),
            "drugs": len(library.drugs),
        },
        "database": "ok" if stored else "unreachable",
    }
    return Response(orjson.dumps(health), status=200 if stored else 503, content_type=_JSON)


def find_version() -> str:
    """The installed project's version; "unknown" where it runs without being installed."""
    try:
        return version("pgx-cds")
    except PackageNotFoundError:
        return "unknown"


def _find_service(service_id: str) -> Service:
    service = tenant().content.services.get(service_id)
    if service is None:
        known = ", ".join(tenant().content.services)
        raise UnknownServiceError(Fault("", "no service has this id", f"Known are {known}.", "not-found"))
    return service


def _read_body() -> bytes:
    media = request.mimetype
    if media and media not in (_JSON, "application/json+fhir") and not media.endswith("+json"):
        fault = Fault("", "the body's media type is not JSON", "Send Content-Type: application/json.", "not-supported")
        raise UnsupportedMediaError(fault)
    if request.content_encoding:
        fault = Fault("", "the body is encoded", "Send it without Content-Encoding.", "not-supported")
        raise UnsupportedMediaError(fault)
    body = request.get_data(cache=False)
    if request.content_length is None and len(body) >= (request.max_content_length or math.inf):
        # A body without a length is cut at the limit by werkzeug, not refused.
        raise RequestEntityTooLarge
    return body
