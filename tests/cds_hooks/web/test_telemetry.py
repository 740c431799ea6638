"""Traces are an extra, off by default, and hold no word of the caller's."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from flask import Flask
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from samples import SETTINGS

from app import create_app
from cds_hooks.content import Content
from cds_hooks.settings import SettingsError
from cds_hooks.web.telemetry import start_telemetry

MARKER = "ZmarkerZ"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HEADERS = {
    "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
    "tracestate": f"vendor={MARKER}",
    "baggage": f"patient={MARKER}",
    "User-Agent": MARKER,
    "Host": f"{MARKER}.example.org",
    "X-Patient": MARKER,
}


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Keeps what would be sent."""
    return InMemorySpanExporter()


@pytest.fixture
def traced(content: Content, exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The service, traced into memory; headers asked for as spans would take them."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST", ".*")
    app = create_app(SETTINGS, content)

    @app.get("/fail/<name>")
    def fail(name: str) -> str:
        raise ValueError(name)

    start_telemetry(app, "otlp", exporter)
    return app


def test_a_span_tells_route_and_status(
    traced: Flask, exporter: InMemorySpanExporter, order_select: dict[str, Any]
) -> None:
    """And takes the caller's trace on."""
    url = f"/cds-services/pgx-order-select?patient={MARKER}"
    assert traced.test_client().post(url, json=order_select, headers=HEADERS).status_code == 200
    (span,) = exporter.get_finished_spans()
    assert span.name == "POST /cds-services/<service_id>"
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == TRACE
    assert dict(span.attributes or {}) == {
        "http.method": "POST",
        "http.scheme": "http",
        "http.flavor": "1.1",
        "http.route": "/cds-services/<service_id>",
        "http.status_code": 200,
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/cds-services/pgx-order-select?patient={MARKER}"),
        ("POST", f"/cds-services/{MARKER}"),
        ("GET", f"/{MARKER}?q={MARKER}"),
        ("GET", f"/fail/{MARKER}"),
        (MARKER.upper(), "/cds-services"),
    ],
    ids=["query", "service", "no route", "failure", "method"],
)
def test_no_word_of_the_caller_is_in_a_span(
    traced: Flask, exporter: InMemorySpanExporter, method: str, path: str
) -> None:
    """Whatever the request holds and however it ends."""
    traced.test_client().open(path, method=method, data=MARKER, headers=HEADERS)
    spans = exporter.get_finished_spans()
    assert len(spans) == 1
    assert MARKER.lower() not in "".join(span.to_json() for span in spans).lower()
    assert [(span.events, span.links, span.status.description) for span in spans] == [((), (), None)]
    assert [span.context.trace_state for span in spans if span.context] == [{}]


def test_probes_are_not_traced(traced: Flask, exporter: InMemorySpanExporter) -> None:
    """They come every few seconds."""
    for path in ("/health", "/health/live", "/health/ready", "/metrics"):
        assert traced.test_client().get(path).status_code == 200
    assert exporter.get_finished_spans() == ()


def test_nothing_is_imported_when_telemetry_is_off(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service starts without the extra."""
    monkeypatch.setitem(sys.modules, "opentelemetry.instrumentation.flask", None)
    create_app(SETTINGS, content)


def test_the_service_does_not_start_when_telemetry_is_asked_for_and_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the words that help."""
    monkeypatch.setitem(sys.modules, "opentelemetry.instrumentation.flask", None)
    with pytest.raises(SettingsError) as caught:
        start_telemetry(Flask("app"), "otlp")
    assert caught.value.faults == (
        "PGX_CDS_TELEMETRY: asks for OpenTelemetry, which is not installed. "
        "Install pgx-cds[telemetry], or set PGX_CDS_TELEMETRY=off.",
    )
