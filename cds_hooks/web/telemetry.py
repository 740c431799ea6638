"""Traces by OpenTelemetry, only where the site asks for them and has installed the extra `telemetry`.

The instrumentation of Flask puts addresses, query strings and headers into its spans, and exceptions with what they
say. None of that may leave: `span_filter` keeps it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from cds_hooks.settings import SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_EXCLUDED = "/health,/metrics"
_MISSING = (
    "PGX_CDS_TELEMETRY: asks for OpenTelemetry, which is not installed. "
    "Install pgx-cds[telemetry], or set PGX_CDS_TELEMETRY=off."
)


def start_telemetry(app: Flask, wanted: str, exporter: SpanExporter | None = None) -> None:
    """Trace the app's requests where `wanted` is not "off"; `exporter` stands in for OTLP.

    The standard variables OTEL_* say where traces go and how many. Raises SettingsError where it is not installed.
    """
    if wanted == "off":
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.flask import FlaskInstrumentor
        from opentelemetry.metrics import NoOpMeterProvider
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    except ImportError:
        raise SettingsError([_MISSING]) from None
    from cds_hooks.web.span_filter import FilteredExporter

    provider = TracerProvider(resource=Resource.create({"service.name": "pgx-cds"}))
    if exporter is None:
        provider.add_span_processor(BatchSpanProcessor(FilteredExporter(OTLPSpanExporter())))
    else:
        provider.add_span_processor(SimpleSpanProcessor(FilteredExporter(exporter)))
    FlaskInstrumentor().instrument_app(
        app, tracer_provider=provider, meter_provider=NoOpMeterProvider(), excluded_urls=_EXCLUDED
    )
