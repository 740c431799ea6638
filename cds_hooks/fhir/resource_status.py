"""The status of a result: fhir.resources does not check it, and a decision rests on it."""

from __future__ import annotations

from dataclasses import dataclass

from cds_hooks.fhir.coding import text_of
from cds_hooks.fhir.record import Json

_FINAL = frozenset({"final", "amended", "corrected", "appended"})
_PRELIMINARY = frozenset({"preliminary", "partial"})
_NO_RESULT = frozenset({"cancelled", "entered-in-error", "registered"})


@dataclass(frozen=True)
class Status:
    """What a status means for reading."""

    ignored: bool = False
    """Withdrawn, or no result yet: as if it were not there."""
    preliminary: bool = False
    problem: str | None = None
    """Why the result cannot be relied on."""


def read_status(resource: Json) -> Status:
    """The status of an Observation or a DiagnosticReport; a missing or unknown one is a problem, not "final"."""
    status = text_of(resource.get("status"))
    if status in _FINAL:
        return Status()
    if status in _PRELIMINARY:
        return Status(preliminary=True)
    if status in _NO_RESULT:
        return Status(ignored=True)
    if status is None:
        return Status(problem="its status is not stated")
    shown = status if status.isalpha() and len(status) <= 20 else "none that FHIR knows"
    return Status(problem=f"its status is {shown}")


def result_date(resource: Json) -> str | None:
    """The day or time that the result speaks of, as sent: effective[x], else `issued`."""
    period = resource.get("effectivePeriod")
    ends = (period.get("end"), period.get("start")) if isinstance(period, dict) else ()
    for value in (resource.get("effectiveDateTime"), resource.get("effectiveInstant"), *ends, resource.get("issued")):
        text = text_of(value)
        if text and text[:4].isdigit() and len(text) <= 40:
            return text
    return None


def newest_first(date: str | None) -> str:
    """A key to sort by in reverse: ISO dates of any precision compare as text; without a date last."""
    return date or ""
