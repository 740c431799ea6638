"""Conditions, procedures, allergies and weight."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from fhir_samples import LIBRARY, LOINC, NAMES, PATIENT, RXNORM, SNOMED, concept, fetched, observation

from cds_hooks.fhir.allergies import read_allergies
from cds_hooks.fhir.conditions import read_conditions
from cds_hooks.fhir.labs import read_weights
from cds_hooks.fhir.record import Fetched
from knowledge.facts import Answer, Ingredient, LabValue
from knowledge.library import ConditionSet

UCUM = "http://unitsofmeasure.org"
STROKE = ConditionSet("stroke", "stroke", {SNOMED: ("230690007",), "http://hl7.org/fhir/sid/icd-10": ("I63",)})
STATES = replace(LIBRARY, conditions={"stroke": STROKE})
CODE = concept((SNOMED, "230690007", "Stroke"))


def condition(**members: Any) -> dict[str, Any]:
    return {"resourceType": "Condition", "id": "c1", "code": CODE, **members}


def status(code: str) -> dict[str, Any]:
    return concept(("http://terminology.hl7.org/CodeSystem/condition-clinical", code, None))


@pytest.mark.parametrize(
    ("resource", "holds"),
    [
        (condition(clinicalStatus=status("active")), True),
        (condition(), True),
        (condition(code=concept(("http://hl7.org/fhir/sid/icd-10", "I63.9", None))), True),
        (condition(code=concept(("http://hl7.org/fhir/sid/icd-10", " I63.9 ", None))), True),
        (condition(code=concept(("http://hl7.org/fhir/sid/icd-10", "I64", None))), False),
        (condition(code=concept((SNOMED, "1", None)), contained=[condition(id="c2")]), True),
        ({"resourceType": "Bundle", "entry": [{"resource": condition()}]}, True),
        (condition(clinicalStatus=status("resolved")), False),
        (condition(clinicalStatus="inactive"), False),
        (condition(verificationStatus=status("refuted")), False),
        (condition(verificationStatus=status("entered-in-error")), False),
        (condition(subject={"reference": "Patient/demo-2"}), False),
        ({"resourceType": "Procedure", "status": "completed", "code": CODE}, True),
        ({"resourceType": "Procedure", "status": "not-done", "code": CODE}, False),
    ],
)
def test_state_holds_when_a_condition_or_procedure_shows_it(resource: dict[str, Any], holds: bool) -> None:
    """What is over, refuted, not done or of somebody else shows nothing."""
    assert read_conditions(fetched(resource), PATIENT, STATES) == (frozenset({"stroke"}) if holds else frozenset())


def test_nothing_is_used_when_it_is_withheld() -> None:
    """Consent comes before reading."""
    topic = Fetched(Answer.WITHHELD, (condition(), weight(60, "kg"), allergy()))
    got = (
        read_conditions(topic, PATIENT, STATES),
        read_weights(topic, PATIENT),
        read_allergies(topic, PATIENT, NAMES),
    )
    assert got == (frozenset(), (), ())


def allergy(**members: Any) -> dict[str, Any]:
    coded = concept((RXNORM, "2670", "codeine"))
    return {"resourceType": "AllergyIntolerance", "id": "a1", "code": coded, **members}


@pytest.mark.parametrize(
    ("resource", "names"),
    [
        (allergy(), ["codeine"]),
        (allergy(code=None, reaction=[{"substance": concept(text="Siponimod")}]), ["siponimod"]),
        (allergy(code=concept((RXNORM, "2670", "siponimod"))), ["codeine", "siponimod"]),
        (allergy(code=concept(text="peanuts")), []),
        (allergy(verificationStatus=status("refuted")), []),
        (allergy(clinicalStatus=status("resolved")), []),
        (allergy(patient={"reference": "Patient/demo-2"}), []),
    ],
)
def test_allergy_counts_when_it_names_a_medicine(resource: dict[str, Any], names: list[str]) -> None:
    """By code, or by an exact name, or by the substance of a reaction; by both where they differ."""
    found = read_allergies(fetched(resource), PATIENT, NAMES)
    assert ([one.name for one in found], {type(one) for one in found} <= {Ingredient}) == (names, True)


def weight(value: object, unit: str | None, **members: Any) -> dict[str, Any]:
    quantity = {"value": value, "unit": unit, **members.pop("quantity", {})}
    return observation("29463-7", valueQuantity=quantity, **members)


@pytest.mark.parametrize(
    ("resource", "kilograms"),
    [
        (weight(72.5, "kg"), Decimal("72.5")),
        (weight(3200, "g"), Decimal("3.2")),
        (
            weight(100, "pounds", quantity={"code": "[lb_av]", "system": "http://unitsofmeasure.org"}),
            Decimal("45.359237"),
        ),
        (weight(72.5, None), None),
        (weight(72.5, "stone"), None),
        (weight(-1, "kg"), None),
        (weight("72", "kg"), None),
        (weight(40, "kg", quantity={"comparator": ">"}), None),
        (weight(72.5, "kg", status="entered-in-error"), None),
        (weight(72.5, "kg", subject={"reference": "Patient/demo-2"}), None),
        (observation(concept((LOINC, "8302-2", "Body height")), valueQuantity={"value": 72, "unit": "kg"}), None),
    ],
)
def test_weight_is_read_when_value_unit_and_status_are_plain(
    resource: dict[str, Any], kilograms: Decimal | None
) -> None:
    """In kilograms, whatever unit it was sent in."""
    expected = LabValue("body weight", kilograms, "kg", "2024-05-01", "Observation/o1") if kilograms else None
    assert read_weights(fetched(resource), PATIENT) == ((expected,) if expected else ())


def test_newest_weight_comes_first() -> None:
    """A weight without a date comes last."""
    sent = [weight(number, "kg", id=f"w{number}", effectiveDateTime=when) for number, when in _WEIGHED]
    assert [one.value for one in read_weights(fetched(*sent), PATIENT)] == [60, 50, 70]


_WEIGHED = [(50, "2020-01-01"), (60, "2024-01-01"), (70, None)]
