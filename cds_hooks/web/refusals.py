"""Every exception of the app is answered by its status and an OperationOutcome."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import orjson
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from cds_hooks.errors import SHOWN_FAULTS, EdgeError, Fault, MalformedRequestError, make_outcome, name_frames

OUTCOME_TYPE = "application/fhir+json"
_LOG = logging.getLogger(__name__)
_HTTP_CODES = {404: "not-found", 405: "not-supported", 413: "too-long", 415: "not-supported"}
_HTTP_MENDS = {
    404: "Discovery is at /cds-services.",
    405: "Discovery and health are read by GET, services and feedback are called by POST.",
    413: "Send less prefetch, or raise PGX_CDS_BODY_LIMIT.",
    415: "Send application/json.",
}


def register_handlers(app: Flask) -> None:
    """Answer every exception of the app by its status and an OperationOutcome."""
    app.register_error_handler(EdgeError, _answer_edge_error)
    app.register_error_handler(RecursionError, _answer_deep_nesting)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, _answer_unexpected)


def _respond(status: int, faults: Sequence[Fault]) -> Response:
    return Response(orjson.dumps(make_outcome(faults)), status=status, content_type=OUTCOME_TYPE)


def _answer_edge_error(error: EdgeError) -> Response:
    faults = [f"{fault.where}: {fault.what}" for fault in error.faults[:SHOWN_FAULTS]]
    _LOG.info("refused", extra={"status": error.status, "faults": faults})
    return _respond(error.status, error.faults)


def _answer_deep_nesting(error: RecursionError) -> Response:
    fault = Fault("", "the JSON is nested too deeply", "No FHIR resource needs this.", "structure")
    return _answer_edge_error(MalformedRequestError(fault))


def _answer_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return Response(status=status, headers=error.get_headers())
    what = f"{status} {error.name}"
    response = _respond(status, [Fault("", what, _HTTP_MENDS.get(status, ""), _HTTP_CODES.get(status, "processing"))])
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _answer_unexpected(error: Exception) -> Response:
    """A fault of ours: the caller learns that, the log learns where; neither learns any value of the request."""
    _LOG.error("unexpected", extra={"status": 500, "error": type(error).__name__, "frames": name_frames(error)})
    fault = Fault("", "the service failed", "The request was not answered; the service's log says where.", "exception")
    return _respond(500, [fault])
