"""What is counted, for Prometheus: typed functions, and no label whose values could grow without bound.

`docs/metrics.md` says what each one means. Rows are those of the content; services, endpoints, stages and kinds stand
in the code; tenants are the names of the file of clients. Whoever counts by a reason gives a StrEnum: its members are
all there can be, and stand as their names.

With PROMETHEUS_MULTIPROC_DIR set before this module is imported, all processes count into files of that folder, and
any of them answers for all (see `metrics_folder`); without it the process counts for itself.
"""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

# When a counter began is what no process among many can tell.
disable_created_metrics()

NO_ROW = "none"
"""The row of a card that rests on no row: on a gap, or on a test that is asked for."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)

_REQUESTS = Counter("pgx_cds_requests", "requests that were answered", ["tenant", "endpoint", "service", "status"])
_REQUEST_SECONDS = Histogram("pgx_cds_request_seconds", "time of a hook call", ["service"], buckets=_SECONDS)
_STAGE_SECONDS = Histogram("pgx_cds_stage_seconds", "time of a stage of a hook call", ["stage"], buckets=_SECONDS)
_CARDS = Counter("pgx_cds_cards", "cards by the row that leads them", ["row", "indicator"])
_SUPPRESSED = Counter("pgx_cds_suppressed_cards", "cards held back because they were overridden", ["row", "indicator"])
_GAPS = Counter("pgx_cds_gaps", "medicines for which something was missing", ["kind"])
_SILENCES = Counter("pgx_cds_silences", "medicines of which nothing had to be said", ["reason"])
_FHIR_CALLS = Counter("pgx_cds_fhir_calls", "reads from FHIR servers", ["outcome"])
_FHIR_SECONDS = Histogram("pgx_cds_fhir_seconds", "time of a read from a FHIR server", buckets=_SECONDS)
_CONSENT = Counter("pgx_cds_consent_decisions", "consent decisions", ["decision"])
_REFUSALS = Counter("pgx_cds_authentication_failures", "calls that were refused with 401", ["reason"])
_AUDIT_QUEUE = Gauge("pgx_cds_audit_queue", "audit events that wait to be written", multiprocess_mode="livesum")
_AUDIT_FAILURES = Counter("pgx_cds_audit_failures", "attempts to write audit events that failed")
_RELOADS = Counter("pgx_cds_content_reloads", "content taken up or not", ["outcome"])


def count_request(tenant: str | None, endpoint: str | None, service: str | None, status: int) -> None:
    """One answered request; None where nobody was authenticated, no address matched, or no service was called."""
    _REQUESTS.labels(tenant or "", endpoint or "", service or "", str(status)).inc()


def observe_request(service: str, seconds: float) -> None:
    """The time of one hook call of a known service."""
    _REQUEST_SECONDS.labels(service).observe(seconds)


def observe_stage(stage: str, seconds: float) -> None:
    """The time of one stage of a hook call."""
    _STAGE_SECONDS.labels(stage).observe(seconds)


def count_card(row: str | None, indicator: str) -> None:
    """One card that was sent, by the id of the row that leads it; None where it rests on no row."""
    _CARDS.labels(row or NO_ROW, indicator).inc()


def count_suppressed(row: str | None, indicator: str) -> None:
    """One card that was not sent because the clinician had overridden it."""
    _SUPPRESSED.labels(row or NO_ROW, indicator).inc()


def count_gap(kind: str) -> None:
    """One medicine with a gap of this kind (knowledge.findings.Gap)."""
    _GAPS.labels(kind).inc()


def count_silence(reason: StrEnum) -> None:
    """One medicine of which nothing had to be said."""
    _SILENCES.labels(reason.name.lower()).inc()


def count_fhir_call(failure: StrEnum | None, seconds: float) -> None:
    """One read from a FHIR server: None where it succeeded, else the reason (by its name) why it did not."""
    _FHIR_CALLS.labels("ok" if failure is None else failure.name.lower()).inc()
    _FHIR_SECONDS.observe(seconds)


def count_consent(decision: StrEnum) -> None:
    """One consent decision."""
    _CONSENT.labels(decision.name.lower()).inc()


def count_authentication_failure(reason: StrEnum) -> None:
    """One call that was refused with 401; the reason by its name."""
    _REFUSALS.labels(reason.name.lower()).inc()


def set_audit_queue(waiting: int) -> None:
    """How many audit events of this process wait to be written."""
    _AUDIT_QUEUE.set(waiting)


def count_audit_failure() -> None:
    """One attempt to write audit events failed."""
    _AUDIT_FAILURES.inc()


def count_reload(loaded: bool) -> None:
    """Changed content was taken up, or was broken and was not."""
    _RELOADS.labels("loaded" if loaded else "failed").inc()
