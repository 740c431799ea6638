"""An invalid resource never leaves, and takes only its suggestion with it."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from cds_hooks.web.outgoing import drop_invalid_suggestions

VALID = {
    "resourceType": "ServiceRequest",
    "status": "draft",
    "intent": "order",
    "subject": {"reference": "Patient/demo-1"},
}
INVALID = VALID | {"subject": "demo-1"}


def suggest(*resources: dict[str, Any]) -> dict[str, Any]:
    """A card with one suggestion for each resource."""
    suggestions = [
        {"label": "Order", "uuid": str(at), "actions": [{"type": "create", "description": "x", "resource": resource}]}
        for at, resource in enumerate(resources)
    ]
    return {"summary": "S", "suggestions": suggestions, "selectionBehavior": "at-most-one"}


def test_a_card_stays_as_it_is_when_its_resources_are_valid() -> None:
    """The usual case."""
    assert drop_invalid_suggestions(suggest(VALID), "R4") == suggest(VALID)


def test_a_suggestion_is_dropped_when_its_resource_is_invalid(caplog: pytest.LogCaptureFixture) -> None:
    """The others stay; the log tells the path, not the value."""
    card = suggest(VALID, INVALID)
    with caplog.at_level(logging.WARNING, "cds_hooks"):
        logging.getLogger("cds_hooks").addHandler(caplog.handler)
        kept = drop_invalid_suggestions(card, "R4")
        logging.getLogger("cds_hooks").removeHandler(caplog.handler)
    assert kept == suggest(VALID)
    assert [record.message for record in caplog.records][:1] == ["suggestion dropped"]
    assert "demo-1" not in str([vars(record) for record in caplog.records])


def test_the_card_stays_without_suggestions_when_none_is_valid() -> None:
    """selectionBehavior goes with the last suggestion."""
    assert drop_invalid_suggestions(suggest(INVALID), "R4") == {"summary": "S"}


def test_a_card_without_suggestions_is_left_alone() -> None:
    """There is nothing to check."""
    assert drop_invalid_suggestions({"summary": "S"}, "R4") == {"summary": "S"}


@pytest.mark.parametrize(
    ("members", "stays"),
    [
        ({"authoredOn": "2026-11-23T10:00:00Z"}, True),
        ({"authoredOn": "2026-11-30T10:00:00+01:00", "encounter": {"reference": "Encounter/2"}}, True),
        ({"authoredOn": "2026-02-31"}, False),
        ({"authoredOn": "yesterday"}, False),
        ({"requester": {"reference": "Practitioner/1", "vendorField": 1}}, False),
        ({"requester": {"reference": 7}}, False),
        ({"subject": {"reference": "Patient/demo-2", "display": "Demo"}}, True),
        ({"subject": []}, False),
        ({"status": 5}, False),
    ],
)
def test_what_a_suggestion_takes_over_from_the_draft_is_judged_each_time(members: dict[str, Any], stays: bool) -> None:
    """Only what is plainly valid shares the verdict on the rest; seen twice, the verdict is the same."""
    card = suggest(VALID | members)
    for _ in range(2):
        assert ("suggestions" in drop_invalid_suggestions(card, "R4")) is stays
