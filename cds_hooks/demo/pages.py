"""The first page: pick a synthetic patient and a medicine, fire a hook, see the cards.

The page works without JavaScript: the form is a GET of `/` with `fire=yes`, answered inside this process. With
JavaScript the browser sends the request shown to the real endpoint, and this module only renders the answer. It is
served where no authentication is asked for: with authentication, a page that calls the services could not.
"""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, abort, render_template, request, url_for

from cds_hooks.demo.chart import read_chart
from cds_hooks.demo.choice import Choice, ChoiceError, read_choice, service_of
from cds_hooks.demo.drafts import build_request
from cds_hooks.demo.firing import Fired, fire, show_call
from cds_hooks.demo.markdown_detail import render_markdown
from cds_hooks.demo.patients import load_patients
from cds_hooks.errors import Fault, InvalidRequestError, UnsupportedMediaError
from cds_hooks.hook_request import parse_json
from cds_hooks.services.service import Service
from cds_hooks.web.engine import engine, tenant
from cds_hooks.web.health import find_version
from cds_hooks.web.page_guard import guard_page

blueprint = Blueprint(
    "demo", __name__, template_folder="templates", static_folder="static", static_url_path="/demo/static"
)
blueprint.add_app_template_filter(render_markdown, "markdown")
blueprint.after_request(guard_page)

_LONGEST_WAIT = 3_600_000


@blueprint.errorhandler(ChoiceError)
def refuse_choice(error: ChoiceError) -> tuple[str, int]:
    """A page that says what cannot be chosen, and how to go on."""
    return render_template("error.html", error=error, **_shared()), error.status


@blueprint.get("/")
def show_first_page() -> str:
    """The form, the chosen patient's chart, and with `fire=yes` the answer."""
    chosen = _read_choice()
    fired = _fire(chosen) if request.args.get("fire") == "yes" else None
    return render_template("first_page.html", **_shared(), **_choices(), chosen=chosen, fired=fired, **_chart(chosen))


@blueprint.get("/demo/request")
def draft_request() -> Response:
    """The hook request of a choice: where to send it, and the body as text, to be sent as it is."""
    chosen = _read_choice()
    service = service_of(chosen, tenant().content)
    return _json({"url": url_for("hooks.call", service_id=service.id), "service": service.id, "body": _draft(chosen)})


@blueprint.get("/demo/chart")
def show_chart() -> str:
    """The chart of a chosen patient, as a part of the page."""
    chosen = _read_choice()
    return render_template("chart.html", chosen=chosen, **_chart(chosen))


@blueprint.post("/demo/result")
def show_result() -> str:
    """The answer to a call that the browser made, as a part of the page, with the explanation worked out anew.

    Body: JSON with `service` (its id), `request` and `response` (texts), `status` and `milliseconds` (numbers).
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaError(Fault("", "the body's media type is not JSON", "Send application/json."))
    data = parse_json(request.get_data(cache=False))
    service = _find_service(_member(data, "service", str))
    fired = show_call(
        tenant(),
        engine().today(),
        service,
        _member(data, "request", str),
        _member(data, "response", str),
        _member(data, "status", int),
        min(_member(data, "milliseconds", int), _LONGEST_WAIT),
    )
    return render_template("result.html", fired=fired)


def _read_choice() -> Choice:
    return read_choice(request.args, tenant().content)


def _fire(chosen: Choice) -> Fired:
    return fire(tenant(), engine().today(), service_of(chosen, tenant().content), _draft(chosen))


def _draft(chosen: Choice) -> str:
    built = build_request(chosen.patient, service_of(chosen, tenant().content), chosen.drug)
    return orjson.dumps(built, option=orjson.OPT_INDENT_2).decode()


def _shared() -> dict[str, Any]:
    library = tenant().content.library
    return {"version": find_version(), "library": library}


def _choices() -> dict[str, Any]:
    content = tenant().content
    return {
        "patients": tuple(load_patients().values()),
        "drugs": sorted(content.library.drugs.values(), key=lambda drug: drug.id),
        "services": tuple(content.services.values()),
    }


def _chart(chosen: Choice) -> dict[str, Any]:
    return {"sections": read_chart(chosen.patient)}


def _find_service(service_id: str) -> Service:
    service = tenant().content.services.get(service_id)
    if service is None:
        abort(404)
    return service


def _member(data: object, name: str, kind: type) -> Any:
    value = data.get(name) if isinstance(data, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise InvalidRequestError(Fault(f"/{name}", f"must be {'a text' if kind is str else 'a whole number'}"))
    return value


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), content_type="application/json")
