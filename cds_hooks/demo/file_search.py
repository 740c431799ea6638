"""A patient's file asked as an EHR would ask it: the FHIR reads and searches of prefetch templates.

Only what the templates of the services use is understood: reads by id, and searches by `patient`, `code`, `category`
and `status` with `_sort=-date` and `_count`. So the page sends what an EHR would send, no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cds_hooks.demo.patients import Json

_TOKENS = {"code": "code", "category": "category", "status": "status"}
_ORDERS = {"_sort", "_count", "patient"}


def answer_template(template: str, resources: Sequence[Json]) -> Json | None:
    """What the query finds in one patient's file: the resource of a read (None: no such), the Bundle of a search."""
    path, asked, query = template.partition("?")
    kind = path.partition("/")[0]
    found = [one for one in resources if one["resourceType"] == kind]
    if not asked:
        return found[0] if found else None
    parameters = dict(part.split("=", 1) for part in query.split("&"))
    unknown = parameters.keys() - _TOKENS.keys() - _ORDERS
    if unknown:
        raise ValueError(f"no patient's file can be asked for {', '.join(sorted(unknown))}: {template}")
    for name, member in _TOKENS.items():
        if name in parameters:
            wanted = set(parameters[name].split(","))
            found = [one for one in found if wanted & set(_tokens(one.get(member)))]
    if parameters.get("_sort") == "-date":
        found.sort(key=lambda one: str(one.get("effectiveDateTime", "")), reverse=True)
    return _searchset(found[: int(parameters["_count"])] if "_count" in parameters else found)


def _tokens(value: object) -> Iterator[str]:
    """A code, a CodeableConcept or a list of them as search tokens: "code" and "system|code"."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for coding in value.get("coding", ()):
            yield coding.get("code", "")
            yield f"{coding.get('system', '')}|{coding.get('code', '')}"
    elif isinstance(value, list):
        for one in value:
            yield from _tokens(one)


def _searchset(resources: Sequence[Json]) -> dict[str, Any]:
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": len(resources)}
    if resources:
        bundle["entry"] = [{"resource": resource, "search": {"mode": "match"}} for resource in resources]
    return bundle
