"""The whole record at once."""

from datetime import date
from decimal import Decimal

import pytest
from facts_samples import make_facts
from fhir_samples import LIBRARY, NAMES, SNOMED, TODAY, concept, fetched, genotype, observation, read, record

from cds_hooks.fhir import unwrapping
from cds_hooks.fhir.patient_facts import read_patient_facts
from cds_hooks.fhir.record import Fetched
from knowledge.facts import Answer, DrugOrder, DrugUse, GeneRecord, Ingredient, LabValue, Sex

SIPONIMOD = Ingredient("siponimod", "1310520")
TAKEN = {
    "resourceType": "MedicationRequest",
    "id": "t1",
    "status": "active",
    "intent": "order",
    "subject": {"reference": "Patient/demo-1"},
    "medicationCodeableConcept": concept(text="Siponimod"),
}


def test_facts_hold_everything_that_the_record_says() -> None:
    """Each topic with its own answer."""
    draft = {**TAKEN, "id": "d1", "status": "draft"}
    weight = observation("29463-7", id="w1", valueQuantity={"value": 60, "unit": "kg"})
    sent = record(
        patient=fetched({"resourceType": "Patient", "id": "demo-1", "birthDate": "1980-05-01", "gender": "female"}),
        gene_results=fetched(genotype("CYP2C9", "*1/*3")),
        conditions=Fetched(Answer.NOT_FETCHED, (), "no answer"),
        medications=fetched({**TAKEN, "medicationCodeableConcept": concept(text="codeine")}),
        weight=fetched(weight),
        measures=fetched(
            observation("8302-2", id="h1", valueQuantity={"value": 1.7, "unit": "m"}),
            observation("92891-1", id="g1", valueQuantity={"value": 2.5}, effectiveDateTime=None),
            observation("72166-2", concept((SNOMED, "8517006", "Former smoker")), id="s1"),
        ),
        drafts=(draft,),
    )
    assert read_patient_facts(sent, LIBRARY, NAMES, TODAY) == make_facts(
        genes={"CYP2C9": GeneRecord("CYP2C9", Answer.READ, (read("CYP2C9", "*1/*3"),))},
        today=TODAY,
        patient_answer=Answer.READ,
        age=Decimal(46),
        sex=Sex.FEMALE,
        weight_kg=Decimal(60),
        height_cm=Decimal(170),
        smokes=False,
        target_inr=Decimal("2.5"),
        measured_on={"weight_kg": "2024-05-01", "height_cm": "2024-05-01", "target_inr": None, "smokes": "2024-05-01"},
        conditions_answer=Answer.NOT_FETCHED,
        medications=(DrugUse((Ingredient("codeine", "2670"),), "codeine", "MedicationRequest/t1"),),
        medications_answer=Answer.READ,
        labs=(
            LabValue("body weight", Decimal(60), "kg", "2024-05-01", "Observation/w1"),
            LabValue("body height", Decimal(170), "cm", "2024-05-01", "Observation/h1"),
            LabValue("INR goal", Decimal("2.5"), None, None, "Observation/g1"),
        ),
        orders=(DrugOrder("MedicationRequest/d1", "Siponimod", (SIPONIMOD,), resource=draft, fhir_release="R4"),),
    )


def test_medicines_in_use_are_the_orders_when_nothing_is_drafted() -> None:
    """patient-view asks about what is already taken."""
    facts = read_patient_facts(record(medications=fetched(TAKEN)), LIBRARY, NAMES, TODAY)
    expected = DrugOrder(
        "MedicationRequest/t1", "Siponimod", (SIPONIMOD,), resource=TAKEN, active=True, fhir_release="R4"
    )
    assert (facts.orders, facts.medications) == (
        (expected,),
        (DrugUse((SIPONIMOD,), "Siponimod", "MedicationRequest/t1"),),
    )


def test_of_what_was_stopped_the_last_days_are_kept_as_the_policy_has_them() -> None:
    """To the day; a quarter of a year where the site says nothing."""
    bounds = {"dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": {"end": "2026-01-29"}}}}]}
    sent = record(medications=fetched({**TAKEN, "status": "completed", **bounds}))
    kept = (DrugUse((SIPONIMOD,), "Siponimod", "MedicationRequest/t1", until=date(2026, 1, 29)),)
    assert read_patient_facts(sent, LIBRARY, NAMES, TODAY).ended == kept
    for days, ended in ((92, kept), (91, ())):
        assert read_patient_facts(sent, LIBRARY, NAMES, TODAY, days).ended == ended


def test_drafts_that_were_not_selected_are_kept_apart_from_the_orders() -> None:
    """Nothing is said of them, and their doses count beside the order's."""
    one, two = ({**TAKEN, "id": name, "status": "draft"} for name in ("d1", "d2"))
    facts = read_patient_facts(record(drafts=(one, two), selections=("d2",)), LIBRARY, NAMES, TODAY)
    asked, unasked = (
        DrugOrder(f"MedicationRequest/{draft['id']}", "Siponimod", (SIPONIMOD,), resource=draft, fhir_release="R4")
        for draft in (two, one)
    )
    assert (facts.orders, facts.unasked_orders) == ((asked,), (unasked,))


def test_facts_are_empty_when_the_record_is() -> None:
    """Nothing is invented."""
    assert read_patient_facts(record(), LIBRARY, NAMES, TODAY) == make_facts(today=TODAY)


def test_a_list_of_medicines_that_is_too_long_is_not_taken_for_whole() -> None:
    """The five-hundred-and-first in use may be the one that matters; what is over does not count."""
    over = {**TAKEN, "status": "completed"}
    few = [{**TAKEN, "id": str(number)} for number in range(500)]
    for last, answer in ((over, Answer.READ), (TAKEN, Answer.NOT_FETCHED)):
        facts = read_patient_facts(record(medications=fetched(*few, last)), LIBRARY, NAMES, TODAY)
        assert (facts.medications_answer, len(facts.medications)) == (answer, 500)


def test_results_behind_more_than_are_looked_at_are_not_none_on_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not read to its end is not known."""
    listed = fetched(observation("8302-2", id="1"), observation("8302-2", id="2"), genotype("CYP2C9", "*1/*3"))
    monkeypatch.setattr(unwrapping, "MAX_RESOURCES", 2)
    facts = read_patient_facts(record(gene_results=listed), LIBRARY, NAMES, TODAY)
    assert (facts.genes, facts.genes_answer) == ({}, Answer.NOT_FETCHED)
    monkeypatch.setattr(unwrapping, "MAX_RESOURCES", 3)
    facts = read_patient_facts(record(gene_results=listed), LIBRARY, NAMES, TODAY)
    assert (list(facts.genes), facts.genes_answer) == (["CYP2C9"], Answer.NONE_ON_FILE)
