"""A dose is proposed only where every number of the draft is known and the new one can really be given."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cards.dose_changes import propose_doses
from knowledge.facts import DoseLine, Ingredient
from knowledge.findings import Action, Amount, Gap
from tests.cards.answers import (
    CLOPIDOGREL,
    DOSE_PATH,
    DRAFT,
    make_answer,
    make_finding,
    make_gene,
    make_order,
    make_reduction,
)

HALF = Action("reduce", percent=(Decimal(50),))
MORE = Action("increase", percent=(Decimal(50), Decimal(100)), of="start")
PER_KG = Action("limit", amount=Amount(Decimal("0.3"), "mg/kg", "day"))
REDUCED = " (only if the draft is the full standard dose, not one already reduced)"
AT_60 = " (at the 60 kg on file; only if the draft is the full standard dose, not one already raised)"
AT_50 = " (at the 50 kg of 2026-11-01; only if the draft is the full standard dose, not one already reduced)"
OTHER_PATH = ("dosageInstruction", 1, "doseAndRate", 0, "doseQuantity")
TWO_LINES = DRAFT | {"dosageInstruction": [*DRAFT["dosageInstruction"], *DRAFT["dosageInstruction"]]}  # type: ignore[misc]


def labels(
    *actions: Action, alternative: bool = False, answer: dict[str, Any] | None = None, **order: Any
) -> list[str]:
    """The label of every dose that is proposed; `answer`: what else is known of the patient."""
    finding = make_finding(actions=actions, dose_change=True, alternative=alternative)
    proposed = propose_doses(make_answer(finding, order=make_order(**order), **(answer or {})), finding)
    return [label.removeprefix("Change the dose of clopidogrel ") for label, _ in proposed]


def of(value: float, times: int = 1) -> tuple[DoseLine, ...]:
    """One dose line in mg."""
    return (DoseLine(DOSE_PATH, Decimal(str(value)), "mg", Decimal(times)),)


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        ("mg", 75, ["from 75 to 37.5 mg" + REDUCED]),
        ("tablet", 1, []),
        ("Tablets", 1, []),
        ("tablet(s)", 3, []),
        ("{tbl}", 1, []),
        (None, 1, []),
        ("tablet", 2, ["from 2 to 1 tablet" + REDUCED]),
        ("{tbl}", 2, ["from 2 to 1 tbl" + REDUCED]),
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


def with_dosage(**members: Any) -> dict[str, Any]:
    """The draft with something more in its dosage."""
    first: dict[str, Any] = DRAFT["dosageInstruction"][0]  # type: ignore[assignment, index]
    return DRAFT | {"dosageInstruction": [first | members]}


RATED = [{"doseQuantity": {"value": 75, "unit": "mg"}, "rateQuantity": {"value": 75, "unit": "mg/h"}}]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (DRAFT | {"note": [{"text": "75 mg a day"}]}, 0),
        (with_dosage(additionalInstruction=[{"text": "take one 75 mg tablet"}]), 0),
        (with_dosage(patientInstruction="one tablet in the morning"), 0),
        (with_dosage(maxDosePerPeriod={"numerator": {"value": 75}, "denominator": {"value": 1, "unit": "d"}}), 0),
        (with_dosage(maxDosePerAdministration={"value": 75, "unit": "mg"}), 0),
        (with_dosage(doseAndRate=RATED), 0),
        (with_dosage(text="one tablet of 75 mg", route={"text": "by mouth"}, additionalInstruction=[]), 1),
    ],
)
def test_a_draft_that_may_go_on_speaking_of_the_old_dose_gets_no_new_one(
    resource: dict[str, Any], expected: int
) -> None:
    """Notes, instructions and highest amounts would stand beside the new number and contradict it."""
    assert len(labels(HALF, resource=resource)) == expected


def test_what_only_repeats_the_order_in_words_is_left_out_of_the_changed_one() -> None:
    """The narrative, R5's rendered dosage and the dosage's text name the old dose."""
    words = {"text": {"status": "generated", "div": "75 mg"}, "renderedDosageInstruction": "75 mg a day"}
    finding = make_reduction(HALF)
    [(_, (update,))] = propose_doses(make_answer(finding, order=make_order(resource=DRAFT | words)), finding)
    changed = [{"doseAndRate": [{"doseQuantity": {"value": 37.5, "unit": "mg"}}]}]
    assert update.resource == DRAFT | {"dosageInstruction": changed}


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (Amount(Decimal(40), "mg", "day"), ["from 75 to 37.5 mg" + REDUCED]),
        (Amount(Decimal(20), "mg", "day"), []),
        (Amount(Decimal(1), "mg/kg", "day"), []),
        (Amount(Decimal(20), "mg", "dose"), []),
    ],
)
def test_a_dose_that_is_not_surely_within_the_rows_own_limit_is_not_proposed(
    limit: Amount, expected: list[str]
) -> None:
    """It is above the limit, or the draft's unit and the patient's weight do not tell."""
    assert labels(HALF, Action("limit", amount=limit)) == expected


@pytest.mark.parametrize(
    ("draft", "weight", "expected"),
    [
        (3, 60, ["from 3 to 4.5 mg" + AT_60, "from 3 to 6 mg" + AT_60]),
        (6, 60, ["from 6 to 9 mg" + AT_60]),
        (12, 60, []),
        (3, None, []),
        (3, 0, []),
    ],
)
def test_a_limit_per_kg_is_held_against_the_weight_on_file(draft: float, weight: int | None, expected: Any) -> None:
    """Twice 9 mg at 60 kg are 0.3 mg/kg a day, twice 12 mg are 0.4; without a weight nothing is proposed."""
    known = {"weight_kg": None if weight is None else Decimal(weight)}
    assert labels(MORE, PER_KG, answer=known, doses=of(draft, times=2)) == expected


@pytest.mark.parametrize(("second", "expected"), [(25, ["from 75 to 37.5 mg, 25 to 12.5 mg" + REDUCED]), (75, [])])
def test_all_doses_of_a_draft_together_keep_a_limit(second: int, expected: list[str]) -> None:
    """Each by itself may be below it, and their sum above."""
    doses = (*of(75), DoseLine(OTHER_PATH, Decimal(second), "mg", Decimal(1)))
    limit = Action("limit", amount=Amount(Decimal(60), "mg", "day"))
    assert labels(HALF, limit, doses=doses, resource=TWO_LINES) == expected


@pytest.mark.parametrize(
    ("action", "first", "in_use"),
    [
        (MORE, 2, 0),
        (HALF, 1, 0),
        (Action("reduce", amount=Amount(Decimal(50), "mg", "day"), of="start"), 1, 0),
        (Action("reduce", amount=Amount(Decimal(50), "mg", "day")), 1, 1),
    ],
    ids=["start by percent", "dose by percent", "start to an amount", "dose to an amount"],
)
def test_of_a_drug_in_use_no_start_and_no_share_of_the_dose_is_proposed(
    action: Action, first: int, in_use: int
) -> None:
    """The first dose was given, the next may have been cut; so it may be where the list was not obtained."""
    found = [len(labels(action, answer={"in_use": state})) for state in (False, True, None)]
    assert found == [first, in_use, in_use]


@pytest.mark.parametrize(
    ("finding", "answer", "doses"),
    [
        ({}, {}, (2, 1)),
        ({"genes": (make_gene(modulators=("omeprazole",)),)}, {}, (0, 1)),
        ({"genes": (make_gene(because=("fluvoxamine (strong inhibitor)",)),)}, {}, (0, 1)),
        ({"gaps": (Gap("medications_unknown", "not identified: white tablets"),)}, {}, (0, 1)),
        ({}, {"in_use": None}, (0, 0)),
    ],
    ids=["no inhibitor", "named", "counted", "not identified", "list not obtained"],
)
def test_no_dose_is_raised_beside_what_inhibits_or_induces_a_gene_of_the_row(
    finding: dict[str, Any], answer: dict[str, Any], doses: tuple[int, int]
) -> None:
    """More of the drug on top of an inhibitor may be far too much; a lower dose is offered all the same."""
    offered = []
    for action in (MORE, HALF):
        found = make_finding(actions=(action,), dose_change=True, alternative=False, **finding)
        offered.append(len(list(propose_doses(make_answer(found, **answer), found))))
    assert tuple(offered) == doses


def test_what_is_left_to_the_prescriber_is_not_proposed() -> None:
    """The numbers say less than the row's words."""
    assert labels(replace(HALF, by_hand=True)) == []
    assert labels(replace(HALF, by_hand_in=("severe_liver_disease",))) != []


@pytest.mark.parametrize(
    ("other", "offered"),
    [
        ({"genes": (replace(make_gene(), gene="CYP2D6"),)}, 0),
        ({"genes": (replace(make_gene(), gene="CYP2D6"),), "body": "DPWG"}, 1),
        ({"genes": (replace(make_gene(), gene="CYP2D6"),), "dose_change": False}, 1),
        ({}, 1),
    ],
    ids=["other gene", "other body", "no dose", "same gene"],
)
def test_no_dose_is_proposed_where_its_body_changes_it_for_another_gene_as_well(
    other: dict[str, Any], offered: int
) -> None:
    """Each row counts from the full dose and knows nothing of the other's cut."""
    finding = make_reduction(HALF)
    answer = make_answer(finding, replace(finding, **other))
    assert len(list(propose_doses(answer, finding))) == offered


def test_of_a_drug_that_is_drafted_twice_no_dose_is_proposed() -> None:
    """Which of the drafts is to change, or is there by mistake, is not known."""
    other = make_order(order_id="MedicationRequest/2")
    assert [labels(HALF, answer={"other_drafts": drafts}) for drafts in ((other,), ())] == [
        [],
        ["from 75 to 37.5 mg" + REDUCED],
    ]


BOUND = (Amount(Decimal(75), "mg/m2", "day"), Amount(Decimal("1.5"), "mg/kg", "day"))


@pytest.mark.parametrize(
    ("draft", "weight", "expected"), [(75, 50, ["from 75 to 37.5 mg" + AT_50]), (74, 50, []), (75, None, [])]
)
def test_a_draft_below_the_dose_that_a_change_starts_from_is_left_alone(
    draft: int, weight: int | None, expected: list[str]
) -> None:
    """One bound that is surely reached suffices; where none can be told, nothing is proposed."""
    known = {"weight_kg": None if weight is None else Decimal(weight), "weighed_on": "2026-11-01T08:00:00Z"}
    assert labels(replace(HALF, bounds=BOUND), answer=known, doses=of(draft)) == expected


def test_a_dose_on_some_days_of_the_week_is_not_proposed() -> None:
    """The draft's timing would stay as it is."""
    assert labels(replace(HALF, days_a_week=3)) == []


@pytest.mark.parametrize(("times", "expected"), [(1, ["from 75 to 50 mg"]), (2, ["from 75 to 25 mg"]), (3, [])])
def test_a_daily_amount_is_proposed_only_where_it_divides_evenly(times: int, expected: list[str]) -> None:
    """A third of 50 mg is no dose."""
    action = Action("reduce", amount=Amount(Decimal(50), "mg", "day"))
    doses = (DoseLine(DOSE_PATH, Decimal(75), "mg", Decimal(times)),)
    assert labels(action, doses=doses) == expected


def test_a_dose_beside_an_alternative_says_that_it_is_for_keeping_the_drug() -> None:
    """The leading advice is the other drug."""
    finding = replace(make_reduction(HALF), indicator=make_finding().indicator.WARNING, alternative=True)
    assert [label for label, _ in propose_doses(make_answer(finding), finding)] == [
        "Change the dose of clopidogrel from 75 to 37.5 mg"
        " (if it is kept; only if the draft is the full standard dose, not one already reduced)"
    ]
