"""Feedback is read as the specification has it, and as Epic sends it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from cds_hooks.errors import EdgeError
from cds_hooks.records.feedback import Feedback, OverrideReason, read_feedback

ACCEPTED = {
    "card": "c-1",
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": "s-1"}],
    "outcomeTimestamp": "2026-02-01T10:30:00Z",
}
OVERRIDDEN = {"card": "c-2", "outcome": "overridden", "outcomeTimestamp": "2026-02-01T10:30:00.5+01:00"}
CODING = {"code": "patient-refuses", "system": "http://example.org/reasons", "display": "Patient refuses"}
REASON = OverrideReason("patient-refuses", "http://example.org/reasons", "Patient refuses")


def read(*items: dict[str, Any]) -> tuple[Feedback, ...]:
    """The items as read."""
    return read_feedback(orjson.dumps({"feedback": items}))


def faults_of(data: object) -> list[tuple[str, str]]:
    """(place, what) of each fault."""
    with pytest.raises(EdgeError) as caught:
        read_feedback(orjson.dumps(data))
    return [(fault.where, fault.what) for fault in caught.value.faults]


def test_several_items_are_read_in_their_order() -> None:
    """On one card or on several, the same card twice if need be."""
    accepted = Feedback("c-1", "accepted", "2026-02-01T10:30:00Z", ("s-1",))
    overridden = Feedback("c-2", "overridden", "2026-02-01T10:30:00.5+01:00")
    assert read(ACCEPTED, OVERRIDDEN, ACCEPTED) == (accepted, overridden, accepted)


@pytest.mark.parametrize(
    ("sent", "reasons"),
    [
        ({"overrideReason": {"reason": CODING, "userComment": "free text"}},
         (OverrideReason("patient-refuses", "http://example.org/reasons", "Patient refuses", "free text"),)),
        ({"overrideReason": {"userComment": "free text"}}, (OverrideReason(comment="free text"),)),
        ({"overrideReason": {"reason": {"code": "1"}}}, (OverrideReason("1"),)),
        ({"overrideReasons": {"reason": CODING}}, (REASON,)),
        ({"overrideReasons": [{"reason": CODING}, {"userComment": "x"}]}, (REASON, OverrideReason(comment="x"))),
        ({}, ()),
    ],
    ids=["reason and comment", "comment", "code alone", "Epic's one", "Epic's list", "none"],
)  # fmt: skip
def test_reasons_are_read_under_both_names(sent: dict[str, Any], reasons: tuple[OverrideReason, ...]) -> None:
    """The specification says overrideReason, Epic overrideReasons."""
    assert read(OVERRIDDEN | sent)[0].reasons == reasons


def test_every_fault_is_told_when_feedback_is_wrong() -> None:
    """By its place, without what stood there."""
    items = [
        {"card": "", "outcome": "ignored", "outcomeTimestamp": "yesterday"},
        {"outcome": "accepted", "outcomeTimestamp": "2026-02-01T10:30:00Z"},
        ACCEPTED | {"acceptedSuggestions": []},
        OVERRIDDEN | {"overrideReason": {}},
        OVERRIDDEN | {"overrideReasons": [{"reason": {"display": "secret"}}]},
    ]
    assert faults_of({"feedback": items}) == [
        ("/feedback/0/card", "must be a text of 1 to 200 characters"),
        ("/feedback/0/outcome", 'must be "accepted" or "overridden"'),
        (
            "/feedback/0/outcomeTimestamp",
            "must be a date and time with its offset from UTC, such as 2026-02-01T10:30:00Z",
        ),
        ("/feedback/1/acceptedSuggestions", "is missing"),
        ("/feedback/1/card", "is missing"),
        ("/feedback/2/acceptedSuggestions", "must be a list with at least one suggestion, since the card was accepted"),
        ("/feedback/3/overrideReason", "must be an object with a reason (a Coding), a userComment, or both"),
        ("/feedback/4/overrideReasons/0/reason/code", "is missing"),
    ]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ([], ("", "must be a JSON object")),
        ({}, ("/feedback", "is missing")),
        ({"feedback": []}, ("/feedback", "must be a list with at least one item")),
        ({"feedback": {}}, ("/feedback", "must be a list with at least one item")),
    ],
)
def test_feedback_without_items_is_refused(data: object, fault: tuple[str, str]) -> None:
    """There is nothing to store."""
    assert faults_of(data) == [fault]


@pytest.mark.parametrize(
    "moment", [f"2026-02-01T10:30:00.{'1' * 10}Z", "2026-02-01T10:30:00Z\n", "2026-02-01T10:30:00"]
)
def test_a_moment_that_the_database_would_not_hold_is_refused_and_not_sent_again_for_ever(moment: str) -> None:
    """More digits than nanoseconds have, or a line behind it; nine digits are kept as sent."""
    assert [where for where, _ in faults_of({"feedback": [OVERRIDDEN | {"outcomeTimestamp": moment}]})] == [
        "/feedback/0/outcomeTimestamp"
    ]
    precise = "2026-02-01T10:30:00.123456789+01:00"
    assert read(OVERRIDDEN | {"outcomeTimestamp": precise})[0].timestamp == precise


@pytest.mark.parametrize(
    ("reason", "where"),
    [
        ({"userComment": "a\u0000b"}, "userComment"),
        ({"reason": {"code": "a\u0000b"}}, "reason/code"),
        ({"reason": {"code": "a", "display": "a\u0000b"}}, "reason/display"),
    ],
)
def test_a_null_character_is_refused_since_not_every_database_holds_it(reason: dict[str, Any], where: str) -> None:
    """PostgreSQL holds none, and the EHR would be told to send it again; lines and umlauts are kept."""
    faults = faults_of({"feedback": [OVERRIDDEN | {"overrideReason": reason}]})
    assert [place for place, _ in faults] == [f"/feedback/0/overrideReason/{where}"]
    kept = read(OVERRIDDEN | {"overrideReason": {"userComment": "ä\nb"}})[0].reasons[0]
    assert kept == OverrideReason(comment="ä\nb")
