"""content/transparency.yaml -> Transparency. Its data have passed their schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from knowledge.transparency import Attribute, Criterion, Issuer, Transparency


def read_transparency(data: Mapping[str, Any]) -> Transparency:
    """The Transparency of data that keep transparency.schema.json."""
    return Transparency(
        issuers={body: Issuer(one["developer"], one["funding"]) for body, one in data["issuers"].items()},
        attributes=tuple(Attribute(one["id"], one["name"], one.get("on_card", False)) for one in data["attributes"]),
        facts=dict(data["facts"]),
        conditions=dict(data["conditions"]),
        criteria=tuple(Criterion(one["id"], one["asks"], one["met"]) for one in data["criteria"]),
    )
