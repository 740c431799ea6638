"""A dose to start from by published equations: worked by hand here, and every reason why there is none."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from math import exp, sqrt
from typing import Any

import pytest

from knowledge.evaluate import evaluate
from knowledge.facts import Answer, DrugUse, GeneRecord, GeneResult, Ingredient, PatientFacts
from knowledge.findings import Amount, DoseEstimate
from knowledge.policy import Policy
from knowledge.question import Names, read_facts, read_order
from knowledge.sign_off import SignOff

TODAY = date(2026, 11, 24)
GIVEN = {
    "genes": {"CYP2C9": "*1/*2", "VKORC1": "rs9923231 C/T"},
    "age": 62,
    "height_cm": 170,
    "weight_kg": 80,
    "target_inr": 2.5,
    "smokes": False,
}
IWPC, GAGE = "iwpc-eu-pact", "gage"


def ask(names: Names, facts: PatientFacts, policy: Policy | None = None) -> dict[str, DoseEstimate]:
    """The estimates for an order of warfarin, by formula."""
    ordered = replace(facts, today=TODAY, orders=(read_order("warfarin", names),))
    answers = evaluate(ordered, names.library, policy or Policy())
    return {one.formula: one for answer in answers for finding in answer.findings for one in finding.estimates}


def estimates(names: Names, facts: dict[str, Any] | None = None, **changes: Any) -> dict[str, DoseEstimate]:
    """The estimates for the patient above: `facts` replaces members of her facts, the rest those of the question."""
    return ask(names, replace(read_facts({**GIVEN, **changes}, names), **(facts or {})))


def reasons(found: dict[str, DoseEstimate]) -> dict[str, str | None]:
    """Why there is no dose, by formula; no dose without a reason, no reason beside a dose."""
    assert all((one.amount is None) == (one.reason is not None) for one in found.values())
    return {formula: one.reason for formula, one in found.items()}


def test_both_equations_give_what_a_hand_computes(names: Names) -> None:
    """To one decimal a day; the weekly one to the half a week as well."""
    weekly = (5.6044 - 0.2614 * 6.2 + 0.0087 * 170 + 0.0128 * 80 - 0.5211 - 0.8677) ** 2
    surface = round(sqrt(170 * 80 / 3600), 2)
    daily = exp(0.9751 - 0.3238 + 0.4317 * surface - 0.00745 * 62 - 0.2066 + 0.2029 * 2.5)
    assert (round(weekly, 2), round(weekly / 7, 2), surface, round(daily, 2)) == (25.99, 3.71, 1.94, 3.77)
    found = estimates(names)
    assert (found[IWPC].amount, found[IWPC].weekly) == (
        Amount(Decimal("3.7"), "mg", "day"),
        Amount(Decimal("26.0"), "mg", "week"),
    )
    assert (found[GAGE].amount, found[GAGE].weekly) == (Amount(Decimal("3.8"), "mg", "day"), None)
    assert reasons(found) == {IWPC: None, GAGE: None}


def test_an_estimate_names_all_that_it_was_computed_from(names: Names) -> None:
    """Enough to compute it again from the card; days where the record has them."""
    found = estimates(names, {"measured_on": {"weight_kg": "2026-03-01T08:00:00Z", "smokes": "2026-05"}})
    assert found[IWPC].inputs == (
        ("age", "62"),
        ("height", "170 cm"),
        ("weight", "80 kg (2026-03-01)"),
        ("CYP2C9", "*1/*2"),
        ("VKORC1", "-1639 A/G"),
        ("amiodarone", "no"),
    )
    assert found[GAGE].inputs == (
        ("age", "62"),
        ("height", "170 cm"),
        ("weight", "80 kg (2026-03-01)"),
        ("body surface area", "1.94 m²"),
        ("CYP2C9", "*1/*2"),
        ("VKORC1", "rs9923231 C/T"),
        ("target INR", "2.5"),
        ("amiodarone", "no"),
        ("smoking", "no (2026-05-01)"),
        ("deep vein thrombosis or pulmonary embolism on file", "no"),
    )


def test_amiodarone_lowers_both_whether_taken_or_ordered_along(names: Names) -> None:
    """On the list, or as another draft of the same request."""
    taken = estimates(names, medications=["amiodarone"])
    orders = (read_order("warfarin", names), read_order("amiodarone", names))
    answers = evaluate(replace(read_facts(GIVEN, names), today=TODAY, orders=orders), names.library, Policy())
    along = {one.formula: one for finding in answers[0].findings for one in finding.estimates}
    low = {IWPC: Decimal("3.0"), GAGE: Decimal("2.9")}
    assert {key: one.amount and one.amount.value for key, one in taken.items()} == low
    assert {key: one.amount and one.amount.value for key, one in along.items()} == low
    assert ("amiodarone", "yes") in taken[IWPC].inputs


@pytest.mark.parametrize("answer", [Answer.NOT_FETCHED, Answer.WITHHELD, Answer.UNREADABLE])
def test_a_list_that_was_not_obtained_proves_nothing(names: Names, answer: Answer) -> None:
    """Neither that amiodarone is not taken nor that there is no thrombosis; an empty list that was obtained does."""
    no_list, no_problems = "the medication list was not obtained", "the problem list was not obtained"
    assert reasons(estimates(names, {"medications_answer": answer})) == {IWPC: no_list, GAGE: no_list}
    assert reasons(estimates(names, {"conditions_answer": answer})) == {IWPC: None, GAGE: no_problems}
    empty = {"medications_answer": Answer.NONE_ON_FILE, "conditions_answer": Answer.NONE_ON_FILE}
    assert reasons(estimates(names, empty)) == {IWPC: None, GAGE: None}


def test_a_medicine_that_nobody_could_identify_may_be_any(names: Names) -> None:
    """Also amiodarone; and one that was stopped of late may still act."""
    unknown = (DrugUse((), "white tablets", reason="its name is not known"),)
    words = "the medication list holds medicines that could not be identified"
    assert reasons(estimates(names, {"medications": unknown})) == {IWPC: words, GAGE: words}
    stopped = (DrugUse((Ingredient("amiodarone", "703"),), "amiodarone", until=date(2026, 11, 1)),)
    words = "amiodarone is on file as stopped: whether it still acts is not known"
    assert reasons(estimates(names, {"ended": stopped})) == {IWPC: words, GAGE: words}


@pytest.mark.parametrize("medicine", ["carbamazepine", "phenytoin", "fosphenytoin", "rifampin"])
def test_an_enzyme_inducer_forbids_both_equations(names: Names, medicine: str) -> None:
    """Neither has a term for it; a medicine that induces nothing forbids nothing."""
    found = reasons(estimates(names, medications=[medicine]))
    assert all(reason and reason.startswith(f"{medicine} is on the medication list: ") for reason in found.values())
    assert reasons(estimates(names, medications=["metformin"])) == {IWPC: None, GAGE: None}


def test_what_is_missing_is_named_and_nothing_stands_in_for_it(names: Names) -> None:
    """No usual target, no non-smoker by default."""
    found = estimates(names, target_inr=None, smokes=None)
    assert reasons(found) == {
        IWPC: None,
        GAGE: "the target INR is not on file; whether the patient smokes is not on file",
    }
    assert reasons(estimates(names, height_cm=None))[IWPC] == "the height is not on file"
    assert reasons(estimates(names, weight_kg=None))[IWPC] == "the weight is not on file"


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("2025-11-24", None),
        ("2025-11-23", "the weight is from 2025-11-23, too old"),
        ("2026", None),
        ("2025-11", "the weight is from 2025-11-01, too old"),
        ("2026-11-25", None),
        ("2027-01-01", "the weight is dated 2027-01-01, a day to come"),
        ("yesterday", "the weight on file has no date"),
        (None, "the weight on file has no date"),
    ],
)
def test_a_weight_counts_for_a_year(names: Names, day: str | None, reason: str | None) -> None:
    """A month or a year counts from its first day; a day to come only for the other side of the date line."""
    assert reasons(estimates(names, {"measured_on": {"weight_kg": day}})) == {IWPC: reason, GAGE: reason}


def test_an_old_smoking_status_counts_as_missing(names: Names) -> None:
    """As an old height does."""
    found = reasons(estimates(names, {"measured_on": {"smokes": "2020-01-01", "height_cm": "2026-01-01"}}))
    assert found == {IWPC: None, GAGE: "the smoking status is from 2020-01-01, too old"}
    old = "the height is from 2020-01-01, too old"
    assert reasons(estimates(names, {"measured_on": {"height_cm": "2020-01-01"}})) == {IWPC: old, GAGE: old}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"height_cm": 1.7}, "the height of 1.7 cm is not accepted (120 to 230)"),
        ({"weight_kg": 3}, "the weight of 3 kg is not accepted (30 to 300)"),
        ({"weight_kg": 10**300}, "the weight on file is no possible value"),
        ({"height_cm": -170}, "the height on file is no possible value"),
    ],
)
def test_a_slip_is_not_computed_with(names: Names, changes: dict[str, Any], reason: str) -> None:
    """The value stands in the reason, so that it can be mended."""
    assert reasons(estimates(names, **changes)) == {IWPC: reason, GAGE: reason}


@pytest.mark.parametrize("allele", ["*5", "*6", "*8", "*9", "*11", "*999"])
def test_only_genotypes_that_an_equation_names_are_computed(names: Names, allele: str) -> None:
    """No other allele is taken for *1, whatever its function. *999 makes CYP2C9 indeterminate: no algorithm at all."""
    words = f"CYP2C9 *1/{allele}: the equation does not know {allele}"
    found = reasons(estimates(names, genes={"CYP2C9": f"*1/{allele}", "VKORC1": "rs9923231 C/T"}))
    assert found == ({} if allele == "*999" else {IWPC: words, GAGE: words})


def with_results(names: Names, *results: GeneResult) -> PatientFacts:
    """The patient above with these CYP2C9 results."""
    facts = read_facts(GIVEN, names)
    return replace(facts, genes={**facts.genes, "CYP2C9": GeneRecord("CYP2C9", Answer.READ, results)})


def test_results_that_disagree_are_not_chosen_from(names: Names) -> None:
    """Not even where both lead to one phenotype: *1/*2 and *1/*11 have the same score. Equal results are one."""
    first, other = (GeneResult("CYP2C9", Answer.READ, genotype=text) for text in ("*1/*2", "*1/*11"))
    words = "CYP2C9 results disagree"
    assert reasons(ask(names, with_results(names, first, other))) == {IWPC: words, GAGE: words}
    swapped = replace(first, genotype="*2/*1")
    assert reasons(ask(names, with_results(names, first, swapped))) == {IWPC: None, GAGE: None}
    phenotype = GeneResult("CYP2C9", Answer.READ, reported_phenotype="Poor Metabolizer")
    assert reasons(ask(names, with_results(names, first, phenotype))) == {IWPC: words, GAGE: words}


def test_a_child_and_an_unknown_age_get_no_dose(names: Names) -> None:
    """Children have a flow of their own; without an age the adult flow is assumed, an age is not."""
    assert estimates(names, age=9) == {}
    words = "the age is not on file"
    assert reasons(estimates(names, age=None)) == {IWPC: words, GAGE: words}


def test_who_takes_warfarin_already_gets_no_dose_to_start_from(names: Names) -> None:
    """There the INR has spoken."""
    words = "warfarin is on the medication list already, a dose to start from no longer applies"
    assert reasons(estimates(names, medications=["warfarin"])) == {IWPC: words, GAGE: words}


def test_a_site_that_asks_for_signed_content_gets_no_unsigned_equation(names: Names) -> None:
    """The drug's own file and its genes may be signed while the equation is not, or is no more."""
    signed = sign(names)
    found = ask(signed, read_facts(GIVEN, signed), Policy(reviewed_only=True))
    words = "the equation is not signed, and the site asks for signed content only"
    assert reasons(found) == {IWPC: words, GAGE: words}
    held, ended = SignOff("reviewed", "2026-11-24"), SignOff("reviewed", "2026-11-23")
    known = names.library.formulas
    formulas = {IWPC: replace(known[IWPC], sign_off=held), GAGE: replace(known[GAGE], sign_off=ended)}
    both = Names(replace(signed.library, formulas=formulas), names.drugs)
    found = ask(both, read_facts(GIVEN, both), Policy(reviewed_only=True))
    over = "the signature of the equation ended on 2026-11-23, and the site asks for signed content only"
    assert reasons(found) == {IWPC: None, GAGE: over}
    assert {name: one.content_status for name, one in found.items()} == {IWPC: "reviewed", GAGE: "transcribed"}


def sign(names: Names) -> Names:
    """Warfarin, its genes and their inhibitors signed to the day of the question, and no equation."""
    held, library = SignOff("reviewed", "2026-11-24"), names.library
    return Names(
        replace(
            library,
            drugs={"warfarin": replace(library.drugs["warfarin"], sign_off=held)},
            genes={key: replace(gene, sign_off=held) for key, gene in library.genes.items()},
            modulators_signed=dict.fromkeys(library.modulators, held),
        ),
        names.drugs,
    )
