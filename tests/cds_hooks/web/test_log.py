"""Logs: one JSON object a line, one line a request, and of what libraries say nothing that may hold data."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from samples import SETTINGS

from app import create_app
from cds_hooks.content import Content
from cds_hooks.web.log import log_thread_faults, make_formatter, start_logging

MARKER = "ZmarkerZ"
URL = "/cds-services/pgx-order-select"


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Any:
    """What has been logged since the last call, parsed; what the audit's own threads say in between is left out."""

    def read() -> list[dict[str, Any]]:
        parsed = [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]
        return [line for line in parsed if line.get("message") != "audit anchor"]

    return read


@pytest.fixture
def level() -> Iterator[None]:
    """Whatever a test sets, later ones log as usual."""
    yield
    start_logging("INFO")


def test_a_request_is_one_line_with_its_stages(client: FlaskClient, order_select: dict[str, Any], lines: Any) -> None:
    """Every member."""
    lines()
    client.post(URL, json=order_select, headers={"X-Request-Id": "abc-1"})
    (line,) = lines()
    assert line.pop("time").endswith("+00:00")
    stages = line.pop("stages")
    assert list(stages) == ["parse", "record", "consent", "facts", "evaluate", "cards", "repeats", "check", "store"]
    assert line.pop("ms") >= max(stages.values())
    assert line == {
        "level": "INFO",
        "logger": "cds_hooks.web.log",
        "message": "request",
        "tenant": "local",
        "method": "POST",
        "route": "/cds-services/<service_id>",
        "status": 200,
        "service": "pgx-order-select",
        "orders": 1,
        "cards": 1,
        "unknown_drugs": 0,
        "held_back": 0,
        "request_id": "abc-1",
    }


def test_every_line_of_a_request_carries_its_id(client: FlaskClient, lines: Any) -> None:
    """Those before the last one, too; and nothing stays for the next request."""
    lines()
    client.post(URL, data=b"{", content_type="application/json", headers={"X-Request-Id": "first"})
    client.post(URL, data=b"{", content_type="application/json")
    ids = [line["request_id"] for line in lines()]
    assert ids[:2] == ["first", "first"]
    assert ids[2] == ids[3] != "first"
    assert structlog.contextvars.get_contextvars() == {}


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/metrics"])
def test_probes_are_logged_at_debug_only(content: Content, path: str, lines: Any, level: None) -> None:
    """They come every few seconds; what goes wrong is told all the same."""
    client = create_app(SETTINGS, content).test_client()
    client.get(path)
    assert lines() == []
    start_logging("DEBUG")
    client.get(path)
    assert [(line["level"], line["route"]) for line in lines()] == [("DEBUG", path)]


@pytest.mark.parametrize(
    ("message", "arguments", "shown"),
    [
        ("Retrying (%r) after %r: %s", (2, MARKER, MARKER), "Retrying (2) after '…': …"),
        (f"Invalid request: {MARKER}", (), "text of a library, not shown"),
        ("pid %d of %s", (17, MARKER), "pid 17 of …"),
        ("number %d", (MARKER,), "number %d"),
        ("%(name)s", ({"name": MARKER},), "%(name)s"),
        ("%s and %s", (MARKER,), "%s and %s"),
    ],
)
def test_a_librarys_message_shows_its_template_and_numbers(
    message: str, arguments: tuple[Any, ...], shown: str
) -> None:
    """Never what it filled in."""
    record = logging.LogRecord("somebody.else", logging.WARNING, "place.py", 7, message, arguments, None, "work")
    record.url = MARKER
    line = make_formatter().format(record)
    assert orjson.loads(line)["message"] == shown
    assert MARKER not in line


def test_an_exception_is_logged_by_type_and_frames(app: Flask, lines: Any) -> None:
    """Of ours and of a library's; never what it says."""
    lines()
    for name in ("cds_hooks.somewhere", "somebody.else"):
        try:
            raise ValueError(MARKER)
        except ValueError:
            logging.getLogger(name).exception("it %s", "failed")
    found = lines()
    assert [(line["message"], line["error"], len(line["frames"])) for line in found] == [
        ("it failed", "ValueError", 1),
        ("it …", "ValueError", 1),
    ]
    assert MARKER not in str(found)


def test_libraries_are_heard_from_warning_on(app: Flask, lines: Any) -> None:
    """Whatever level they set themselves."""
    lines()
    logger = logging.getLogger("somebody.loud")
    logger.setLevel(logging.DEBUG)
    logger.info("talk %s", 1)
    logger.warning("trouble %s", 1)
    assert [line["message"] for line in lines()] == ["trouble 1"]


def test_a_logger_of_structlog_writes_the_same_lines(app: Flask, lines: Any) -> None:
    """One form for everybody."""
    lines()
    structlog.get_logger("cds_hooks.elsewhere").info("written", rows=3)
    (line,) = lines()
    assert {key: line[key] for key in ("level", "logger", "message", "rows")} == {
        "level": "INFO",
        "logger": "cds_hooks.elsewhere",
        "message": "written",
        "rows": 3,
    }


def test_a_value_that_is_no_json_is_named_by_its_type(app: Flask, lines: Any) -> None:
    """It may be anything, and its words may be data."""
    lines()
    logging.getLogger("cds_hooks.elsewhere").info("odd", extra={"given": ValueError(MARKER)})
    assert [line["given"] for line in lines()] == ["ValueError"]


def test_a_thread_that_fails_is_logged_without_the_message(
    app: Flask, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python prints the whole exception otherwise."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    log_thread_faults()

    def fail() -> None:
        raise ValueError(MARKER)

    lines()
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    (line,) = lines()
    assert (line["level"], line["message"], line["error"]) == ("CRITICAL", "thread ended", "ValueError")
    assert MARKER not in str(line)
