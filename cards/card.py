"""The card as CDS Hooks 2.0.1 has it ("Card Attributes"). Empty members are left out of the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EXTENSION = "org.pgx-cds"
SUMMARY_LIMIT = 139


@dataclass(frozen=True)
class Coding:
    """A coding with its display."""

    system: str
    code: str
    display: str

    def to_json(self) -> dict[str, Any]:
        """The FHIR Coding."""
        return {"system": self.system, "code": self.code, "display": self.display}


@dataclass(frozen=True)
class Source:
    """Who stands behind a card: label, link, and a topic that never changes for a drug-gene pair."""

    label: str
    url: str | None = None
    topic: Coding | None = None

    def to_json(self) -> dict[str, Any]:
        """The card's `source`."""
        return _without_empty(
            {"label": self.label, "url": self.url, "topic": self.topic.to_json() if self.topic else None}
        )


@dataclass(frozen=True)
class Action:
    """One change of the draft orders: create, update or delete."""

    type: str
    description: str
    resource: Mapping[str, Any] | None = None
    resource_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The suggestion's action."""
        return _without_empty(
            {
                "type": self.type,
                "description": self.description,
                "resource": self.resource,
                "resourceId": self.resource_id,
            }
        )


@dataclass(frozen=True)
class Suggestion:
    """Actions that are applied together."""

    label: str
    uuid: str
    actions: tuple[Action, ...]
    is_recommended: bool = False

    def to_json(self) -> dict[str, Any]:
        """The card's suggestion."""
        out: dict[str, Any] = {"label": self.label, "uuid": self.uuid}
        if self.is_recommended:
            out["isRecommended"] = True
        return out | {"actions": [action.to_json() for action in self.actions]}


@dataclass(frozen=True)
class Link:
    """A link to a guideline."""

    label: str
    url: str

    def to_json(self) -> dict[str, Any]:
        """The card's link, always absolute."""
        return {"label": self.label, "url": self.url, "type": "absolute"}


@dataclass(frozen=True)
class Card:
    """One card."""

    uuid: str
    summary: str
    detail: str
    indicator: str
    source: Source
    suggestions: tuple[Suggestion, ...] = ()
    links: tuple[Link, ...] = ()
    override_reasons: tuple[Coding, ...] = ()
    extension: Mapping[str, Any] = field(default_factory=dict)
    row: str | None = None
    """The id of the row that leads the card; None where it rests on a gap or a test. Not sent."""

    @property
    def rows(self) -> tuple[str, ...]:
        """The ids of all findings that the card shows."""
        return tuple(finding["id"] for finding in self.extension.get("findings", ()))

    def to_json(self) -> dict[str, Any]:
        """The card of a response; selectionBehavior stands exactly where there are suggestions."""
        return _without_empty(
            {
                "uuid": self.uuid,
                "summary": self.summary,
                "detail": self.detail,
                "indicator": self.indicator,
                "source": self.source.to_json(),
                "suggestions": [one.to_json() for one in self.suggestions],
                "selectionBehavior": "at-most-one" if self.suggestions else None,
                "overrideReasons": [one.to_json() for one in self.override_reasons],
                "links": [one.to_json() for one in self.links],
                "extension": {EXTENSION: self.extension} if self.extension else None,
            }
        )


def shorten(text: str, limit: int = SUMMARY_LIMIT) -> str:
    """The text within a number of characters, cut at a word."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    head = cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut
    return head.rstrip(" ,;:(") + "…"


def _without_empty(members: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value not in (None, "", [], {}, ())}
