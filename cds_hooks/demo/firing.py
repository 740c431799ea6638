"""One call of a service for the page: what was sent, what came back, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import orjson

from cds_hooks.demo.shown_card import ShownCard, read_cards
from cds_hooks.errors import EdgeError, make_outcome
from cds_hooks.hook_request import parse_json, parse_request
from cds_hooks.services.service import Service
from cds_hooks.tenant import Tenant
from cds_hooks.web.answer import Worked, work_out
from cds_hooks.web.explanation import explain


@dataclass(frozen=True)
class Fired:
    """A call and its answer, as texts; `cards` are read from the answer."""

    service: Service
    request: str
    response: str
    status: int
    cards: tuple[ShownCard, ...]
    why: tuple[str, ...]
    milliseconds: int | None = None
    """How long the browser waited; None where the page itself asked."""


def fire(tenant: Tenant, today: date, service: Service, request: str) -> Fired:
    """Answer a request inside this process, by the functions that answer it over HTTP."""
    try:
        worked = _work_out(tenant, today, service, request)
    except EdgeError as error:
        return Fired(service, request, _pretty(make_outcome(error.faults)), error.status, (), ())
    answer = worked.to_json()
    return Fired(service, request, _pretty(answer), 200, read_cards(answer), explain(worked.answers))


def show_call(
    tenant: Tenant, today: date, service: Service, request: str, response: str, status: int, milliseconds: int
) -> Fired:
    """A call that the browser made; only the explanation is worked out here, from the same request.

    Raises errors.EdgeError where the request is none, or the response is no JSON.
    """
    answer = parse_json(response.encode())
    if status != 200:
        return Fired(service, request, _pretty(answer), status, (), (), milliseconds)
    why = explain(_work_out(tenant, today, service, request).answers)
    return Fired(service, request, _pretty(answer), status, read_cards(answer), why, milliseconds)


def _work_out(tenant: Tenant, today: date, service: Service, request: str) -> Worked:
    asked = parse_request(request.encode(), service.hook)
    return work_out(asked, service, tenant, today)


def _pretty(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
