"""Nothing invalid leaves: every resource of a suggestion is checked by fhir.resources before it is sent."""

from __future__ import annotations

import logging
from typing import Any

from cds_hooks.fhir.validation import validate

_LOG = logging.getLogger(__name__)


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
        for problem in validate(action["resource"], release)
    ]
    if problems:
        _LOG.warning("suggestion dropped", extra={"problems": problems})
    return not problems
