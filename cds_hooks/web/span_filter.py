"""What of a span may leave: its times, its ids, the route and the status; no word of the caller's.

Imported only where the extra `telemetry` is installed.
"""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, Status

_METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE")
_KEPT = frozenset(
    {
        "http.method",
        "http.request.method",
        "http.route",
        "http.status_code",
        "http.response.status_code",
        "http.flavor",
        "http.scheme",
    }
)
"""Attributes that hold no word of the caller's. Not among them: addresses, query strings, headers, exceptions."""


class FilteredExporter(SpanExporter):
    """Hands spans to another exporter, with what may leave of them."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export the filtered spans."""
        return self._exporter.export([filter_span(span) for span in spans])

    def shutdown(self) -> None:
        """Shut the other exporter down."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Let the other exporter finish."""
        return self._exporter.force_flush(timeout_millis)


def filter_span(span: ReadableSpan) -> ReadableSpan:
    """The same span with a name, attributes and a status that quote nothing; without events and links."""
    attributes = {key: value for key, value in (span.attributes or {}).items() if key in _KEPT}
    for key in ("http.method", "http.request.method"):
        if key in attributes and attributes[key] not in _METHODS:
            attributes[key] = "other"
    method = attributes.get("http.request.method", attributes.get("http.method", "other"))
    return ReadableSpan(
        name=f"{method} {attributes.get('http.route', '')}".rstrip(),
        context=_without_state(span.context),
        parent=_without_state(span.parent),
        resource=span.resource,
        attributes=attributes,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _without_state(context: SpanContext | None) -> SpanContext | None:
    """Ids only: `tracestate` is a header that callers write."""
    if context is None:
        return None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)
