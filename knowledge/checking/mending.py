"""A faulty document made just sound enough that its other faults can be found in the same run.

What breaks the schema is taken out, or stands in for by something neutral; nothing of this is ever loaded or shown.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema.exceptions import ValidationError

from knowledge.loading.schema import validator
from knowledge.loading.strict_yaml import Document, Pointer

_ROUNDS = 4
_SOURCE = {"title": "-", "version": "-", "url": "https://localhost", "transcribed": "2000-01-01"}
_NEUTRAL: Mapping[str, Any] = {
    "status": "transcribed",
    "reviewed": {"by": "-", "until": "2000-01-01"},
    "codes": {"rxnorm": []},
    "hgnc": "HGNC:0",
    "method": "function_pair",
    "rxnorm": [],
    "genes": [],
    "strength": "none",
    "when": {},
    "body": "CPIC",
    "source": _SOURCE,
    **_SOURCE,
    "label": "-",
    "id": "neutral",
    "priority": "optional",
}
_ROW = 4
"""bodies / table / rows / number: the depth of a row."""


@dataclass(frozen=True)
class Mended:
    """A document that keeps its schema, and the places that were touched."""

    document: Document
    touched: frozenset[Pointer] = frozenset()

    @property
    def rows(self) -> frozenset[Pointer]:
        """The rows in which something was touched."""
        inside = (place for place in self.touched if place[:1] == ("bodies",) and len(place) >= _ROW)
        return frozenset(place[:_ROW] for place in inside)

    @property
    def keeps_cells(self) -> bool:
        """True where every row still asks for what its author wrote: nothing was touched but members beside `when`."""
        return not self.rows & self.touched and not any(place[_ROW : _ROW + 1] == ("when",) for place in self.touched)


def mend(document: Document, kind: str) -> Mended | None:
    """The mended document; None where it is too far from its schema."""
    data = copy.deepcopy(document.data)
    touched: set[Pointer] = set()
    for _ in range(_ROUNDS):
        errors = list(validator(kind).iter_errors(data))
        if not errors:
            return Mended(Document(document.path, data, document.lines, over=document.over), frozenset(touched))
        for error in errors:
            touched.add(tuple(error.absolute_path))
            _mend_one(data, error)
    return None


def _mend_one(data: Any, error: ValidationError) -> None:
    place: Pointer = tuple(error.absolute_path)
    if error.validator == "required":
        for key in _missing(error):
            _set(data, (*place, key), _NEUTRAL.get(key))
    elif error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        for key in set(error.instance) - set(known):
            _remove(data, (*place, key))
    elif place and place[-1] in _NEUTRAL:
        _set(data, place, _NEUTRAL[str(place[-1])])
    else:
        _remove(data, place)


def _missing(error: ValidationError) -> Iterator[str]:
    wanted = error.validator_value if isinstance(error.validator_value, list) else []
    yield from (key for key in wanted if isinstance(error.instance, dict) and key not in error.instance)


def _parent(data: Any, place: Pointer) -> Any:
    for step in place[:-1]:
        data = data[step] if _holds(data, step) else None
    return data


def _holds(data: Any, step: str | int) -> bool:
    if isinstance(data, dict):
        return step in data
    return isinstance(data, list) and isinstance(step, int) and step < len(data)


def _set(data: Any, place: Pointer, value: Any) -> None:
    parent = _parent(data, place)
    if isinstance(parent, dict) or _holds(parent, place[-1]):
        parent[place[-1]] = copy.deepcopy(value)


def _remove(data: Any, place: Pointer) -> None:
    parent = _parent(data, place) if place else None
    if parent is not None and _holds(parent, place[-1]):
        del parent[place[-1]]
