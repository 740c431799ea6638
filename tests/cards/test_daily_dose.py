"""A draft's dose a day is held against the amounts of a row, and said where it is above or below them."""

from decimal import Decimal

import pytest

from cards.daily_dose import describe_draft
from knowledge.findings import Action, Amount
from tests.cards.answers import make_answer, make_finding, make_order


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
