"""The HTTP face of CDS Hooks: discovery, services, and feedback.

https://cds-hooks.hl7.org/2.0/ ; the OperationOutcome of a failed call and `version` in discovery are 3.0's.
"""

from __future__ import annotations

import math

import orjson
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from cds_hooks.errors import Fault, UnknownServiceError, UnsupportedMediaError
from cds_hooks.fhir.reads import ReadBudget
from cds_hooks.hook_request import parse_request
from cds_hooks.records.feedback import read_feedback
from cds_hooks.services.service import Service
from cds_hooks.web.answer import work_out
from cds_hooks.web.deadline import deadline
from cds_hooks.web.engine import engine, tenant
from cds_hooks.web.log import tell
from cds_hooks.web.measuring import measure_answer
from cds_hooks.web.metrics import count_fhir_call
from cds_hooks.web.recording import follow_call, record_call, record_feedback
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
    g.laps.end("parse")
    repetition = Repetition(engine().card_key, engine().store.engine)
    budget = ReadBudget(deadline())
    follow_call(hook_request, tenant(), budget.log)
    try:
        worked = work_out(hook_request, service, tenant(), engine().today(), repetition, g.laps, budget)
    finally:
        for read in budget.log.so_far():
            count_fhir_call(read.reason, read.milliseconds / 1000)
    answer = worked.to_json()
    g.laps.end("check")
    record_call(hook_request, service, tenant(), worked)
    g.laps.end("store")
    unknown = sum(gap.kind == "drug_unknown" for each in worked.answers for gap in each.gaps)
    tell(orders=len(worked.facts.orders), cards=len(answer["cards"]), unknown_drugs=unknown)
    tell(held_back=len(worked.held_back))
    measure_answer(worked)
    return Response(orjson.dumps(answer), content_type=_JSON)


@blueprint.post("/cds-services/<service_id>/feedback")
def take_feedback(service_id: str) -> Response:
    """Store what became of cards."""
    service = _find_service(service_id)
    items = read_feedback(_read_body())
    record_feedback(service, tenant(), items)
    tell(items=len(items))
    return Response(status=200)


def _find_service(service_id: str) -> Service:
    service = tenant().content.services.get(service_id)
    if service is None:
        known = ", ".join(tenant().content.services)
        raise UnknownServiceError(Fault("", "no service has this id", f"Known are {known}.", "not-found"))
    tell(service=service.id)
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
