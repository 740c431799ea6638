"""fhir.resources says what is wrong, without a word of what the resource holds; nothing is ever raised."""

import logging
from typing import Any

import pytest
from fhir_samples import LIBRARY, NAMES, TODAY, fetched, genotype, read, record

from cds_hooks.fhir.patient_facts import read_patient_facts
from cds_hooks.fhir.validation import state_problems, validate, warm_up

MEDICINE = {"text": "siponimod"}
ORDER = {
    "resourceType": "MedicationRequest",
    "status": "draft",
    "intent": "order",
    "subject": {"reference": "Patient/x"},
}


@pytest.mark.parametrize(
    ("resource", "release", "problems"),
    [
        (genotype("CYP2C9", "*1/*2"), "R4", ()),
        (genotype("CYP2C9", "*1/*2"), "R5", ()),
        ({**ORDER, "medicationCodeableConcept": MEDICINE}, "R4", ()),
        ({**ORDER, "medication": {"concept": MEDICINE}}, "R5", ()),
        ({**ORDER, "medicationCodeableConcept": MEDICINE, "vendor": "Ms Secret"}, "R4", ("vendor: extra_forbidden",)),
        ({**ORDER, "medicationCodeableConcept": MEDICINE, "Ms Secret": 1}, "R4", ("?: extra_forbidden",)),
        ({"resourceType": "Banana"}, "R4", ("Banana is not validated in R4",)),
        ({}, "R4", ("a resource without a type is not validated in R4",)),
        (ORDER, "R6", ("MedicationRequest is not validated in R6",)),
        ({"resourceType": "Bundle", "type": "batch", "entry": [{"resource": {"resourceType": "Banana"}}]}, "R4", None),
    ],
)
def test_problems_name_path_and_rule_and_never_a_value(
    resource: dict[str, Any], release: str, problems: tuple[str, ...] | None
) -> None:
    """Valid resources have none; an unknown type inside a Bundle is a problem and no crash."""
    found = validate(resource, release)
    assert found == problems if problems is not None else len(found) == 1
    assert "Secret" not in "".join(found)


def test_classes_are_built_before_the_first_request() -> None:
    """Warming up validates nothing of anybody."""
    warm_up()
    assert state_problems(genotype("CYP2C9", "*1/*2"), "R4") is None


def test_result_is_kept_and_noted_when_a_vendor_adds_a_member(caplog: pytest.LogCaptureFixture) -> None:
    """Only results on genes that the ordered medicine asks for are validated: they decide."""
    draft = {"resourceType": "MedicationRequest", "id": "d1", "medicationCodeableConcept": {"text": "siponimod"}}
    vendor = [genotype("CYP2C9", "*1/*2", vendorNote="x"), genotype("TPMT", "*1/*2", id="o2", vendorNote="x")]
    with caplog.at_level(logging.WARNING):
        facts = read_patient_facts(record(drafts=(draft,), gene_results=fetched(*vendor)), LIBRARY, NAMES, TODAY)
    note = "the resource is not valid FHIR R4 and was read all the same (vendorNote: extra_forbidden)"
    assert [facts.genes[gene].results for gene in ("CYP2C9", "TPMT")] == [
        (read("CYP2C9", "*1/*2", notes=(note,)),),
        (read("TPMT", "*1/*2", result_id="Observation/o2"),),
    ]
    assert "invalid Observation read tolerantly: vendorNote: extra_forbidden" in caplog.messages
