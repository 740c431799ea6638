"""What a row discloses follows from its table; nothing is invented, and nothing that a rule can ask for is left out."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

import pytest

from knowledge.disclosure import disclose, disclose_row
from knowledge.facts import PatientFacts
from knowledge.library import Alternative, Criteria, Drug, Library, Population
from knowledge.row_inputs import FACTS, Inputs, find_inputs

PERSONAL = (
    "race",
    "ethnicity",
    "language",
    "sexual_orientation",
    "gender_identity",
    "sex",
    "date_of_birth",
    "social_determinants",
    "health_status",
)


def used(library: Library, row_id: str) -> dict[str, str]:
    """The attributes that a row uses, with what they are used as."""
    told = disclose_row(library, row_id)
    assert told is not None
    return {one.id: one.value for one in told.attributes if one.used}


@pytest.mark.parametrize(
    ("row_id", "expected"),
    [
        ("clopidogrel/cpic/standard-acs-pci", {}),
        ("clopidogrel/cpic/poor-acs-pci", {"date_of_birth": "used: age"}),
        ("warfarin/cpic/algorithm", {"date_of_birth": "used: age", "health_status": "used: smoking status"}),
        ("dapsone/cpic/standard-normal", {"sex": "used: sex"}),
    ],
)
def test_what_a_row_uses_follows_from_its_table(library: Library, row_id: str, expected: dict[str, str]) -> None:
    """An equation asks for the age and for smoking, an X-linked gene for the sex, an alternative may ask for the age, a
    plain table for none."""
    assert used(library, row_id) == expected


def test_an_alternative_that_pregnancy_forbids_uses_a_health_status(library: Library) -> None:
    """What is looked at before the alternative is offered counts, too."""
    assert used(library, "atorvastatin/cpic/poor")["health_status"] == "used: pregnancy"


def test_every_row_names_all_thirteen_in_the_order_of_the_regulation(library: Library) -> None:
    """Citation, developer, funding and dates have words; of the nine others each is used or not."""
    for drug in library.drugs.values():
        for table in drug.tables:
            for row in table.rows:
                told = disclose(library, drug, table, row).attributes
                assert tuple(one.id for one in told) == ("citation", "developer", "funding", "dates", *PERSONAL)
                assert all(one.value and one.used is None for one in told[:4])
                assert all(one.used == one.value.startswith("used: ") for one in told[4:])


def test_no_row_uses_what_no_fact_holds(library: Library) -> None:
    """Race, ethnicity, language, orientation, gender identity and social determinants are not even read."""
    read = set(library.transparency.facts.values()) | set(library.transparency.conditions.values())
    assert read - {None} == {"date_of_birth", "sex", "health_status"}
    assert FACTS - {field.name for field in fields(PatientFacts)} == set()


def test_every_criterion_of_a_population_is_an_input(library: Library) -> None:
    """A population of a table that asks for everything, with another inside it: all of it is told."""
    inner = Criteria(weight_over_kg=Decimal(50))
    criteria = Criteria(
        any_of=("stroke_or_tia",),
        none_of=("pregnancy",),
        age_below=Decimal(18),
        uses="warfarin",
        naive_to="codeine",
        judgement="it is so",
        either=(inner,),
    )
    drug = library.drugs["clopidogrel"]
    asking = replace(drug, populations={name: Population(name, name, criteria) for name in drug.populations})
    table = asking.tables[0]
    row = next(one for one in table.rows if one.id == "silent-fast-other-cv")
    found = find_inputs(library, asking, table, row)
    assert found == Inputs(
        facts=("age", "conditions", "genes", "medications", "weight_kg"),
        conditions=("pregnancy", "stroke_or_tia"),
        medicines=("codeine", "warfarin"),
    )


def test_an_alternative_adds_its_own_questions(library: Library) -> None:
    """Age, weight, conditions, medicines it must not be taken with, allergies, and its own tables."""

    def ask(drug: Drug) -> Inputs:
        row = next(one for one in drug.tables[0].rows if one.id == "poor-acs-pci")
        return find_inputs(library, drug, drug.tables[0], row)

    drug = library.drugs["clopidogrel"]
    plain = {name: Alternative(name, None) for name in drug.alternatives}
    strict = Alternative(
        "prasugrel",
        None,
        unless=("pregnancy",),
        check_if=("heart_failure",),
        age_below=Decimal(75),
        weight_from_kg=Decimal(60),
        not_with=("anticoagulants",),
        check_with=("aspirin",),
    )
    before = ask(replace(drug, alternatives=plain))
    changed = ask(replace(drug, alternatives={**plain, "prasugrel": strict}))
    assert set(changed.facts) - set(before.facts) == {"age", "weight_kg"}
    assert set(changed.conditions) - set(before.conditions) == {"pregnancy", "heart_failure"}
    assert (before.medicines, changed.medicines) == ((), ("anticoagulants", "aspirin"))


@pytest.mark.parametrize("row_id", ["", "clopidogrel", "clopidogrel/cpic", "clopidogrel/cpic/no-such", "x/y/z", "//"])
def test_an_unknown_row_discloses_nothing(library: Library, row_id: str) -> None:
    """None, and no exception."""
    assert disclose_row(library, row_id) is None


def test_what_the_source_does_not_say_is_said_not_to_be_stated(library: Library) -> None:
    """No funding is invented, and a body that the content does not name has no developer."""
    bare = replace(library, transparency=replace(library.transparency, issuers={}))
    told = {one.id: one.value for one in disclose_row(bare, "clopidogrel/cpic/poor-acs-pci").attributes}  # type: ignore[union-attr]
    said = "CPIC: not stated in the source; transcription: not stated in the source"
    assert (told["developer"], told["funding"]) == (said, said)
