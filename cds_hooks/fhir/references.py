"""What a reference says, and which resources are referred to but not there yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cds_hooks.fhir.record import Json
from cds_hooks.hook_request import FhirAccess, reference_of

_ELSEWHERE = "://"
_MOST_ACTIVE = 20
_MOST_RESULTS = 100


@dataclass(frozen=True)
class Missing:
    """Relative references of Medication resources to be read."""

    drafted: tuple[str, ...]
    """Those that selected drafts rest on."""
    active: tuple[str, ...]
    """Those of the medicines on file, the first twenty."""


def cut_version(reference: str) -> str:
    """The reference without the version that it names."""
    return reference.partition("/_history/")[0]


def type_and_id(reference: str) -> str:
    """The last two parts, "Type/id", whatever server the reference names."""
    return "/".join(cut_version(reference).split("/")[-2:])


def is_elsewhere(reference: str) -> bool:
    """Whether a reference that `read_reference` gave names another server."""
    return _ELSEWHERE in reference


def read_reference(text: object, server: str | None) -> str | None:
    """ "Type/id" of a relative reference, or of an absolute one on `server`; the whole address of one on another
    server, or where no server is known; None for what lies in its own Bundle or resource, and for no reference at all.
    Versions are left off.
    """
    if not isinstance(text, str) or text.startswith(("#", "urn:")):
        return None
    plain = cut_version(text) if server is None else cut_version(text).removeprefix(f"{server}/")
    parts = plain.split("/")
    if is_elsewhere(plain):
        return plain if all(parts[-2:]) else None
    return plain if len(parts) == 2 and all(parts) and ".." not in parts else None


def find_missing_medications(
    drafts: Sequence[Json], active: Sequence[Json], known: Iterable[Json], access: FhirAccess | None
) -> Missing:
    """The medicines that drafts and medicines on file only refer to."""
    here = {reference_of(resource) for resource in (*known, *active)}
    drafted = _missing_of(drafts, here, access)
    further = _missing_of(active, here | set(drafted), access)
    return Missing(drafted, further[:_MOST_ACTIVE])


def find_medicine_references(order: Json, access: FhirAccess | None = None) -> tuple[str, ...]:
    """Relative references of the Medication resources that an order names: R4's member, then R5's."""
    r4, r5 = order.get("medicationReference"), order.get("medication")
    inner = r5.get("reference") if isinstance(r5, dict) else None
    texts = (_relative(each.get("reference"), access) for each in (r4, inner) if isinstance(each, dict))
    return tuple(text for text in texts if text is not None and text.startswith("Medication/"))


def find_missing_results(reports: Sequence[Json], observations: Sequence[Json]) -> tuple[str, ...]:
    """Ids of the Observations that reports list as results and that did not come, the first hundred."""
    listed = [
        text
        for report in reports
        for member in _list(report.get("result"))
        if (text := _relative(member.get("reference"), None)) and text.startswith("Observation/")
    ]
    if not listed:
        return ()
    here = {reference_of(each) for each in (*reports, *observations)}
    wanted = dict.fromkeys(text for text in listed if text not in here)
    return tuple(text.partition("/")[2] for text in wanted)[:_MOST_RESULTS]


def _missing_of(orders: Sequence[Json], here: Iterable[str], access: FhirAccess | None) -> tuple[str, ...]:
    named = (text for order in orders for text in find_medicine_references(order, access))
    return tuple(dict.fromkeys(text for text in named if text not in here))


def _relative(text: object, access: FhirAccess | None) -> str | None:
    """ "Type/id" of a reference to something on the same server."""
    found = read_reference(text, None if access is None else access.server)
    return None if found is None or is_elsewhere(found) else found


def _list(value: object) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
