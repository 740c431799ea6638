"""Medicines that the patient must not get: allergies and intolerances, by ingredient."""

from __future__ import annotations

from cds_hooks.fhir.coding import Concept, objects, read_concept
from cds_hooks.fhir.conditions import holds
from cds_hooks.fhir.record import Fetched
from cds_hooks.fhir.subject import of_patient
from knowledge.facts import Answer, Ingredient
from knowledge.terms.drug_names import DrugNames


def read_allergies(fetched: Fetched, patient_id: str, names: DrugNames) -> tuple[Ingredient, ...]:
    """The ingredients of AllergyIntolerance resources that are neither resolved nor refuted, each once.

    What is no known medicine (foods, classes of medicines) is passed over: it cannot be compared with an ingredient.
    """
    if fetched.answer is Answer.WITHHELD:
        return ()
    found: dict[Ingredient, None] = {}
    for one in of_patient(fetched.resources, patient_id).of_kind("AllergyIntolerance"):
        if not holds(one.resource):
            continue
        substances = [reaction.get("substance") for reaction in objects(one.resource.get("reaction"))]
        for value in (one.resource.get("code"), one.resource.get("substance"), *substances):
            found.update(dict.fromkeys(_identify(read_concept(value), names)))
    return tuple(found)


def _identify(concept: Concept, names: DrugNames) -> tuple[Ingredient, ...]:
    """The ingredients; of codes and names that contradict each other all: one of them must not be given."""
    codings = [(coding.system, coding.code, coding.display) for coding in concept.codings]
    agreed = names.identify(codings, concept.text).ingredients
    if agreed:
        return agreed
    by_code = [names.identify([(system, code, None)], None) for system, code, _ in codings]
    by_name = [names.identify([], name) for name in concept.names]
    return tuple(one for known in (*by_code, *by_name) for one in known.ingredients)
