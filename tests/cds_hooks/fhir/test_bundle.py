"""The many ways to say "none" and "failed" are told apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cds_hooks.fhir.bundle import Page, Reason, read_page

ONE = {"resourceType": "Observation", "id": "1"}


def outcome(**issue: str) -> dict[str, Any]:
    """An OperationOutcome with one issue."""
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def searchset(*resources: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A Bundle with entries, without a total."""
    return {"resourceType": "Bundle", "entry": [{"resource": resource} for resource in resources], **members}


def parameters(*resources: object) -> dict[str, Any]:
    """Parameters with each resource as a parameter."""
    listed = [{"name": "return", "resource": resource} for resource in resources]
    return {"resourceType": "Parameters", "parameter": listed}


def in_parts(*resources: object) -> dict[str, Any]:
    """Parameters with the resources as parts of a part."""
    inner = {"name": "inner", "part": parameters(*resources)["parameter"]}
    return {"resourceType": "Parameters", "parameter": [{"name": "outer", "part": [inner]}]}


FAILED, SUPPRESSED = outcome(severity="error"), outcome(severity="information", code="suppressed")
EPIC_EMPTY = outcome(severity="warning", code="processing")

CASES = {
    "an entry whose resource is null": (
        {"resourceType": "Bundle", "entry": [{"resource": ONE}, {"resource": None}]},
        Page((ONE,), reason=Reason.INCOMPLETE),
    ),
    "an entry whose resource does not say what it is": (
        {"resourceType": "Bundle", "entry": [{"resource": {"id": "1"}}]},
        Page(({"id": "1"},), reason=Reason.INCOMPLETE),
    ),
    "an answer inside a batch": (searchset(searchset(ONE)), Page((searchset(ONE),))),
    "an answer inside a batch that has further pages": (
        searchset(searchset(ONE, link=[{"relation": "next", "url": "x"}])),
        Page((searchset(ONE, link=[{"relation": "next", "url": "x"}]),), reason=Reason.INCOMPLETE),
    ),
    "an answer inside a batch that counts more than it holds": (
        searchset(searchset(ONE, total=2)),
        Page((searchset(ONE, total=2),), reason=Reason.INCOMPLETE),
    ),
    "a failed query inside a batch": (
        searchset(searchset(outcome(severity="error"))),
        Page((searchset(outcome(severity="error")),), reason=Reason.INCOMPLETE),
    ),
    "results held back inside a batch": (
        searchset(searchset(SUPPRESSED)),
        Page((searchset(SUPPRESSED),), reason=Reason.SUPPRESSED),
    ),
    "resources": (searchset(ONE), Page((ONE,))),
    "a single resource": (ONE, Page((ONE,))),
    "an empty list": (searchset(), Page()),
    "total 0 without entries": ({"resourceType": "Bundle", "total": 0}, Page()),
    "nothing but the type": ({"resourceType": "Bundle"}, Page()),
    "Epic's empty search with a warning": (searchset(EPIC_EMPTY, total=0), Page()),
    "resources with a warning": (searchset(ONE, EPIC_EMPTY, total=1), Page((ONE,))),
    "a next link": (searchset(ONE, link=[{"relation": "next", "url": "x?page=2"}]), Page((ONE,), "x?page=2")),
    "other links": (searchset(ONE, link=[{"relation": "self", "url": "x"}, None, {"relation": "next"}]), Page((ONE,))),
    "an OperationOutcome": (outcome(severity="error", code="exception"), Page(reason=Reason.OUTCOME)),
    "an OperationOutcome without issues": ({"resourceType": "OperationOutcome"}, Page(reason=Reason.OUTCOME)),
    "an OperationOutcome that only warns": (EPIC_EMPTY, Page(reason=Reason.OUTCOME)),
    "an error among the entries": (searchset(ONE, outcome(severity="error")), Page((ONE,), reason=Reason.OUTCOME)),
    "an issue without severity": (searchset(outcome(code="processing")), Page(reason=Reason.OUTCOME)),
    "a warning of missing data": (
        searchset(outcome(severity="warning", code="incomplete")),
        Page(reason=Reason.OUTCOME),
    ),
    "results held back for privacy": (
        searchset(ONE, outcome(severity="information", code="suppressed")),
        Page((ONE,), reason=Reason.SUPPRESSED),
    ),
    "more counted than held": (searchset(ONE, total=2), Page((ONE,), reason=Reason.INCOMPLETE)),
    "an entry without its resource": (
        {"resourceType": "Bundle", "entry": [{"resource": ONE}, {"fullUrl": "x"}]},
        Page((ONE,), reason=Reason.INCOMPLETE),
    ),
    "entries that are no list": ({"resourceType": "Bundle", "entry": {"resource": ONE}}, Page(reason=Reason.NOT_FHIR)),
    "no resource": ({"error": "no"}, Page(reason=Reason.NOT_FHIR)),
    "an empty object": ({}, Page(reason=Reason.NOT_FHIR)),
    "a resourceType that is no text": ({"resourceType": 1}, Page(reason=Reason.NOT_FHIR)),
    "a list": ([ONE], Page(reason=Reason.NOT_FHIR)),
    "nothing": (None, Page(reason=Reason.NOT_FHIR)),
}


@pytest.mark.parametrize("wrap", [parameters, in_parts])
@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ([ONE, searchset(ONE)], None),
        ([EPIC_EMPTY, searchset(EPIC_EMPTY)], None),
        ([ONE, FAILED], Reason.INCOMPLETE),
        ([ONE, SUPPRESSED], Reason.SUPPRESSED),
        ([searchset(FAILED)], Reason.INCOMPLETE),
        ([parameters(in_parts(FAILED))], Reason.INCOMPLETE),
        ([searchset(ONE, link=[{"relation": "next", "url": "x"}])], Reason.INCOMPLETE),
        ([{"id": "1"}], Reason.INCOMPLETE),
        ([None], Reason.INCOMPLETE),
    ],
)
def test_parameters_are_looked_through_as_a_bundle_is(
    wrap: Callable[..., dict[str, Any]], inside: list[object], reason: Reason | None
) -> None:
    """An operation answers with Parameters; a failure inside them is a failure, by themselves or in a Bundle."""
    sent = wrap(*inside)
    assert read_page(sent) == Page((sent,), reason=reason)
    assert read_page(searchset(sent)) == Page((sent,), reason=reason)


@pytest.mark.parametrize("listed", ["none", None, ["none"], [{"name": "a", "part": "none"}]])
def test_parameters_of_another_shape_are_not_taken_for_empty_ones(listed: object) -> None:
    """Values without a resource are no failure; what is no list of parameters is none that can be read."""
    odd = {"resourceType": "Parameters", "parameter": listed}
    plain = {"resourceType": "Parameters", "parameter": [{"name": "count", "valueInteger": 0}]}
    assert [read_page(each).reason for each in (odd, plain)] == [Reason.INCOMPLETE, None]


@pytest.mark.parametrize("name", CASES)
def test_an_answer_is_read_for_what_it_says(name: str) -> None:
    """What came, where it goes on, and why it is not all."""
    data, page = CASES[name]
    assert read_page(data) == page


def test_bundles_in_bundles_are_looked_through_however_deep() -> None:
    """Without an end of the stack; the innermost one counts."""
    whole, short = searchset(ONE, total=1), searchset(ONE, total=2)
    for _ in range(1000):
        whole, short = searchset(parameters(whole)), searchset(parameters(short))
    assert (read_page(whole).reason, read_page(short).reason) == (None, Reason.INCOMPLETE)
