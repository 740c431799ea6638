"""Codes on a problem list to named clinical states."""

import pytest

from knowledge.library import Library
from knowledge.terms.condition_sets import match_conditions

SNOMED = "http://snomed.info/sct"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"


@pytest.mark.parametrize(
    ("system", "code", "found"),
    [
        (SNOMED, "230690007", True),
        (ICD10CM, "I63", True),
        (ICD10CM, "I63.9", True),
        (ICD10CM, "I639", True),
        ("http://hl7.org/fhir/sid/icd-10", "I63.5", True),
        ("urn:oid:2.16.840.1.113883.6.96", "230690007", True),
        (ICD10CM, "I6", False),
        (ICD10CM, "J45", False),
        ("urn:local", "I63.9", False),
        (None, "I63.9", False),
        (SNOMED, None, False),
    ],
)
def test_a_code_shows_a_stroke_or_does_not(library: Library, system: str | None, code: str | None, found: bool) -> None:
    """SNOMED CT exactly, ICD-10 with everything below it, in its own system only."""
    assert ("stroke_or_tia" in match_conditions(library, [(system, code)])) is found


def test_nothing_on_the_list_shows_nothing(library: Library) -> None:
    """No code, no state."""
    assert match_conditions(library, []) == frozenset()


def test_what_is_past_counts_only_where_it_lasts(library: Library) -> None:
    """A stroke years ago is still a stroke; a depression that is over is over."""
    stroke, depression = (ICD10CM, "I63.9"), (ICD10CM, "F32.1")
    assert match_conditions(library, [stroke, depression]) >= {"stroke_or_tia", "depression"}
    past = match_conditions(library, [stroke, depression], past=True)
    assert ("stroke_or_tia" in past, "depression" in past) == (True, False)
