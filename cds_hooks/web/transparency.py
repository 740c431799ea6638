"""`GET /transparency/<row id>`: what a rule rests on, for whoever reads a card.

Open to all, with authentication as well: it holds content and nothing of any patient, and a clinician's browser that
follows a card's link brings no token.
"""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, render_template, request

from cds_hooks.errors import Fault, UnknownRowError
from cds_hooks.web.engine import engine
from cds_hooks.web.page_guard import guard_page
from cds_hooks.web.row_page import describe_row
from knowledge.disclosure import disclose_row
from knowledge.library import Library

blueprint = Blueprint(
    "transparency",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/transparency/static",
)
blueprint.after_request(guard_page)


@blueprint.get("/transparency/<path:row_id>")
def show_row(row_id: str) -> Response:
    """One row's page: JSON, or HTML where that is what is preferred.

    `?content=` names the content's version that a card was made from; clients may have content of their own.
    """
    asked = request.args.get("content")
    library = _find_library(asked)
    told = disclose_row(library, row_id)
    if told is None:
        mend = "A row's id is in the card's extension, such as clopidogrel/cpic/poor-acs-pci."
        raise UnknownRowError(Fault("", "no row has this id", mend, "not-found"))
    page = describe_row(library, told, engine().today()) | {"current": asked in (None, library.version)}
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        response = Response(render_template("transparency.html", page=page), content_type="text/html; charset=utf-8")
    else:
        response = Response(orjson.dumps(page), content_type="application/json")
    response.vary.add("Accept")
    return response


def _find_library(version: str | None) -> Library:
    """The content of that version, where any client is answered from it; else the first client's."""
    libraries = engine().tenants.state.libraries
    return next((one for one in libraries if one.version == version), libraries[0])
