"""One formula file -> Formula. The document has passed its schema; what the schema cannot say is checked by lint."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from knowledge.formula import Formula, Limit, Term
from knowledge.loading.gene_file import read_sign_off, read_source
from knowledge.loading.strict_yaml import Document


def read_formula(document: Document, version: str) -> Formula:
    """The Formula of a document that keeps formula.schema.json."""
    data = document.data
    excludes = data.get("excludes", {})
    return Formula(
        id=data["id"],
        sign_off=read_sign_off(data),
        title=data["title"],
        constant=_decimal(data["constant"]),
        terms=tuple(_term(term) for term in data["terms"]),
        transform=data["transform"],
        per=data["gives"]["per"],
        plausible=(_decimal(data["plausible"]["from"]), _decimal(data["plausible"]["to"])),
        limits={name: _limit(limit) for name, limit in data.get("limits", {}).items()},
        excluded_medicines=tuple(excludes.get("medicines", ())),
        excluded_because=excludes.get("because", ""),
        note=data.get("note"),
        sources=tuple(read_source(source) for source in data["sources"]),
        version=version,
    )


def _term(data: Mapping[str, Any]) -> Term:
    """Beside its coefficient or coefficients a term has one member: its kind, with what it asks for."""
    ((kind, of),) = ((key, value) for key, value in data.items() if not key.startswith("coefficient"))
    coefficients = {key: _decimal(value) for key, value in data.get("coefficients", {}).items()}
    return Term(kind, of, _decimal(data.get("coefficient", 0)), coefficients)


def _limit(data: Mapping[str, Any]) -> Limit:
    low, high = (None if data.get(key) is None else _decimal(data[key]) for key in ("from", "to"))
    return Limit(low, high, data.get("valid_days"))


def _decimal(value: int | Decimal) -> Decimal:
    return Decimal(str(value))
