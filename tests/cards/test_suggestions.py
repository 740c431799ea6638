"""Suggestions can really be ordered, and nothing in them is invented."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from fhir.resources import get_fhir_model_class as r5_class
from fhir.resources.R4B import get_fhir_model_class as r4_class

from cards.from_findings import CardPolicy, make_cards
from knowledge.drug_answer import DrugAnswer, Offer, Pretest
from knowledge.facts import DoseLine
from knowledge.findings import Action, Amount, Gap, Indicator
from tests.cards.answers import (
    DOSE_PATH,
    DRAFT,
    make_answer,
    make_finding,
    make_gap,
    make_order,
    make_reduction,
    numbered,
)

UNREDUCED = "(only if the draft is the full standard dose, not one already reduced)"
UNRAISED = "(only if the draft is the full standard dose, not one already raised)"


def suggestions_of(answer: DrugAnswer, **policy: Any) -> list[dict[str, Any]]:
    """The suggestions of the one card."""
    (card,) = make_cards([answer], CardPolicy(**policy), numbered())
    found: list[dict[str, Any]] = card.to_json().get("suggestions", [])
    return found


def doses_of(answer: DrugAnswer) -> list[tuple[str, float]]:
    """Label and new dose of every suggestion."""
    return [
        (one["label"], one["actions"][0]["resource"]["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"])
        for one in suggestions_of(answer)
    ]


@pytest.mark.parametrize(
    ("action", "doses"),
    [
        (
            Action("reduce", percent=(Decimal(50),), of="start"),
            [(f"Change the dose of clopidogrel from 75 to 37.5 mg {UNREDUCED}", 37.5)],
        ),
        (
            Action("increase", percent=(Decimal(100),)),
            [(f"Change the dose of clopidogrel from 75 to 150 mg {UNRAISED}", 150)],
        ),
        (
            Action("reduce", factor=Decimal("0.1")),
            [(f"Change the dose of clopidogrel from 75 to 7.5 mg {UNREDUCED}", 7.5)],
        ),
        (
            Action("reduce", percent=(Decimal(20), Decimal(70))),
            [
                (f"Change the dose of clopidogrel from 75 to 60 mg {UNREDUCED}", 60),
                (f"Change the dose of clopidogrel from 75 to 22.5 mg {UNREDUCED}", 22.5),
            ],
        ),
        (
            Action("reduce", amount=Amount(Decimal(50), "mg", "day")),
            [("Change the dose of clopidogrel from 75 to 50 mg", 50)],
        ),
        (Action("reduce", amount=Amount(Decimal(75), "mg", "day")), []),
        (Action("reduce", amount=Amount(Decimal(1), "mg/kg", "day")), []),
        (Action("reduce", percent=(Decimal(100),)), []),
        (Action("reduce", of="start"), []),
        (Action("reduce", percent=(Decimal(75),), of="start", degree="at_least"), []),
        (Action("increase", percent=(Decimal(50), Decimal(100)), of="dose", degree="consider"), []),
        (Action("reduce", percent=(Decimal(25),), of="maintenance"), []),
        (Action("reduce", percent=(Decimal(25),), of="start", degree="consider"), []),
        (
            Action("reduce", amount=Amount(Decimal(50), "mg", "day"), of="start", degree="consider"),
            [("Change the dose of clopidogrel from 75 to 50 mg", 50)],
        ),
    ],
)
def test_a_new_dose_is_computed_from_the_drafts_own_numbers(action: Action, doses: list[tuple[str, float]]) -> None:
    """Percent, factor, range and amount; nothing where units differ, nothing is left, or the dose is for later."""
    assert doses_of(make_answer(make_reduction(action))) == doses


@pytest.mark.parametrize(
    ("action", "recommended"),
    [
        (Action("reduce", amount=Amount(Decimal(50), "mg", "day")), True),
        (Action("reduce", percent=(Decimal(50),), of="start"), False),
        (Action("reduce", factor=Decimal("0.1")), False),
    ],
)
def test_only_a_dose_that_may_be_taken_over_twice_is_recommended(action: Action, recommended: bool) -> None:
    """An amount stays what it is; half of a draft that was halved before is a quarter, and no draft tells."""
    (suggestion,) = suggestions_of(make_answer(make_reduction(action)))
    assert suggestion.get("isRecommended", False) is recommended


def test_the_updated_order_is_whole_and_loses_the_text_that_named_the_old_dose() -> None:
    """Everything else of the draft comes back as it was sent."""
    (suggestion,) = suggestions_of(make_answer(make_reduction(Action("reduce", percent=(Decimal(50),)))))
    quantity = {"value": 37.5, "unit": "mg"}
    assert suggestion["actions"][0]["resource"] == {
        **DRAFT,
        "dosageInstruction": [{"doseAndRate": [{"doseQuantity": quantity}]}],
    }
    assert DRAFT["dosageInstruction"][0]["text"] == "75 mg daily"  # type: ignore[index]


@pytest.mark.parametrize(
    "order",
    [
        make_order(order_id=None),
        make_order(resource={key: value for key, value in DRAFT.items() if key != "subject"}),
        make_order(active=True),
    ],
    ids=["without an id", "without a subject", "already taken"],
)
def test_a_draft_that_lacks_what_is_needed_gets_no_replacement(order: Any) -> None:
    """Nothing is deleted that cannot be named, nothing is ordered for nobody."""
    assert suggestions_of(make_answer(make_finding(), order=order)) == []


def test_an_amount_needs_the_times_a_day() -> None:
    """Without a timing the daily amount cannot be compared."""
    dose = DoseLine(DOSE_PATH, Decimal(75), "mg", None)
    action = Action("reduce", amount=Amount(Decimal(50), "mg", "day"))
    assert doses_of(make_answer(make_reduction(action), order=make_order(doses=(dose,)))) == []


def test_what_a_row_only_informs_of_replaces_no_draft() -> None:
    """An alternative for the case that the drug does not help is named, and nothing is drafted for it."""
    assert suggestions_of(make_answer(make_finding(indicator=Indicator.INFO))) == []
    assert len(suggestions_of(make_answer(make_finding(indicator=Indicator.WARNING)))) == 2


def test_alternatives_that_drop_out_and_classes_are_not_orderable() -> None:
    """Only what holds and has a code becomes a suggestion."""
    offers = (
        Offer("prasugrel", "613391", holds=False, reasons=("stroke",), key="prasugrel"),
        Offer("another drug", None, holds=True, is_class=True, key="ticagrelor"),
    )
    assert suggestions_of(make_answer(make_finding(), offers=offers)) == []


def test_no_replacement_is_recommended_that_is_not_named_first_or_not_fully_checked() -> None:
    """A class that is named first, or an age that is not on file, leaves the choice to the prescriber."""
    unchecked = (Offer("ticagrelor", "1116632", holds=True, reasons=("the age is not on file",), key="prasugrel"),)
    second = (
        Offer("another class", None, holds=True, is_class=True, key="prasugrel"),
        Offer("ticagrelor", "1116632", holds=True, key="ticagrelor"),
    )
    for offers in (unchecked, second):
        (suggestion,) = suggestions_of(make_answer(make_finding(), offers=offers))
        assert "isRecommended" not in suggestion


def test_where_another_drug_is_asked_for_on_pain_of_serious_harm_no_dose_is_offered() -> None:
    """The number stays in the text; with a warning it may be clicked."""
    action = Action("reduce", factor=Decimal("0.1"), of="start")
    critical = replace(make_reduction(action), alternative=True)
    assert doses_of(make_answer(critical)) == []
    assert [value for _, value in doses_of(make_answer(replace(critical, indicator=Indicator.WARNING)))] == [7.5]


def test_nor_is_a_dose_offered_where_only_another_body_asks_for_another_drug() -> None:
    """One body's number would be clicked against the other's warning."""
    leading = make_reduction(Action("reduce", factor=Decimal("0.1"), of="start"))
    other = make_finding(id="clopidogrel/dpwg/poor", body="DPWG", actions=(Action("avoid"),))
    assert doses_of(make_answer(leading, other)) == []
    assert [value for _, value in doses_of(make_answer(leading, replace(other, possible=True)))] == [7.5]


def test_nor_where_only_the_clinician_can_tell_whether_the_drug_is_to_be_avoided() -> None:
    """A critical "avoid" on a condition stands against the number; one that holds once an inhibitor is stopped does
    not yet."""
    leading = make_reduction(Action("reduce", factor=Decimal("0.1"), of="start"), indicator=Indicator.WARNING)
    other = make_finding(id="clopidogrel/fda/poor", body="FDA", actions=(Action("avoid"),), condition="it is so")
    assert doses_of(make_answer(leading, other)) == []
    assert [value for _, value in doses_of(make_answer(leading, replace(other, hidden_by=("paroxetine",))))] == [7.5]


def test_an_ehr_that_takes_one_action_gets_one_action() -> None:
    """The removal of the draft is a suggestion by itself, beside each replacement."""
    found = suggestions_of(make_answer(make_finding()), single_action_suggestions=True)
    assert [[action["type"] for action in one["actions"]] for one in found] == [["delete"], ["create"], ["create"]]


@pytest.mark.parametrize(
    ("loinc", "code"),
    [
        ({}, {"text": "CYP2C19 genotype"}),
        (
            {"CYP2C19": "57132-5"},
            {"text": "CYP2C19 genotype", "coding": [{"system": "http://loinc.org", "code": "57132-5"}]},
        ),
    ],
)
def test_the_missing_test_is_ordered_by_its_code_where_the_gene_has_one(loinc: Any, code: Any) -> None:
    """Text alone where no single code is known."""
    (suggestion,) = suggestions_of(make_answer(make_gap(), pretest=Pretest(("CYP2C19",), "required", loinc=loinc)))
    assert suggestion["actions"][0]["resource"]["code"] == code


def test_a_test_that_is_no_genotype_is_ordered_as_what_it_is() -> None:
    """In place of a genotype where the policy asks for it, and where the genotype on file does not answer."""
    kinds = {"CYP2C19": "g6pd_activity"}
    asked = make_answer(make_gap(), pretest=Pretest(("CYP2C19",), "required", kinds=kinds))
    gap = Gap("indeterminate", "the CYP2C19 result on file tells no phenotype", "CYP2C19", measure="dpd_activity")
    unanswered = make_answer(replace(make_gap(), gaps=(gap,)))
    said = [
        (one["label"], one["actions"][0]["resource"]["code"])
        for answer in (asked, unanswered)
        for one in suggestions_of(answer)
    ]
    assert said == [
        ("Order G6PD enzyme activity before clopidogrel", {"text": "G6PD enzyme activity"}),
        ("Order DPD phenotype (uracil in plasma) before clopidogrel", {"text": "DPD phenotype (uracil in plasma)"}),
    ]


@pytest.mark.parametrize("release", ["R4", "R5"])
def test_everything_that_is_sent_is_valid_fhir(release: str) -> None:
    """Replacement, update and test order validate in the release of the draft."""
    model = r4_class if release == "R4" else r5_class
    draft = dict(DRAFT)
    if release == "R5":
        draft["medication"] = {"concept": draft.pop("medicationCodeableConcept")}
    order = replace(make_order(), resource=draft, fhir_release=release)
    answers = [
        make_answer(make_finding(), order=order),
        make_answer(make_reduction(Action("reduce", percent=(Decimal(50),))), order=order),
        make_answer(make_gap(), order=order, pretest=Pretest(("CYP2C19",), "required")),
    ]
    resources = [
        action["resource"]
        for answer in answers
        for suggestion in suggestions_of(answer)
        for action in suggestion["actions"]
        if "resource" in action
    ]
    assert len(resources) == 4
    for resource in resources:
        model(resource["resourceType"]).model_validate(resource)
