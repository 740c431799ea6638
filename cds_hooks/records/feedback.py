"""What clinicians did with cards, as their EHRs report it (CDS Hooks 2.0.1 "Feedback")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cds_hooks.errors import Fault, InvalidRequestError
from cds_hooks.hook_request import parse_json
from cds_hooks.json_schema import find_faults


@dataclass(frozen=True)
class OverrideReason:
    """Why a card was not followed. `comment` is free text and may name the patient: stored, never logged."""

    code: str | None = None
    system: str | None = None
    display: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Feedback:
    """What became of one card."""

    card: str
    outcome: str
    timestamp: str
    """As sent, with its offset."""
    suggestions: tuple[str, ...] = ()
    reasons: tuple[OverrideReason, ...] = ()


def read_feedback(body: bytes) -> tuple[Feedback, ...]:
    """The items in the body of a feedback call. Raises a RequestError with every fault."""
    data = parse_json(body)
    if not isinstance(data, dict):
        raise InvalidRequestError(Fault("", "must be a JSON object", code="structure"))
    faults = find_faults("feedback", data)
    if faults:
        raise InvalidRequestError(*faults)
    return tuple(_read_item(item) for item in data["feedback"])


def _read_item(item: Mapping[str, Any]) -> Feedback:
    return Feedback(
        card=item["card"],
        outcome=item["outcome"],
        timestamp=item["outcomeTimestamp"],
        suggestions=tuple(each["id"] for each in item.get("acceptedSuggestions", ())),
        reasons=tuple(_read_reason(each) for each in _list_reasons(item)),
    )


def _list_reasons(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """`overrideReason` of the specification, `overrideReasons` of Epic, which may hold one or several."""
    epic = item.get("overrideReasons", [])
    given = [item["overrideReason"]] if "overrideReason" in item else []
    return [*given, *(epic if isinstance(epic, list) else [epic])]


def _read_reason(given: Mapping[str, Any]) -> OverrideReason:
    coding = given.get("reason", {})
    return OverrideReason(coding.get("code"), coding.get("system"), coding.get("display"), given.get("userComment"))
