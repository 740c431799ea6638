"""A verdict is shared only by resources about which validation says the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_hooks.fhir.validation import find_problems, validate
from cds_hooks.fhir.verdicts import Verdicts, digest_likeness

RESULT: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "code": {"text": "CYP2C19 genotype"},
    "subject": {"reference": "Patient/demo-1"},
    "effectiveDateTime": "2024-05-01",
    "issued": "2024-05-01T09:30:00+01:00",
    "valueString": "*1/*2",
}
TIMES = st.from_regex(
    r"[0-3][0-9]{3}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2}))?",
    fullmatch=True,
)
ODD = st.sampled_from([None, "", " ", 1, 1.0, True, [], {}, float("inf"), 10**30, "2024", "2024-02-30", "x y", "\x00"])
REFERENCES = st.dictionaries(st.sampled_from(["reference", "display", "vendor"]), st.text(max_size=5) | ODD, max_size=2)
VALUES = st.text(max_size=10) | TIMES | ODD | REFERENCES


@settings(deadline=None, max_examples=400)
@given(
    st.dictionaries(
        st.sampled_from(
            ["id", "subject", "encounter", "effectiveDateTime", "issued", "authoredOn", "status", "vendor"]
        ),
        VALUES,
        max_size=3,
    ),
    st.sampled_from(["R4", "R5"]),
)
def test_verdict_is_that_of_the_resource_itself_whatever_its_members_hold(
    changed: dict[str, Any], release: str
) -> None:
    """Verdicts remembered from one example never mislead the next."""
    resource = RESULT | changed
    assert validate(resource, release) == find_problems(resource, release)


@pytest.mark.parametrize(
    ("changed", "alike"),
    [
        ({"id": "o2"}, True),
        ({"subject": {"reference": "Patient/demo-2", "display": "Demo"}}, True),
        ({"effectiveDateTime": "2025-12-30"}, True),
        ({"issued": "2025-12-30T23:59:59.123Z"}, True),
        ({"effectiveDateTime": "2025-12-30T23:59:59Z"}, False),
        ({"effectiveDateTime": "2025-02-30"}, False),
        ({"subject": {"reference": ""}}, False),
        ({"subject": {}}, False),
        ({"valueString": "*1/*3"}, False),
        ({"vendor": 1}, False),
        ({"id": "o 2"}, False),
        ({"subject": "reference"}, False),
        ({"effectiveDateTime": "date"}, False),
    ],
)
def test_resources_are_alike_where_only_plainly_valid_members_differ(changed: dict[str, Any], alike: bool) -> None:
    """A patient, a day and an id differ from order to order; what else differs is validated anew."""
    assert (digest_likeness(RESULT | changed, "R4") == digest_likeness(RESULT, "R4")) is alike


def test_numbers_that_json_writes_alike_are_not_alike() -> None:
    """Infinity, null, 1 and 1.0 are four values."""
    values = (float("inf"), None, 1, 1.0, True)
    assert len({digest_likeness({"value": value}, "R4") for value in values}) == len(values)


def test_what_is_too_deep_or_too_large_is_judged_each_time() -> None:
    """Nothing is remembered of it."""
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"a": deep}
    assert digest_likeness(deep, "R4") is None
    assert digest_likeness({"a": "b" * 100_000}, "R4") is None


def test_release_belongs_to_the_verdict() -> None:
    """What is valid in R4 may be invalid in R5."""
    assert digest_likeness(RESULT, "R4") != digest_likeness(RESULT, "R5")


def test_verdicts_are_forgotten_together_when_there_are_too_many() -> None:
    """Memory stays bounded, and the verdict is found again."""
    verdicts, asked = Verdicts(), []

    def find() -> tuple[str, ...]:
        asked.append(1)
        return ("problem",)

    for number in range(2_001):
        assert verdicts.recall({"valueInteger": number}, "R4", find) == ("problem",)
    assert verdicts.recall({"valueInteger": 2_000}, "R4", find) == ("problem",)
    assert len(asked) == 2_001
    assert verdicts.recall({"valueInteger": 0}, "R4", find) == ("problem",)
    assert len(asked) == 2_002
