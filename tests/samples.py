"""An invented patient, her order and her result: where most tests begin."""

from __future__ import annotations

from typing import Any

from cds_hooks.settings import Settings

SETTINGS = Settings(database="sqlite://", log_level="INFO", fhir_timeout=0.3, fhir_budget=0.6, fhir_pages=3)

PATIENT = {"resourceType": "Patient", "id": "demo-1", "gender": "female", "birthDate": "1961-04-02"}
DRAFT = {
    "resourceType": "MedicationRequest",
    "id": "draft-1",
    "status": "draft",
    "intent": "order",
    "subject": {"reference": "Patient/demo-1"},
    "medicationCodeableConcept": {
        "coding": [
            {
                "system": "http://www.nlm.nih.gov/research/umls/rxnorm",
                "code": "309362",
                "display": "clopidogrel 75 MG Oral Tablet",
            }
        ]
    },
}
GENOTYPE = {
    "resourceType": "Observation",
    "id": "cyp2c19",
    "status": "final",
    "subject": {"reference": "Patient/demo-1"},
    "effectiveDateTime": "2024-05-01",
    "code": {"coding": [{"system": "http://loinc.org", "code": "84413-4"}]},
    "valueCodeableConcept": {"text": "*2/*2"},
    "component": [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": "48018-6"}]},
            "valueCodeableConcept": {
                "coding": [{"system": "http://www.genenames.org", "code": "HGNC:2621", "display": "CYP2C19"}]
            },
        }
    ],
}


def make_bundle(*resources: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A searchset of resources."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(resources),
        "entry": [{"resource": resource} for resource in resources],
        **members,
    }
