"""Inhibitors: what is counted, what is only named, and an alternative that would harm a medicine already taken."""

from dataclasses import replace
from datetime import date
from typing import Any

from knowledge.drug_answer import DrugAnswer, Offer
from knowledge.evaluate import evaluate
from knowledge.facts import DrugUse, Ingredient
from knowledge.library import Alternative
from knowledge.policy import Policy
from knowledge.question import Names, read_facts, read_order

PAROXETINE = DrugUse((Ingredient("paroxetine", "32937"),), "Paroxetine 20 mg")


def ask(names: Names, drug: str, ended: tuple[DrugUse, ...] = (), **given: Any) -> DrugAnswer:
    """The answer on one drug; `ended`: medicines stopped lately."""
    facts = replace(read_facts(given, names), orders=(read_order(drug, names),), ended=ended)
    (answer,) = evaluate(facts, names.library, Policy())
    return answer


def notes(answer: DrugAnswer) -> tuple[str, ...]:
    """Notes on the first gene of the leading finding."""
    return answer.findings[0].genes[0].notes


def test_a_strong_inhibitor_of_cyp2d6_converts_and_is_named(names: Names) -> None:
    """Genotype says normal, acts as poor, because of paroxetine."""
    state = ask(names, "codeine", genes={"CYP2D6": "*1/*1"}, age=40, medications=["paroxetine"]).findings[0].genes[0]
    assert (state.genotype_says, state.phenotype, state.because) == (
        "Normal Metabolizer",
        "Poor Metabolizer",
        ("paroxetine (strong inhibitor)",),
    )


def test_an_inhibitor_to_be_stopped_is_said_to_be(names: Names) -> None:
    """It still counts until it ends."""
    facts = replace(
        read_facts({"genes": {"CYP2D6": "*1/*1"}, "age": 40}, names),
        orders=(read_order("codeine", names),),
        medications=(replace(PAROXETINE, until=date(2026, 12, 1)),),
    )
    (answer,) = evaluate(facts, names.library, Policy())
    assert answer.findings[0].genes[0].because == ("paroxetine (strong inhibitor, to end on 2026-12-01)",)


def test_an_inhibitor_that_was_stopped_is_named_and_not_counted(names: Names) -> None:
    """For how long it goes on acting no table says."""
    ended = (replace(PAROXETINE, until=date(2026, 11, 20)),)
    answer = ask(names, "codeine", ended, genes={"CYP2D6": "*1/*1"}, age=40)
    assert answer.findings[0].genes[0].genotype_says is None
    assert notes(answer) == (
        "paroxetine (strong inhibitor of CYP2D6) was taken until 2026-11-20: it was not counted, "
        "its effect may outlast it",
    )


def test_one_that_is_taken_again_is_not_said_to_be_stopped(names: Names) -> None:
    """The active one counts."""
    answer = ask(names, "codeine", (PAROXETINE,), genes={"CYP2D6": "*1/*1"}, age=40, medications=["paroxetine"])
    assert notes(answer) == ()


def test_inhibitors_of_other_enzymes_are_named_and_change_nothing(names: Names) -> None:
    """CPIC has factors for CYP2D6 alone; a class that nobody read in a source is said to be unverified."""
    plain = ask(names, "clopidogrel", genes={"CYP2C19": "*1/*1"}, conditions=["coronary_intervention"])
    with_it = ask(
        names,
        "clopidogrel",
        genes={"CYP2C19": "*1/*1"},
        conditions=["coronary_intervention"],
        medications=["omeprazole"],
    )
    assert [one.id for one in with_it.findings] == [one.id for one in plain.findings]
    assert notes(with_it) == (
        "omeprazole (inhibitor of CYP2C19, strength not verified) is on the medication list: "
        "the genotype's phenotype was not changed for it",
    )


def offers_of(names: Names, **given: Any) -> tuple[Offer, ...]:
    """Offers for a poor metabolizer of clopidogrel, were paroxetine an alternative to it."""
    drug = names.library.drugs["clopidogrel"]
    alternatives = {"prasugrel": Alternative("paroxetine", "32937"), "ticagrelor": drug.alternatives["ticagrelor"]}
    drugs = {**names.library.drugs, "clopidogrel": replace(drug, alternatives=alternatives)}
    changed = replace(names, library=replace(names.library, drugs=drugs))
    genes = {"CYP2C19": "*2/*2"} | given.pop("genes", {})
    return ask(changed, "clopidogrel", genes=genes, conditions=["coronary_intervention"], **given).offers


def test_an_alternative_that_would_harm_a_medicine_on_the_list_drops_out(names: Names) -> None:
    """Codeine is taken, and would form no morphine under paroxetine."""
    offers = offers_of(names, genes={"CYP2D6": "*1/*1"}, age=40, medications=["codeine"])
    assert [(one.name, one.holds, one.reasons) for one in offers] == [
        ("ticagrelor", True, ()),
        ("paroxetine", False, ("it inhibits CYP2D6: codeine, which is taken, would need a change",)),
    ]


def test_an_alternative_that_changes_nothing_for_what_is_taken_holds(names: Names) -> None:
    """A poor metabolizer cannot become a poorer one."""
    offers = offers_of(names, genes={"CYP2D6": "*4/*4"}, age=40, medications=["codeine"])
    assert {one.name: one.holds for one in offers} == {"ticagrelor": True, "paroxetine": True}


def test_an_alternative_whose_harm_is_not_known_drops_out_as_well(names: Names) -> None:
    """Without a CYP2D6 result nobody can tell: what a result would forbid is not open to somebody never tested."""
    offers = offers_of(names, age=40, medications=["codeine"])
    assert [(one.name, one.holds, one.reasons) for one in offers] == [
        ("ticagrelor", True, ()),
        (
            "paroxetine",
            False,
            ("it inhibits CYP2D6, and codeine is taken: how much that matters is not known",),
        ),
    ]


def replacements_of_codeine(names: Names, medications: list[str]) -> tuple[Offer, ...]:
    """Offers for a poor metabolizer of codeine, were omeprazole and morphine the alternatives to it."""
    drug = names.library.drugs["codeine"]
    alternatives = {**drug.alternatives, "morphine": Alternative("omeprazole", "7646")}
    drugs = {**names.library.drugs, "codeine": replace(drug, alternatives=alternatives)}
    changed = replace(names, library=replace(names.library, drugs=drugs))
    return ask(changed, "codeine", genes={"CYP2D6": "*4/*4"}, age=40, medications=medications).offers


def test_an_alternative_that_inhibits_without_a_factor_is_to_be_checked_first(names: Names) -> None:
    """Omeprazole is listed for CYP2C19; how much that takes from clopidogrel no factor tells, so it is said."""
    (found,) = [one for one in replacements_of_codeine(names, ["clopidogrel"]) if one.name == "omeprazole"]
    assert (found.holds, found.reasons) == (
        True,
        ("it is listed for CYP2C19 (inhibitor, strength not verified), and clopidogrel is taken, which depends on it",),
    )


def test_an_alternative_that_inhibits_nothing_that_is_taken_has_nothing_to_check(names: Names) -> None:
    """Simvastatin does not depend on CYP2C19."""
    (found,) = [one for one in replacements_of_codeine(names, ["simvastatin"]) if one.name == "omeprazole"]
    assert (found.holds, found.reasons) == (True, ())


def test_if_no_alternative_survives_it_is_said(names: Names) -> None:
    """Nothing is offered, and the card says that nothing is left."""
    answer = ask(
        names,
        "clopidogrel",
        genes={"CYP2C19": "*2/*2"},
        conditions=["coronary_intervention"],
        allergies=["prasugrel", "ticagrelor"],
    )
    leading = next(one for one in answer.findings if one.body == "CPIC")
    assert "offer" not in [action.kind for action in leading.actions]
    assert "none of the alternatives of CPIC holds for this patient" in [gap.text for gap in leading.gaps]
