"""Cards of a response as the page shows them: read from the JSON that the endpoint sent, as any EHR has to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

INDICATORS = {"critical": "Critical", "warning": "Warning", "info": "Information"}


@dataclass(frozen=True)
class ShownSuggestion:
    """One button, and what pressing it would do."""

    label: str
    uuid: str
    recommended: bool
    actions: tuple[str, ...]


@dataclass(frozen=True)
class ShownLink:
    """A link with a web address."""

    label: str
    url: str


@dataclass(frozen=True)
class ShownReason:
    """One override reason."""

    system: str
    code: str
    display: str


@dataclass(frozen=True)
class ShownCard:
    """One card, ready for the template; what is absent is empty."""

    uuid: str
    indicator: str
    word: str
    """The indicator in words, since colour alone says nothing to some."""
    summary: str
    detail: str
    source: str
    source_url: str
    suggestions: tuple[ShownSuggestion, ...]
    links: tuple[ShownLink, ...]
    reasons: tuple[ShownReason, ...]


def read_cards(response: object) -> tuple[ShownCard, ...]:
    """The cards of a response; what is not as the specification has it is left out."""
    return tuple(_read_card(card) for card in _objects(response, "cards"))


def _read_card(card: Json) -> ShownCard:
    source = card.get("source")
    indicator = _text(card, "indicator") if _text(card, "indicator") in INDICATORS else "info"
    return ShownCard(
        uuid=_text(card, "uuid"),
        indicator=indicator,
        word=INDICATORS[indicator],
        summary=_text(card, "summary"),
        detail=_text(card, "detail"),
        source=_text(source, "label"),
        source_url=_address(source),
        suggestions=tuple(_read_suggestion(one) for one in _objects(card, "suggestions")),
        links=tuple(ShownLink(_text(one, "label"), _address(one)) for one in _objects(card, "links") if _address(one)),
        reasons=tuple(
            ShownReason(_text(one, "system"), _text(one, "code"), _text(one, "display"))
            for one in _objects(card, "overrideReasons")
        ),
    )


def _read_suggestion(suggestion: Json) -> ShownSuggestion:
    return ShownSuggestion(
        label=_text(suggestion, "label"),
        uuid=_text(suggestion, "uuid"),
        recommended=suggestion.get("isRecommended") is True,
        actions=tuple(
            f"{_text(action, 'type')}: {_text(action, 'description')}" for action in _objects(suggestion, "actions")
        ),
    )


def _address(holder: object) -> str:
    """A web address; other schemes (javascript:, data:) are no links."""
    url = _text(holder, "url")
    return url if url.startswith(("https://", "http://")) else ""


def _text(holder: object, name: str) -> str:
    value = holder.get(name) if isinstance(holder, Mapping) else None
    return value if isinstance(value, str) else ""


def _objects(holder: object, name: str) -> Iterator[Json]:
    listed = holder.get(name) if isinstance(holder, Mapping) else None
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping):
            yield one
