"""Nothing invalid leaves: every resource of a suggestion is checked by fhir.resources before it is sent."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import Any

import orjson

from cds_hooks.fhir.validation import validate

_LOG = logging.getLogger(__name__)
_COPIED = ("subject", "encounter", "requester", "authoredOn")
"""Members that a suggestion takes over from the draft."""
_STAND_INS = {
    "subject": {"reference": "Patient/1"},
    "encounter": {"reference": "Encounter/1"},
    "requester": {"reference": "Practitioner/1"},
    "authoredOn": "2026-01-01",
}
_DATE_TIME = re.compile(
    r"[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    r"(?:T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:Z|\+0[0-9]:00))?"
)
"""Plainly valid; every other one is validated as it is."""


def drop_invalid_suggestions(card: dict[str, Any], release: str) -> dict[str, Any]:
    """The card without the suggestions whose resources are not valid; the card itself always stays."""
    suggestions = card.get("suggestions")
    if not suggestions:
        return card
    kept = [suggestion for suggestion in suggestions if _is_valid(suggestion, release)]
    if len(kept) == len(suggestions):
        return card
    without = {key: value for key, value in card.items() if key not in ("suggestions", "selectionBehavior")}
    return without | ({"suggestions": kept, "selectionBehavior": card["selectionBehavior"]} if kept else {})


def _is_valid(suggestion: dict[str, Any], release: str) -> bool:
    problems = [
        problem
        for action in suggestion.get("actions", ())
        if "resource" in action
        for problem in _find_problems(action["resource"], release)
    ]
    if problems:
        _LOG.warning("suggestion dropped", extra={"problems": problems})
    return not problems


def _find_problems(resource: dict[str, Any], release: str) -> tuple[str, ...]:
    """What is wrong with a resource. What differs from patient to patient in a plain way is left out of a skeleton, and
    each skeleton (a replacement by one medicine, an order of one test) is validated once."""
    copied = {key: resource[key] for key in _COPIED if key in resource}
    if "dosageInstruction" in resource or not all(_is_plain(value) for value in copied.values()):
        return validate(resource, release)
    skeleton = {key: value for key, value in resource.items() if key not in copied}
    stand_ins = {key: _STAND_INS[key] for key in copied}
    return _validate_skeleton(orjson.dumps(skeleton | stand_ins), release)


@lru_cache(maxsize=512)
def _validate_skeleton(skeleton: bytes, release: str) -> tuple[str, ...]:
    return validate(orjson.loads(skeleton), release)


def _is_plain(value: object) -> bool:
    """True for a dateTime in full, and for a Reference of nothing but short texts: nothing in them can be invalid."""
    if isinstance(value, str):
        return _DATE_TIME.fullmatch(value) is not None
    if not isinstance(value, dict) or not value.keys() <= {"reference", "display"}:
        return False
    return all(isinstance(one, str) and one.strip() for one in value.values())
