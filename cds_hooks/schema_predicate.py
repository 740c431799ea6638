"""A JSON Schema compiled to a predicate: for valid data, which most is, it answers many times faster than jsonschema.

It knows the keywords that the requests' schemas use, and may err on one side only: what it calls valid is valid.
jsonschema judges all else, and finds the words for what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Predicate = Callable[[Any], bool]

_TYPES: Mapping[str, type] = {"object": dict, "array": list, "string": str, "integer": int, "null": type(None)}
_WORDS_ONLY = frozenset({"$schema", "$id", "title", "description"})


def compile_predicate(schema: object) -> Predicate:
    """The predicate of a schema without `$ref`. It is False for everything where a keyword is not known here."""
    if not isinstance(schema, dict):
        return _never
    rules = [_compile(keyword, value) for keyword, value in schema.items() if keyword not in _WORDS_ONLY]
    if len(rules) == 1:
        return rules[0]
    return lambda data: all(rule(data) for rule in rules)


def _compile(keyword: str, value: Any) -> Predicate:
    make = _KEYWORDS.get(keyword)
    return make(value) if make is not None else _never


def _never(data: Any) -> bool:
    return False


def _is_type(names: str | Sequence[str]) -> Predicate:
    wanted = frozenset(_TYPES[name] for name in ([names] if isinstance(names, str) else names) if name in _TYPES)
    return lambda data: type(data) in wanted


def _has_members(names: Sequence[str]) -> Predicate:
    wanted = frozenset(names)
    return lambda data: not isinstance(data, dict) or wanted <= data.keys()


def _has_valid_members(schemas: Mapping[str, object]) -> Predicate:
    rules = [(name, compile_predicate(schema)) for name, schema in schemas.items()]
    return lambda data: not isinstance(data, dict) or all(rule(data[name]) for name, rule in rules if name in data)


def _has_valid_values(schema: object) -> Predicate:
    """`additionalProperties`; where `properties` stands beside it, it asks for more than the schema."""
    rule = compile_predicate(schema)
    return lambda data: not isinstance(data, dict) or all(rule(value) for value in data.values())


def _has_valid_items(schema: object) -> Predicate:
    rule = compile_predicate(schema)
    return lambda data: not isinstance(data, list) or all(rule(item) for item in data)


def _fits(pattern: str) -> Predicate:
    search = re.compile(pattern).search
    return lambda data: not isinstance(data, str) or search(data) is not None


def _is_text(wanted: object) -> Predicate:
    return lambda data: isinstance(data, str) and data == wanted


def _fulfils_all(schemas: Sequence[object]) -> Predicate:
    rules = [compile_predicate(schema) for schema in schemas]
    return lambda data: all(rule(data) for rule in rules)


def _has_dependent_members(needs: Mapping[str, Sequence[str]]) -> Predicate:
    rules = [(name, frozenset(needed)) for name, needed in needs.items()]
    return lambda data: (
        not isinstance(data, dict) or all(needed <= data.keys() for name, needed in rules if name in data)
    )


_KEYWORDS: Mapping[str, Callable[[Any], Predicate]] = {
    "type": _is_type,
    "required": _has_members,
    "properties": _has_valid_members,
    "additionalProperties": _has_valid_values,
    "items": _has_valid_items,
    "pattern": _fits,
    "const": _is_text,
    "allOf": _fulfils_all,
    "dependentRequired": _has_dependent_members,
}
