"""Which resources are referred to but not there yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cds_hooks.fhir.record import Json
from cds_hooks.hook_request import FhirAccess, reference_of

_MOST_ACTIVE = 20
_MOST_RESULTS = 100


@dataclass(frozen=True)
class Missing:
    """Relative references of Medication resources to be read."""

    drafted: tuple[str, ...]
    """Those that selected drafts rest on."""
    active: tuple[str, ...]
    """Those of the medicines on file, the first twenty."""
    named: frozenset[str]
    """Those whose order also gives a name, by which the medicine may be known."""


def find_missing_medications(
    drafts: Sequence[Json], active: Sequence[Json], known: Iterable[Json], access: FhirAccess | None
) -> Missing:
    """The medicines that drafts and medicines on file only refer to."""
    here = {reference_of(resource) for resource in (*known, *active)}
    drafted = _missing_of(drafts, here, access)
    further = _missing_of(active, here | drafted.keys(), access)
    named = frozenset(reference for reference, display in drafted.items() if display)
    return Missing(tuple(drafted), tuple(further)[:_MOST_ACTIVE], named)


def find_missing_results(reports: Sequence[Json], observations: Sequence[Json]) -> tuple[str, ...]:
    """Ids of the Observations that reports list as results and that did not come, the first hundred."""
    here = {reference_of(each) for each in (*reports, *observations)}
    listed = [
        text
        for report in reports
        for member in _list(report.get("result"))
        if (text := _relative(member.get("reference"), None)) and text.startswith("Observation/")
    ]
    wanted = dict.fromkeys(text for text in listed if text not in here)
    return tuple(text.partition("/")[2] for text in wanted)[:_MOST_RESULTS]


def _missing_of(orders: Sequence[Json], here: Iterable[str], access: FhirAccess | None) -> dict[str, str | None]:
    """Reference -> display of what orders refer to."""
    found: dict[str, str | None] = {}
    for order in orders:
        for reference in _medicine_references(order):
            text = _relative(reference.get("reference"), access)
            if text is not None and text.startswith("Medication/") and text not in here:
                display = reference.get("display")
                found.setdefault(text, display if isinstance(display, str) else None)
    return found


def _medicine_references(order: Json) -> Iterator[Json]:
    """`medicationReference` of R4, `medication.reference` of R5."""
    r4, r5 = order.get("medicationReference"), order.get("medication")
    inner = r5.get("reference") if isinstance(r5, dict) else None
    yield from (each for each in (r4, inner) if isinstance(each, dict))


def _relative(text: object, access: FhirAccess | None) -> str | None:
    """ "Type/id" of a relative reference, or of an absolute one on the same server; versions are left off."""
    if not isinstance(text, str) or text.startswith(("#", "urn:")):
        return None
    if "://" in text:
        if access is None or not text.startswith(f"{access.server}/"):
            return None
        text = text.removeprefix(f"{access.server}/")
    parts = text.partition("/_history/")[0].split("/")
    return "/".join(parts) if len(parts) == 2 and all(parts) and ".." not in parts else None


def _list(value: object) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
