"""A draft's dose a day is held against the amounts of a row, and said where it is above or below them."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cards.daily_dose import describe_draft
from knowledge.facts import Ingredient
from knowledge.findings import Action, Amount
from tests.cards.answers import CLOPIDOGREL, make_answer, make_finding, make_order


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (Action("limit", amount=Amount(Decimal(50), "mg", "day")), "The draft comes to 75 mg per day."),
        (Action("limit", amount=Amount(Decimal(75), "mg", "day")), None),
        (Action("limit", amount=Amount(Decimal(75), "mg", "day"), degree="below"), "The draft comes to 75 mg per day."),
        (
            Action("limit", amount=Amount(Decimal(1), "mg/kg", "day")),
            "The draft comes to 75 mg per day (1.25 mg/kg at the 60 kg on file).",
        ),
        (Action("limit", amount=Amount(Decimal(1), "mg/m2", "day")), None),
    ],
)
def test_a_draft_above_a_limit_is_said_to_be(limit: Action, expected: str | None) -> None:
    """Where the unit, the weight and the times a day let it be told."""
    finding = make_finding(actions=(limit,))
    assert describe_draft(make_answer(finding, weight_kg=Decimal(60)), finding) == expected
    assert describe_draft(make_answer(finding, order=make_order(doses=())), finding) is None


SAME = make_order(order_id="MedicationRequest/2")
TABLETS = make_order(order_id="MedicationRequest/3", doses=(replace(SAME.doses[0], unit="tablet"),))
BOTH = make_order(order_id="MedicationRequest/4", ingredients=(CLOPIDOGREL, Ingredient("aspirin", "1191")))
UNCOUNTED = "The draft could not be held against this: what another draft of the drug comes to could not be told."


@pytest.mark.parametrize(
    ("others", "limit", "expected"),
    [
        ((SAME,), 150, None),
        ((SAME,), 149, "The 2 drafts of the drug together come to 150 mg per day."),
        ((SAME, SAME), 150, "The 3 drafts of the drug together come to 225 mg per day."),
        ((TABLETS,), 100, UNCOUNTED),
        ((BOTH,), 100, UNCOUNTED),
        ((TABLETS,), 50, "Without another draft that could not be counted, the draft comes to 75 mg per day."),
        (
            (SAME, TABLETS),
            100,
            "Without another draft that could not be counted, the 2 drafts of the drug together come to"
            " 150 mg per day.",
        ),
    ],
)
def test_all_drafts_of_the_drug_are_held_against_a_limit(others: Any, limit: int, expected: str | None) -> None:
    """Each may keep it, and their sum exceed it; one that cannot be counted is said, and hides no other."""
    finding = make_finding(actions=(Action("limit", amount=Amount(Decimal(limit), "mg", "day")),))
    assert describe_draft(make_answer(finding, other_drafts=others), finding) == expected


def test_drafts_that_reach_a_dose_only_together_are_not_said_to_be_below_it() -> None:
    """Nor are they where one of them cannot be counted."""
    bound = Amount(Decimal(100), "mg", "day")
    finding = make_finding(actions=(Action("reduce", percent=(Decimal(50),), of="start", bounds=(bound,)),))
    said = [describe_draft(make_answer(finding, other_drafts=one), finding) for one in ((), (SAME,), (TABLETS,))]
    assert said == ["The draft comes to 75 mg per day, less than 100 mg per day.", None, UNCOUNTED]


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        (
            Decimal(60),
            "The draft comes to 75 mg per day (1.25 mg/kg at the 60 kg on file), less than 1.5 mg/kg per day.",
        ),
        (Decimal(50), None),
        (None, "The draft could not be held against this: the weight is not known."),
    ],
)
def test_a_draft_below_the_dose_that_a_change_starts_from_is_said_to_be(
    weight: Decimal | None, expected: str | None
) -> None:
    """And nothing is said where it reaches that dose, or the weight is not on file."""
    bound = Amount(Decimal("1.5"), "mg/kg", "day")
    finding = make_finding(actions=(Action("reduce", percent=(Decimal(50),), of="start", bounds=(bound,)),))
    assert describe_draft(make_answer(finding, weight_kg=weight), finding) == expected
