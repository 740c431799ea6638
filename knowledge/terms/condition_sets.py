"""Which named clinical states a list of codes shows."""

from __future__ import annotations

from collections.abc import Iterable

from knowledge.library import Library

_SNOMED = "http://snomed.info/sct"
_SAME_SYSTEM = {
    "urn:oid:2.16.840.1.113883.6.96": _SNOMED,
    "urn:oid:2.16.840.1.113883.6.90": "http://hl7.org/fhir/sid/icd-10-cm",
    "urn:oid:2.16.840.1.113883.6.3": "http://hl7.org/fhir/sid/icd-10",
}


def match_conditions(
    library: Library, codings: Iterable[tuple[str | None, str | None]], past: bool = False
) -> frozenset[str]:
    """The condition sets that (system URI, code) pairs belong to; of what is `past`, only those that last.

    SNOMED CT codes match exactly; an ICD-10 code of a set stands for itself and everything below it.
    """
    exact, prefixes = library.condition_index
    found: set[str] = set()
    for system, code in codings:
        if not system or not code:
            continue
        known = _SAME_SYSTEM.get(system, system)
        found |= exact.get((known, code), frozenset())
        if known != _SNOMED:
            found |= {name for prefix, name in prefixes.get((known, code[:1]), ()) if _is_below(code, prefix)}
    return frozenset(name for name in found if not past or library.conditions[name].lasting)


def _is_below(code: str, prefix: str) -> bool:
    plain, above = code.replace(".", "").upper(), prefix.replace(".", "").upper()
    return plain.startswith(above)
