"""Logs: one JSON object a line on standard error, one line a request, no patient data.

What may be logged: the service's id, the client's name, the status, times, counts, places of faults, reasons. Never:
bodies, ids of patients or orders, tokens, user comments, addresses and query strings, exception messages (they may
quote data). What libraries log is theirs to word, so only its template is shown, with numbers filled in; where a
library filled in its template itself, the text is left out and the place in its code tells what happened.

`docs/logs.md` says what each line means.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TextIO
from uuid import uuid4

import orjson
import structlog
from flask import Flask, Response, g, has_request_context, request
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.types import EventDict, WrappedLogger

from cds_hooks.errors import name_frames
from cds_hooks.web.laps import Laps

_LOG = logging.getLogger(__name__)
_HARMLESS = re.compile(r"[0-9A-Za-z._-]{1,64}")
_OWN = ("cds_hooks", "cards", "knowledge")
_METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE")
_PROBES = ("/health", "/health/live", "/health/ready", "/metrics")
"""Asked for every few seconds: their lines are told at DEBUG only, as long as all is well."""
_EXTRA = structlog.stdlib.ExtraAdder()
_NOT_SHOWN = "text of a library, not shown"


class JsonHandler(logging.Handler):
    """Writes a record as one line of JSON to what standard error is at that moment."""

    def __init__(self, stream: Callable[[], TextIO] = lambda: sys.stderr) -> None:
        super().__init__()
        self._stream = stream
        self.setFormatter(make_formatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line; what cannot be written is lost, never shown in another form."""
        try:
            stream = self._stream()
            stream.write(f"{self.format(record)}\n")
            stream.flush()
        except Exception:
            # logging's own way out prints the record and the exception as they are, and these may quote data.
            return


def make_formatter() -> logging.Formatter:
    """The formatter of every line, whoever logs: this project's modules and the libraries."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            _say_what,
            _add_facts,
            _name_error,
            merge_contextvars,
            _name_tenant,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _render],
        pass_foreign_args=True,
        use_get_message=False,
    )


def start_logging(level: str) -> None:
    """Log this project's modules from `level` on, and libraries from WARNING on, by the same formatter."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, JsonHandler)]:
        root.removeHandler(handler)
    handler = JsonHandler()
    handler.addFilter(lambda record: _is_own(record.name) or record.levelno >= logging.WARNING)
    root.addHandler(handler)
    for name in _OWN:
        logging.getLogger(name).setLevel(level)
    # Flask's development server logs addresses with their query strings.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def log_thread_faults() -> None:
    """Log what ends a thread by type and frames; Python's own way prints the exception's message, too."""

    def tell_fault(fault: threading.ExceptHookArgs) -> None:
        frames = name_frames(fault.exc_value) if fault.exc_value else []
        _LOG.critical("thread ended", extra={"error": fault.exc_type.__name__, "frames": frames})

    threading.excepthook = tell_fault


def log_requests(app: Flask) -> None:
    """Give every request an id (the caller's, when harmless), send it back, and log one line at its end."""

    @app.before_request
    def start() -> None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _HARMLESS.fullmatch(given) else uuid4().hex
        g.started = time.perf_counter()
        g.laps = Laps()
        # A thread serves one request after another: nothing of the last one may stay.
        clear_contextvars()
        bind_contextvars(request_id=g.request_id)

    @app.after_request
    def finish(response: Response) -> Response:
        if "request_id" not in g:
            return response
        response.headers["X-Request-Id"] = g.request_id
        route = request.url_rule.rule if request.url_rule else None
        method = request.method if request.method in _METHODS else "other"
        told: dict[str, Any] = {"tenant": find_tenant_name(), "method": method, "route": route}
        told |= {"status": response.status_code, "ms": _milliseconds(time.perf_counter() - g.started)}
        if g.laps.seconds:
            told["stages"] = {stage: _milliseconds(spent) for stage, spent in g.laps.seconds.items()}
        quiet = route in _PROBES and response.status_code < 400
        _LOG.log(logging.DEBUG if quiet else logging.INFO, "request", extra=told | g.get("told", {}))
        return response

    @app.teardown_request
    def forget(_: BaseException | None) -> None:
        clear_contextvars()


def tell(**facts: object) -> None:
    """Add facts to the request's line. They must not identify a patient."""
    g.told = g.get("told", {}) | facts


def find_tenant_name() -> str | None:
    """The name of the client that the request is answered for; None as long as it is nobody's."""
    found = g.get("tenant")
    name: str | None = found.client.name if found is not None else g.get("client")
    return name


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _is_own(logger: str) -> bool:
    return logger.partition(".")[0] in _OWN


def _say_what(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Time, level, logger and message of a record; of a library's message nothing that may hold data."""
    record: logging.LogRecord = event["_record"]
    seconds = time.gmtime(record.created)
    line: dict[str, Any] = {
        "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', seconds)}.{int(record.msecs):03d}+00:00",
        "level": record.levelname,
        "logger": record.name,
        "message": _word(record, event["positional_args"]),
    }
    if not _is_own(record.name):
        line["place"] = f"{record.module}:{record.lineno} {record.funcName}"
    for key in ("_record", "_from_structlog"):
        line[key] = event[key]
    return line


def _word(record: logging.LogRecord, arguments: Any) -> str:
    """The message; of a library's only the template, its numbers filled in and everything else left out."""
    own, template = _is_own(record.name), str(record.msg)
    if not arguments:
        return template if own else _NOT_SHOWN
    if isinstance(arguments, tuple) and not own:
        arguments = tuple(one if isinstance(one, int | float) else "…" for one in arguments)
    elif not own:
        return template
    try:
        return str(template % arguments)
    except (TypeError, ValueError, KeyError):
        return template


def _add_facts(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """What our own modules gave as `extra`; what a library gives there is not known, and left out."""
    return _EXTRA(_LOG, "", event) if _is_own(event["_record"].name) else event


def _name_error(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """An exception's type and frames, where the record has one."""
    info = event["_record"].exc_info
    if isinstance(info, tuple) and info[1] is not None:
        event["error"] = info[0].__name__
        event["frames"] = name_frames(info[1])
    return event


def _name_tenant(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if "tenant" not in event and has_request_context() and (name := find_tenant_name()) is not None:
        event["tenant"] = name
    return event


def _render(_: WrappedLogger, __: str, event: EventDict) -> str:
    return orjson.dumps(event, default=lambda value: type(value).__name__).decode()
