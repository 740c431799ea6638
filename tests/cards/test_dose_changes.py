"""A dose is proposed only where every number of the draft is known and the new one can really be given."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cards.dose_changes import exceeding, propose_doses
from knowledge.facts import DoseLine, Ingredient
from knowledge.findings import Action, Amount
from tests.cards.answers import CLOPIDOGREL, DOSE_PATH, DRAFT, make_finding, make_order, make_reduction

HALF = Action("reduce", percent=(Decimal(50),))


def labels(*actions: Action, alternative: bool = False, **order: Any) -> list[str]:
    """The label of every dose that is proposed."""
    finding = make_finding(actions=actions, dose_change=True, alternative=alternative)
    return [label for label, _ in propose_doses(make_order(**order), finding)]


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        ("mg", 75, ["Change the dose of clopidogrel from 75 to 37.5 mg"]),
        ("tablet", 1, []),
        ("Tablets", 1, []),
        ("tablet(s)", 3, []),
        ("{tbl}", 1, []),
        (None, 1, []),
        ("tablet", 2, ["Change the dose of clopidogrel from 2 to 1 tablet"]),
        ("{tbl}", 2, ["Change the dose of clopidogrel from 2 to 1 tbl"]),
    ],
)
def test_pieces_are_halved_only_into_whole_pieces(unit: str | None, value: int, expected: list[str]) -> None:
    """Half a tablet is another strength, which the prescriber chooses."""
    assert labels(HALF, doses=(DoseLine(DOSE_PATH, Decimal(value), unit, Decimal(1)),)) == expected


def test_half_a_combination_product_is_not_proposed() -> None:
    """It would halve the other ingredient too."""
    assert labels(HALF, ingredients=(CLOPIDOGREL, Ingredient("aspirin", "1191"))) == []
    assert labels(HALF, ingredients=(CLOPIDOGREL,)) != []


def test_a_dosage_that_is_only_text_keeps_every_dose_as_it_is() -> None:
    """It would stay as it is beside the changed one."""
    both = DRAFT | {"dosageInstruction": [*DRAFT["dosageInstruction"], {"text": "and one at night"}]}  # type: ignore[misc]
    assert labels(HALF, resource=both) == []
    assert labels(HALF, resource=DRAFT) != []


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (Amount(Decimal(40), "mg", "day"), ["Change the dose of clopidogrel from 75 to 37.5 mg"]),
        (Amount(Decimal(20), "mg", "day"), []),
        (Amount(Decimal(1), "mg/kg", "day"), ["Change the dose of clopidogrel from 75 to 37.5 mg (LIMIT)"]),
    ],
)
def test_a_dose_above_the_rows_own_limit_is_not_proposed(limit: Amount, expected: list[str]) -> None:
    """A limit that cannot be compared with the draft's unit is said beside the dose."""
    found = labels(HALF, Action("limit", amount=limit))
    assert [label if label in expected else label.split(" (")[0] + " (LIMIT)" for label in found] == expected


@pytest.mark.parametrize(("times", "expected"), [(1, ["from 75 to 50 mg"]), (2, ["from 75 to 25 mg"]), (3, [])])
def test_a_daily_amount_is_proposed_only_where_it_divides_evenly(times: int, expected: list[str]) -> None:
    """A third of 50 mg is no dose."""
    action = Action("reduce", amount=Amount(Decimal(50), "mg", "day"))
    doses = (DoseLine(DOSE_PATH, Decimal(75), "mg", Decimal(times)),)
    assert labels(action, doses=doses) == [f"Change the dose of clopidogrel {words}" for words in expected]


def test_a_dose_beside_an_alternative_says_that_it_is_for_keeping_the_drug() -> None:
    """The leading advice is the other drug."""
    finding = replace(make_reduction(HALF), indicator=make_finding().indicator.WARNING, alternative=True)
    assert [label for label, _ in propose_doses(make_order(), finding)] == [
        "Change the dose of clopidogrel from 75 to 37.5 mg (if it is kept)"
    ]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (Action("limit", amount=Amount(Decimal(50), "mg", "day")), "75 mg per day"),
        (Action("limit", amount=Amount(Decimal(75), "mg", "day")), None),
        (Action("limit", amount=Amount(Decimal(75), "mg", "day"), degree="below"), "75 mg per day"),
        (Action("limit", amount=Amount(Decimal(1), "mg/kg", "day")), None),
    ],
)
def test_a_draft_above_a_limit_is_said_to_be(limit: Action, expected: str | None) -> None:
    """Where the unit and the times a day let it be told."""
    assert exceeding(make_order(), make_finding(actions=(limit,))) == expected
