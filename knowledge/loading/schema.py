"""JSON Schema of every kind of content file, compiled once."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource

from knowledge.loading.errors import Fault
from knowledge.loading.strict_yaml import Document, Pointer

TO_FILL_IN = "to be filled in"
"""What `pgx-cds new` writes where only a reader of the source knows the answer."""
FOLDER = Path(__file__).resolve().parent.parent / "schema"


@lru_cache
def validator(kind: str) -> Draft202012Validator:
    """The validator of one kind, named as its file in knowledge/schema: drug, gene, display_words, drug_codes, ..."""
    schemas = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.schema.json"))}
    registry: Registry[Any] = Registry().with_resources(
        (name, Resource.from_contents(schema)) for name, schema in schemas.items()
    )
    return Draft202012Validator(schemas[f"{kind}.schema.json"], registry=registry)


def schema_faults(document: Document, kind: str) -> tuple[Fault, ...]:
    """Every way in which a document breaks its schema, with lines; empty where it keeps it."""
    errors = sorted(validator(kind).iter_errors(document.data), key=lambda error: [str(step) for step in error.path])
    return tuple(_fault(document, kind, error) for error in errors)


def _fault(document: Document, kind: str, error: ValidationError) -> Fault:
    pointer = tuple(error.absolute_path)
    where = "/".join(str(step) for step in pointer) or "the file"
    if error.instance == TO_FILL_IN:
        return document.fault(pointer, f"{where}: is not filled in", _mend(kind, error))
    return document.fault((*pointer, *_stranger(error)), f"{where}: {_shorten(error.message)}", _mend(kind, error))


def _stranger(error: ValidationError) -> Pointer:
    """The first member that does not belong where it stands; its line is the one to look at."""
    if error.validator != "additionalProperties" or not isinstance(error.instance, dict):
        return ()
    known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    return tuple(key for key in error.instance if key not in known)[:1]


def _shorten(message: str) -> str:
    return message if len(message) <= 200 else message[:120] + " ... " + message[-70:]


def _mend(kind: str, error: ValidationError) -> str:
    """What the schema itself says about the field, where it says something."""
    if error.validator == "additionalProperties":
        return f"see knowledge/schema/{kind}.schema.json for the fields that belong here"
    schema = error.schema if isinstance(error.schema, dict) else {}
    return str(schema.get("description") or f"see knowledge/schema/{kind}.schema.json")
