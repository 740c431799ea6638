"""Check received JSON against the schemas beside it, and word every fault without repeating what was sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from cds_hooks.errors import Fault

_FOLDER = Path(__file__).resolve().parent / "schema"
_MOST_FAULTS = 200
"""Faults after which no more are looked for: nobody reads them, and each costs more than what it was found in."""
_ODD = re.compile(r"[^0-9A-Za-z._-]")


def _match_pattern(_: Any, pattern: str, text: object, __: Any) -> Iterator[ValidationError]:
    """`pattern` as JSON Schema means it (ECMA-262): "$" is the end of the text, and not also before a line's end."""
    whole = f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern
    if isinstance(text, str) and re.search(whole, text) is None:
        yield ValidationError("does not match")


_Validator = extend(Draft202012Validator, {"pattern": _match_pattern})  # type: ignore[no-untyped-call]


@cache
def load_validator(name: str) -> Draft202012Validator:
    """The compiled validator of `schema/<name>.schema.json`."""
    schema = _inline(load_json(f"{name}.schema.json"), f"{name}.schema.json")
    Draft202012Validator.check_schema(schema)
    validator: Draft202012Validator = _Validator(schema)
    return validator


def load_json(file: str) -> Any:
    """The JSON of a file in the folder of the schemas."""
    return orjson.loads((_FOLDER / file).read_bytes())


def _inline(node: Any, file: str) -> Any:
    """The schema with every `$ref` replaced by what it refers to: looked up once here, not in every request."""
    if isinstance(node, list):
        return [_inline(each, file) for each in node]
    if not isinstance(node, dict):
        return node
    rest = {key: _inline(value, file) for key, value in node.items() if key not in ("$ref", "$id", "$defs")}
    if "$ref" not in node:
        return rest
    other, _, pointer = node["$ref"].partition("#")
    target: Any = load_json(other or file)
    for step in pointer.split("/")[1:]:
        target = target[step]
    return {"allOf": [_inline(target, other or file)], **rest} if rest else _inline(target, other or file)


def find_faults(name: str, data: object) -> tuple[Fault, ...]:
    """Every fault of the data, the first two hundred at the most, in the order of their places."""
    errors = islice(_innermost(load_validator(name).iter_errors(data)), _MOST_FAULTS)
    return tuple(sorted((_word(error) for error in errors), key=lambda fault: fault.where))


def make_pointer(path: Sequence[str | int]) -> str:
    """A JSON pointer (RFC 6901); odd characters and long names are cut, since they come from the caller."""
    return "".join(f"/{step if isinstance(step, int) else _ODD.sub('?', step)[:64]}" for step in path)


def _innermost(errors: Iterable[ValidationError]) -> Iterable[ValidationError]:
    """An `anyOf` stands for itself: its branches say only what each of them would have liked."""
    for error in errors:
        if error.context and error.validator != "anyOf":
            yield from _innermost(error.context)
        else:
            yield error


def _word(error: ValidationError) -> Fault:
    where = make_pointer(list(error.absolute_path))
    if error.validator == "required":
        name = error.message.split("'")[1]
        return Fault(f"{where}/{name}", "is missing", code="required")
    if error.validator == "dependentRequired":
        return Fault(f"{where}/fhirServer", "is missing", "It is required with fhirAuthorization.", "required")
    schema = error.schema if isinstance(error.schema, dict) else {}
    return Fault(where, f"must be {schema.get('description', 'otherwise')}", code="value")
