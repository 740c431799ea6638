"""Sound documents spoiled: strategies of hypothesis that change JSON by its structure, and text by its characters."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

ODD_TEXTS = (
    "",
    " ",
    "\u0000",
    "\u202e*2/*2",
    "*2\u2215*2",
    "\u0660\u0661",
    "\U0001f9ec",
    "e\u0301" * 40,
    "x" * 20_000,
    "*1/" * 2_000,
    "(" * 500,
    "NaN",
    "1e999",
    "-0",
    "9" * 400,
    "0001-01-01",
    "9999-12-31T23:59:60+14:00",
    "2026-02-30",
    "Patient/other",
    "Patient/",
    "#",
    "#missing",
    "urn:uuid:00000000-0000-0000-0000-000000000000",
    "https://fhir.invalid/Patient/1/_history/2|3#4",
    "Bundle/1?_id=1&_id=2",
    "%s%n{0}{{context.patientId}}",
    "http://[",
    "https://]h",
    "https://[::z]/fhir",
    "https://fhir.example:99999/r4",
    "https://\u2100.example",
)
ODD_NUMBERS = (0, -1, 2**53, 2**63, 2**64, -(2**63), 10**30, 0.1, -0.0, 1e308, 5e-324)
ODD_VALUES: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], {"": None}, *ODD_NUMBERS, *ODD_TEXTS)
DEEPEST = 300
"""Levels that one change adds or copies at most: what copies and measures documents here descends by recursion."""


@st.composite
def spoiled_json(draw: Draw, corpus: Sequence[Any]) -> Any:
    """A value of the corpus with one to six changes: dropped, doubled, grafted, of another type, deeply nested."""
    holder = [copy.deepcopy(draw(st.sampled_from(corpus)))]
    for _ in range(draw(st.integers(1, 6))):
        places = list(_places(holder))
        parent, key = draw(st.sampled_from(places))
        CHANGES[draw(st.sampled_from(sorted(CHANGES)))](draw, parent, key, places)
    return holder[0]


@st.composite
def spoiled_text(draw: Draw, corpus: Sequence[str]) -> str:
    """A text of the corpus, cut, repeated, joined with another, or with odd characters in it."""
    text: str = draw(st.sampled_from(corpus))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(text)))
        change = draw(st.sampled_from(("cut", "insert", "odd", "repeat", "join", "swap")))
        if change == "cut":
            text = text[:at] + text[at + draw(st.integers(1, 12)) :]
        elif change == "insert":
            text = text[:at] + draw(st.text(max_size=6)) + text[at:]
        elif change == "odd":
            text = text[:at] + draw(st.sampled_from(ODD_TEXTS)) + text[at:]
        elif change == "repeat":
            text = text[:at] + text[at : at + 8] * draw(st.integers(2, 200)) + text[at:]
        elif change == "join":
            text = text[:at] + draw(st.sampled_from(corpus)) + text[at:]
        else:
            text = text[at:] + text[:at]
    return text[:200_000]


@st.composite
def spoiled_bytes(draw: Draw, corpus: Sequence[Any]) -> bytes:
    """JSON of the corpus as bytes: changed by structure, and in one of four cases by bytes, too."""
    body = to_bytes(draw(spoiled_json(corpus)))
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(body)))
        body = body[:at] + draw(st.binary(max_size=4)) + body[at + draw(st.integers(0, 4)) :]
    return body


def to_bytes(value: Any) -> bytes:
    """The JSON of a value as a caller may send it; numbers beyond 64 bits and deep nesting included."""
    return json.dumps(value).encode()


def _places(holder: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Every place of a document: its holder and the key in it; deep documents are looked into so far only."""
    waiting: list[tuple[Any, int]] = [(holder, 0)]
    while waiting:
        parent, depth = waiting.pop()
        keys = list(parent) if isinstance(parent, dict) else range(len(parent))
        for key in keys:
            yield parent, key
            if isinstance(parent[key], dict | list) and depth < 40:
                waiting.append((parent[key], depth + 1))


def _drop(draw: Draw, parent: Any, key: Any, places: Sequence[tuple[Any, Any]]) -> None:
    if len(places) > 1 and (isinstance(parent, dict) or len(parent) > 1):
        del parent[key]


def _double(draw: Draw, parent: Any, key: Any, places: Sequence[tuple[Any, Any]]) -> None:
    """A list's item once more (or many times), a member as a list of itself."""
    value = parent[key]
    if _is_too_deep(value):
        return
    if isinstance(value, list) and value:
        value.extend(copy.deepcopy(value[:1]) * draw(st.sampled_from((1, 3, 60))))
    else:
        parent[key] = [value, copy.deepcopy(value)]


def _swap(draw: Draw, parent: Any, key: Any, places: Sequence[tuple[Any, Any]]) -> None:
    parent[key] = copy.deepcopy(draw(st.sampled_from(ODD_VALUES)))


def _graft(draw: Draw, parent: Any, key: Any, places: Sequence[tuple[Any, Any]]) -> None:
    """What stands elsewhere in the document stands here as well."""
    other, name = draw(st.sampled_from(list(places)))
    value = other.get(name) if isinstance(other, dict) else other[name] if name < len(other) else None
    if not _is_too_deep(value) and _size(value) < 20_000:
        parent[key] = copy.deepcopy(value)


def _rename(draw: Draw, parent: Any, key: Any, places: Sequence[tuple[Any, Any]]) -> None:
    """The member goes by the name of another, `value[x]` by another type's name."""
    if not isinstance(parent, dict):
        return
    names = sorted({name for _, name in places if isinstance(name, str)} | set(_VALUES))
    parent[draw(st.sampled_from(names))] = parent.pop(key)


def _nest(draw: Draw, parent: Any, key: Any, places: Sequence[tuple[Any, Any]]) -> None:
    value, member = parent[key], draw(st.sampled_from(("", "extension", "contained", "resource")))
    if _is_too_deep(value):
        return
    for _ in range(draw(st.sampled_from((1, 2, 30, DEEPEST)))):
        value = {member: value} if member else [value]
    parent[key] = value


def _rewrite(draw: Draw, parent: Any, key: Any, places: Sequence[tuple[Any, Any]]) -> None:
    """The text with a few of its characters changed."""
    if isinstance(parent[key], str):
        parent[key] = draw(spoiled_text((parent[key], "*1/*2", "2024-05-01")))[:20_000]


def _is_too_deep(value: Any) -> bool:
    """Whether more levels stand in a value than may be copied; told without descending by recursion."""
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        inner = [list(one.values()) if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level, depth = [one for each in inner for one in each], depth + 1
    return depth > DEEPEST


def _size(value: Any) -> int:
    """How many values stand in a value."""
    if isinstance(value, dict):
        return 1 + sum(_size(each) for each in value.values())
    return 1 + sum(_size(each) for each in value) if isinstance(value, list) else 1


_VALUES = ("valueCodeableConcept", "valueString", "valueQuantity", "valueRange", "valueInteger", "valueReference")
CHANGES: dict[str, Callable[[Draw, Any, Any, Sequence[tuple[Any, Any]]], None]] = {
    "double": _double,
    "drop": _drop,
    "graft": _graft,
    "nest": _nest,
    "rename": _rename,
    "rewrite": _rewrite,
    "swap": _swap,
}
