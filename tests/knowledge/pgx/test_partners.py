"""Medicines that stand against an alternative to clopidogrel, or beside which it is to be checked first."""

from dataclasses import replace
from typing import Any

import pytest

from knowledge.drug_answer import Offer
from knowledge.evaluate import evaluate
from knowledge.facts import DrugUse, Ingredient
from knowledge.policy import Policy
from knowledge.question import Names, read_facts, read_order

GIVEN = {"genes": {"CYP2C19": "*2/*2"}, "conditions": ["coronary_intervention"], "age": 50, "weight_kg": 80}


def offers_of(
    names: Names, more: tuple[DrugUse, ...] = (), drafted: tuple[str, ...] = (), **given: Any
) -> dict[str, Offer]:
    """Offers to a poor metabolizer after a stent; `more`: medicines in use, `drafted`: other drafts of the request."""
    facts = read_facts({**GIVEN, **given}, names)
    orders = tuple(replace(read_order(name, names), order_id=name) for name in ("clopidogrel", *drafted))
    asked = replace(facts, orders=orders, medications=(*facts.medications, *more))
    answer = evaluate(asked, names.library, Policy())[0]
    return {offer.key: offer for offer in answer.offers}


def state(offer: Offer) -> tuple[bool, tuple[str, ...]]:
    """Whether it holds, and what is said."""
    return offer.holds, offer.reasons


def test_with_no_partner_on_the_list_nothing_is_said(names: Names) -> None:
    """Pantoprazole is in none of the groups."""
    offers = offers_of(names, medications=["pantoprazole"])
    assert (state(offers["prasugrel"]), state(offers["ticagrelor"])) == ((True, ()), (True, ()))


def test_a_member_of_a_group_forbids_one_and_is_to_be_checked_beside_the_other(names: Names) -> None:
    """Prasugrel must not be given with an anticoagulant; of ticagrelor the label only says that bleeding increases."""
    offers = offers_of(names, medications=["apixaban"])
    assert state(offers["prasugrel"]) == (False, ("not together with apixaban, which is on the medication list",))
    assert state(offers["ticagrelor"]) == (True, ("together with apixaban, which is on the medication list",))


def test_a_class_of_modulators_stands_for_its_medicines(names: Names) -> None:
    """Clarithromycin is a strong inhibitor of CYP3A4, erythromycin a moderate one."""
    strong, moderate = (offers_of(names, medications=[one]) for one in ("clarithromycin", "erythromycin"))
    assert state(strong["ticagrelor"]) == (
        False,
        ("not together with clarithromycin, which is on the medication list",),
    )
    assert moderate["ticagrelor"].holds


def test_a_partner_that_is_drafted_in_the_same_request_counts(names: Names) -> None:
    """It will be taken together with it."""
    offers = offers_of(names, drafted=("rivaroxaban",))
    assert state(offers["prasugrel"]) == (False, ("not together with rivaroxaban, which is drafted as well",))


def test_one_that_is_on_the_list_and_drafted_is_said_once(names: Names) -> None:
    """The list has the last word."""
    offers = offers_of(names, medications=["rivaroxaban"], drafted=("rivaroxaban",))
    assert state(offers["prasugrel"]) == (False, ("not together with rivaroxaban, which is on the medication list",))


@pytest.mark.parametrize("display", ["Edoxaban 60 MG Oral Tablet", "dabigatran etexilate 150 mg", "EDOXABAN"])
def test_a_partner_without_a_code_is_known_by_its_name(names: Names, display: str) -> None:
    """The imported list does not hold these two."""
    offers = offers_of(names, (DrugUse((), display, reason="not known"),))
    name = "edoxaban" if "edoxaban" in display.casefold() else "dabigatran"
    assert state(offers["prasugrel"]) == (
        False,
        (f"not together with {name}, which is on the medication list",),
    )
    assert state(offers["ticagrelor"]) == (True, (f"together with {name}, which is on the medication list",))


def test_a_medicine_that_nobody_can_tell_is_said_beside_what_has_partners(names: Names) -> None:
    """It may be an anticoagulant: the offer stays, and is to be checked first."""
    offers = offers_of(names, (DrugUse((), "study medicine 7", reason="not known"),))
    said = "medicines on the list that could not be identified may speak against it: study medicine 7"
    assert (state(offers["prasugrel"]), state(offers["ticagrelor"])) == ((True, (said,)), (True, (said,)))


def test_beside_another_oral_p2y12_inhibitor_no_second_one_is_offered(names: Names) -> None:
    """Ticagrelor on the list or drafted is the other medicine already; aspirin beside it stays allowed."""
    listed, drafted = offers_of(names, medications=["ticagrelor"]), offers_of(names, drafted=("ticagrelor",))
    assert {key: state(offer) for key, offer in listed.items()} == {
        "prasugrel": (False, ("not together with ticagrelor, which is on the medication list",)),
        "ticagrelor": (False, ("ticagrelor is already on the medication list",)),
        "aspirin_dipyridamole": (
            False,
            (
                f"on file: {names.library.conditions['coronary_intervention'].label}",
                "not together with ticagrelor, which is on the medication list",
            ),
        ),
    }
    assert (state(drafted["prasugrel"]), state(drafted["ticagrelor"])) == (
        (False, ("not together with ticagrelor, which is drafted as well",)),
        (False, ("ticagrelor is drafted already",)),
    )
    beside_aspirin = offers_of(names, medications=["aspirin", "clopidogrel"])
    assert (state(beside_aspirin["prasugrel"]), state(beside_aspirin["ticagrelor"])) == ((True, ()), (True, ()))


def test_cangrelor_is_followed_by_an_oral_one(names: Names) -> None:
    """The infusion leaves both offers; prasugrel has to wait for its end."""
    offers = offers_of(names, (DrugUse((Ingredient("cangrelor"),), "cangrelor"),))
    assert state(offers["prasugrel"]) == (True, ("together with cangrelor, which is on the medication list",))
    assert state(offers["ticagrelor"]) == (True, ())


def test_what_is_replaced_and_the_alternative_itself_are_no_partners(names: Names) -> None:
    """Apixaban in place of warfarin, which is taken, is beside no anticoagulant."""
    facts = read_facts({"genes": {"CYP2C9": "*3/*3"}, "age": 60, "medications": ["warfarin"]}, names)
    (answer,) = evaluate(replace(facts, orders=(read_order("warfarin", names),)), names.library, Policy())
    assert {offer.name: state(offer) for offer in answer.offers} == {"apixaban": (True, ()), "rivaroxaban": (True, ())}
