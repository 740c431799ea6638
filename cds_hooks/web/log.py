"""Structured logs: one JSON object a line on standard error, one line a request, no patient data.

What may be logged: the service's id, the status, times, counts, places of faults, reasons. Never: bodies, ids of
patients or orders, tokens, user comments, exception messages (they may quote data).
"""

from __future__ import annotations

import logging
import re
import sys
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
from flask import Flask, Response, g, has_request_context, request

_LOG = logging.getLogger(__name__)
_HARMLESS = re.compile(r"[0-9A-Za-z._-]{1,64}")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON, with the request's id where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if has_request_context() and "request_id" in g:
            line["request_id"] = g.request_id
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        return orjson.dumps(line, default=str).decode()


def start_logging(level: str) -> None:
    """Log this project's modules as JSON on standard error; libraries stay silent below WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    for name in ("cds_hooks", "cards", "knowledge"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False


def log_requests(app: Flask) -> None:
    """Give every request an id (the caller's, when harmless), send it back, and log one line at its end."""

    @app.before_request
    def start() -> None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _HARMLESS.fullmatch(given) else uuid4().hex
        g.started = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        if "request_id" not in g:
            return response
        response.headers["X-Request-Id"] = g.request_id
        milliseconds = round((time.perf_counter() - g.started) * 1000, 1)
        route = request.url_rule.rule if request.url_rule else None
        told = {"method": request.method, "route": route, "status": response.status_code, "ms": milliseconds}
        _LOG.info("request", extra=told | g.get("told", {}))
        return response


def tell(**facts: object) -> None:
    """Add facts to the request's line. They must not identify a patient."""
    g.told = g.get("told", {}) | facts
