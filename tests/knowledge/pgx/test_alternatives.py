"""What could not be checked about an alternative, or is to be checked about it, is said beside it."""

from dataclasses import replace
from typing import Any

import pytest

from knowledge.evaluate import evaluate
from knowledge.facts import Answer, DrugUse, GeneRecord
from knowledge.policy import Policy
from knowledge.question import Names, read_facts, read_order

CHANGED = "CPIC changes its dose (SLCO1B1 Poor Function)"


def reasons(names: Names, medications: Answer = Answer.NONE_ON_FILE, abcg2: Answer | None = None) -> tuple[str, ...]:
    """What stands beside rosuvastatin, whose own table asks for ABCG2 as well."""
    facts = read_facts({"genes": {"SLCO1B1": "*5/*5"}, "age": 50}, names)
    genes = {**facts.genes, "ABCG2": GeneRecord("ABCG2", abcg2)} if abcg2 else facts.genes
    orders = (read_order("simvastatin", names),)
    asked = replace(facts, orders=orders, medications_answer=medications, genes=genes)
    (answer,) = evaluate(asked, names.library, Policy())
    (found,) = [offer for offer in answer.offers if offer.name == "rosuvastatin"]
    assert found.holds
    return found.reasons


@pytest.mark.parametrize("answer", [Answer.NOT_FETCHED, Answer.WITHHELD])
def test_a_medication_list_that_was_not_obtained_is_said_beside_an_alternative(names: Names, answer: Answer) -> None:
    """Nobody can tell whether it is taken already, or what it would do to what is taken."""
    assert reasons(names, medications=answer) == ("current medicines could not be checked", CHANGED)


@pytest.mark.parametrize("answer", [Answer.READ, Answer.NONE_ON_FILE])
def test_a_medication_list_that_was_obtained_leaves_nothing_to_say(names: Names, answer: Answer) -> None:
    """An empty list is an answer."""
    assert reasons(names, medications=answer) == (CHANGED,)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer.UNREADABLE, "the ABCG2 result on file could not be read"),
        (Answer.NOT_FETCHED, "ABCG2 results could not be fetched"),
    ],
)
def test_a_hidden_result_of_the_alternatives_own_gene_is_said(names: Names, answer: Answer, said: str) -> None:
    """Its guidance may ask for that result."""
    assert reasons(names, abcg2=answer)[-1] == said


def test_a_gene_of_the_alternative_that_was_never_tested_is_not_said(names: Names) -> None:
    """Nothing is hidden there."""
    assert reasons(names, abcg2=Answer.NONE_ON_FILE) == (CHANGED,)


def test_a_withheld_result_of_the_alternatives_own_gene_is_not_said(names: Names) -> None:
    """Its text stands on cards about other genes, and would tell what consent keeps from them."""
    assert reasons(names, abcg2=Answer.WITHHELD) == (CHANGED,)


def offer_of(names: Names, drug: str, key: str, **given: Any) -> tuple[bool, tuple[str, ...]]:
    """Whether one alternative to a drug holds, and what is said of it."""
    facts = replace(read_facts(given, names), orders=(read_order(drug, names),))
    (answer,) = evaluate(facts, names.library, Policy())
    (found,) = [offer for offer in answer.offers if offer.key == key]
    return found.holds, found.reasons


STENT = {"genes": {"CYP2C19": "*2/*2"}, "conditions": ["coronary_intervention"]}


def test_an_age_and_a_weight_that_are_not_known_leave_the_offer_and_are_said(names: Names) -> None:
    """Nobody can tell whether the label's limits hold."""
    assert offer_of(names, "clopidogrel", "prasugrel", **STENT) == (
        True,
        (
            "not below the age of 18; the age is not on file",
            "not from the age of 75 on; the age is not on file",
            "not below a body weight of 60 kg; the body weight is not known",
        ),
    )


def test_outside_of_the_limits_of_age_and_weight_it_drops_out(names: Names) -> None:
    """At 84 years and 52 kg for two reasons; within both for none."""
    assert offer_of(names, "clopidogrel", "prasugrel", age=84, weight_kg=52, **STENT) == (
        False,
        ("not from the age of 75 on", "not below a body weight of 60 kg"),
    )
    assert offer_of(names, "clopidogrel", "prasugrel", age=74, weight_kg=60, **STENT) == (True, ())


def test_a_condition_may_leave_it_and_ask_for_a_look(names: Names) -> None:
    """Apixaban in kidney disease of stage 4 or 5: the dose is the prescriber's to look up."""
    label = names.library.conditions["advanced_kidney_disease"].label
    given = {"genes": {"CYP2C9": "*3/*3"}, "age": 60}
    assert offer_of(names, "warfarin", "apixaban", conditions=["advanced_kidney_disease"], **given) == (
        True,
        (f"on file: {label}",),
    )
    assert offer_of(names, "warfarin", "apixaban", **given) == (True, ())


@pytest.mark.parametrize(
    ("drug", "genes", "other"),
    [
        ("codeine", {"CYP2D6": "*1x2/*2x2"}, "morphine"),
        ("carbamazepine", {"HLA-B": "*15:02 positive"}, "levetiracetam"),
    ],
)
def test_what_is_drafted_beside_the_drug_is_not_offered_in_its_place(
    names: Names, drug: str, genes: dict[str, str], other: str
) -> None:
    """It would be ordered twice; with no such draft it holds."""
    facts = read_facts({"genes": genes, "age": 40}, names)
    orders = tuple(replace(read_order(name, names), order_id=name) for name in (drug, other))
    held = {}
    for asked in (orders, orders[:1]):
        answer = evaluate(replace(facts, orders=asked), names.library, Policy())[0]
        held[len(asked)] = {offer.key: (offer.holds, offer.reasons) for offer in answer.offers}[other]
    assert held[2] == (False, (f"{other} is drafted already",))
    assert held[1][0]


def test_what_is_taken_already_is_known_by_its_words_too(names: Names) -> None:
    """Of a medicine that could not be identified; any other word leaves the offer."""
    facts = read_facts({**STENT, "age": 50, "weight_kg": 80}, names)
    asked = replace(facts, orders=(read_order("clopidogrel", names),))
    said = {}
    for display in ("ticagrelor study tablets", "study tablets"):
        use = DrugUse((), display, reason="not known")
        (answer,) = evaluate(replace(asked, medications=(use,)), names.library, Policy())
        (found,) = [offer for offer in answer.offers if offer.key == "ticagrelor"]
        said[display] = (found.holds, found.reasons)
    unknown = "medicines on the list that could not be identified may speak against it: study tablets"
    assert said == {
        "ticagrelor study tablets": (False, ("ticagrelor is already on the medication list",)),
        "study tablets": (True, (unknown,)),
    }


def test_a_strong_opioid_is_to_be_checked_in_everybody(names: Names) -> None:
    """So that none is ever recommended by itself; beside a benzodiazepine there is more to say."""
    given = {"genes": {"CYP2D6": "*1x2/*2x2"}, "age": 40}
    always = "a strong opioid, only where the pain needs one"
    assert offer_of(names, "codeine", "morphine", **given) == (True, (always,))
    assert offer_of(names, "codeine", "morphine", medications=["diazepam"], **given) == (
        True,
        (always, "together with diazepam, which is on the medication list"),
    )
