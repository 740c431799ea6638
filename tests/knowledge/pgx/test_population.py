"""Populations hold, do not hold, or cannot be told."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from facts_samples import make_facts

from knowledge.facts import Answer, DrugOrder, DrugUse, Ingredient, PatientFacts
from knowledge.library import Criteria
from knowledge.pgx.population import Chosen, Membership, choose_populations, decide
from knowledge.question import Names, read_facts

TODAY = date(2026, 11, 23)
ADULT = Criteria(age_from=Decimal(18))
HEAVY = Criteria(weight_over_kg=Decimal(40))


def taking(since: date | None, answer: Answer = Answer.READ) -> PatientFacts:
    """A patient on phenytoin."""
    use = DrugUse((Ingredient("phenytoin", "8183"),), "phenytoin", since=since)
    return make_facts(today=TODAY, medications=(use,), medications_answer=answer)


@pytest.mark.parametrize(
    ("criteria", "facts", "membership"),
    [
        (ADULT, {"age": Decimal(18)}, "yes"),
        (ADULT, {"age": Decimal("17.9")}, "no"),
        (ADULT, {}, "unknown"),
        (Criteria(age_below=Decimal(12)), {"age": Decimal(12)}, "no"),
        (HEAVY, {"weight_kg": Decimal(40)}, "no"),
        (HEAVY, {"weight_kg": Decimal("40.1")}, "yes"),
        (HEAVY, {}, "unknown"),
        (Criteria(any_of=("a", "b")), {"conditions": frozenset({"b"})}, "yes"),
        (Criteria(any_of=("a",)), {"conditions": frozenset({"b"})}, "unknown"),
        (Criteria(any_of=("a",), none_of=("b",)), {"conditions": frozenset({"a", "b"})}, "no"),
        (Criteria(none_of=("a",)), {}, "yes"),
        (Criteria(none_of=("a",)), {"conditions_answer": Answer.NOT_FETCHED}, "unknown"),
        (Criteria(none_of=("a",)), {"conditions_answer": Answer.WITHHELD}, "unknown"),
        (Criteria(either=(ADULT, HEAVY)), {"age": Decimal(10), "weight_kg": Decimal(50)}, "yes"),
        (Criteria(either=(ADULT, HEAVY)), {"age": Decimal(10)}, "unknown"),
        (Criteria(either=(ADULT, HEAVY)), {"age": Decimal(10), "weight_kg": Decimal(30)}, "no"),
        (Criteria(judgement="no alternative is available"), {}, "unknown"),
    ],
)
def test_a_population_is_decided_from_what_is_on_file(
    criteria: Criteria, facts: dict[str, Any], membership: str
) -> None:
    """Each criterion at its edge, and without the fact that it needs."""
    assert decide(criteria, make_facts(**facts)) == membership


@pytest.mark.parametrize(
    ("facts", "naive", "three_months"),
    [
        (taking(date(2026, 7, 1)), "no", "yes"),
        (taking(date(2026, 11, 1)), "no", "no"),
        (taking(None), "no", "unknown"),
        (make_facts(medications_answer=Answer.READ), "unknown", "no"),
        (make_facts(medications_answer=Answer.NOT_FETCHED), "unknown", "unknown"),
    ],
)
def test_use_and_naivety_follow_the_medication_list_as_far_as_it_reaches(
    facts: PatientFacts, naive: str, three_months: str
) -> None:
    """An absence on a list never proves that a medicine was never taken."""
    assert decide(Criteria(naive_to="phenytoin"), facts) == naive
    assert decide(Criteria(uses="phenytoin", uses_months=3), facts) == three_months


@pytest.mark.parametrize(
    ("since", "expected"),
    [(date(2026, 8, 24), Membership.YES), (date(2026, 8, 25), Membership.NO)],
)
def test_months_of_use_are_calendar_months(since: date, expected: Membership) -> None:
    """From the day on which so many are full, however long they were."""
    facts = replace(taking(since), today=date(2026, 11, 24))
    assert decide(Criteria(uses="phenytoin", uses_months=3), facts) is expected
    february = replace(taking(date(2026, 11, 30)), today=date(2027, 2, 28))
    assert decide(Criteria(uses="phenytoin", uses_months=3), february) is Membership.NO


@pytest.mark.parametrize(("months", "expected"), [(3, Membership.YES), (2, Membership.NO)])
def test_a_case_reaches_the_bound_that_patients_get(names: Names, months: int, expected: Membership) -> None:
    """What a case states in months is counted as a record's dates are."""
    facts = read_facts({"medications": [{"drug": "phenytoin", "months": months}]}, names)
    assert decide(Criteria(uses="phenytoin", uses_months=3), facts) is expected


def test_a_draft_is_no_use_yet() -> None:
    """A medicine that is only being ordered has not been taken for any time."""
    facts = taking(None)
    drafted = replace(facts, medications=tuple(replace(use, draft=True) for use in facts.medications))
    assert decide(Criteria(naive_to="phenytoin"), drafted) is Membership.UNKNOWN


@pytest.mark.parametrize(
    ("medications", "answer", "drafted", "beside", "not_beside"),
    [
        (("ketoconazole",), Answer.READ, (), "yes", "no"),
        (("aspirin",), Answer.READ, (), "no", "yes"),
        ((), Answer.NONE_ON_FILE, (), "no", "yes"),
        ((), Answer.NOT_FETCHED, (), "unknown", "unknown"),
        ((), Answer.WITHHELD, (), "unknown", "unknown"),
        ((), Answer.NOT_FETCHED, ("ketoconazole",), "yes", "no"),
    ],
)
def test_what_is_taken_or_drafted_as_well_decides_as_far_as_the_list_reaches(
    medications: tuple[str, ...], answer: Answer, drafted: tuple[str, ...], beside: str, not_beside: str
) -> None:
    """A draft beside it counts, too; a list that was not obtained proves no absence."""
    uses = tuple(DrugUse((Ingredient(name),), name) for name in medications)
    orders = tuple(DrugOrder(name, name, (Ingredient(name),), fhir_release="R4") for name in drafted)
    facts = make_facts(medications=uses, medications_answer=answer, orders=orders)
    assert decide(Criteria(beside=("itraconazole", "ketoconazole")), facts) == beside
    assert decide(Criteria(not_beside=("itraconazole", "ketoconazole")), facts) == not_beside


@pytest.mark.parametrize(
    ("medications", "chosen"),
    [
        (
            ["ketoconazole"],
            [Chosen("with_3a4_inhibitor", "taking a CYP3A4 inhibitor as well (ketoconazole)")],
        ),
        (
            ["cimetidine"],
            [
                Chosen(
                    "with_3a4_inhibitor",
                    "taking a CYP3A4 inhibitor as well",
                    condition="a CYP3A4 inhibitor is taken as well",
                )
            ],
        ),
    ],
)
def test_the_list_decides_before_the_clinician_is_asked(
    names: Names, medications: list[str], chosen: list[Chosen]
) -> None:
    """A strong inhibitor on the list is named; where there is none, one that is not known here may be taken."""
    drug = names.library.drugs["propafenone"]
    (table,) = [one for one in drug.tables if one.slug == "fda"]
    assert list(choose_populations(drug, table, read_facts({"medications": medications}, names))) == chosen
