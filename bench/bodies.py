"""Realistic order-select requests of a wanted size, each a little different so that no answer can come from a cache."""

from __future__ import annotations

import json
from typing import Any

LOINC = "http://loinc.org"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
DIPLOTYPES = ("*2/*2", "*2/*3", "*1/*2", "*3/*3", "*2/*17")
"""CYP2C19 results that all call for a card: every answer is checked."""


def make_bodies(size: int, count: int) -> list[bytes]:
    """`count` request bodies of about `size` bytes: one order, one result that decides, the rest of a full record."""
    return [_body(size, number) for number in range(count)]


def _body(size: int, number: int) -> bytes:
    patient = f"bench-{number}"
    request = make_request(patient, number)
    filler = request["prefetch"]["geneResults"]["entry"]
    conditions = request["prefetch"]["conditions"]["entry"]
    missing = size - len(json.dumps(request))
    each = len(json.dumps(_variant(patient, 0))) + len(json.dumps(_condition(patient, 0)))
    for at in range(max(0, missing // each)):
        filler.append(_variant(patient, at))
        conditions.append(_condition(patient, at))
    return json.dumps(request).encode()


def make_request(patient: str, number: int) -> dict[str, Any]:
    """An order of clopidogrel with everything prefetched; the genotype follows from the number."""
    draft = {
        "resourceType": "MedicationRequest",
        "id": f"draft-{number}",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": f"Patient/{patient}"},
        "medicationCodeableConcept": {
            "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "309362"}],
            "text": "clopidogrel 75 MG Oral Tablet",
        },
    }
    bundle = {"resourceType": "Bundle", "type": "searchset"}
    person = {"resourceType": "Patient", "id": patient, "birthDate": "1961-04-12", "gender": "female"}
    return {
        "hook": "order-select",
        "hookInstance": f"00000000-0000-4000-8000-{number:012d}",
        "context": {
            "userId": "Practitioner/bench",
            "patientId": patient,
            "selections": [f"MedicationRequest/draft-{number}"],
            "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": draft}]},
        },
        "prefetch": {
            "patient": person,
            "geneResults": bundle | {"entry": [genotype_entry(patient, number)]},
            "geneReports": None,
            "conditions": bundle | {"entry": []},
            "procedures": None,
            "medicationRequests": None,
            "medicationStatements": None,
            "allergies": None,
            "weight": None,
            "measures": None,
        },
    }


def genotype_entry(patient: str, number: int) -> dict[str, Any]:
    """The result that decides, as an entry of a Bundle."""
    gene = {"coding": [{"system": "http://www.genenames.org", "code": "HGNC:2621", "display": "CYP2C19"}]}
    return {
        "resource": {
            "resourceType": "Observation",
            "id": f"genotype-{number}",
            "status": "final",
            "category": [{"coding": [{"system": CATEGORY, "code": "laboratory"}]}],
            "code": {"coding": [{"system": LOINC, "code": "84413-4"}]},
            "subject": {"reference": f"Patient/{patient}"},
            "effectiveDateTime": "2024-05-01",
            "valueCodeableConcept": {"text": DIPLOTYPES[number % len(DIPLOTYPES)]},
            "component": [{"code": {"coding": [{"system": LOINC, "code": "48018-6"}]}, "valueCodeableConcept": gene}],
        }
    }


def _variant(patient: str, at: int) -> dict[str, Any]:
    """A result that does not decide: a laboratory value that a broad query also brings."""
    return {
        "resource": {
            "resourceType": "Observation",
            "id": f"lab-{at}",
            "status": "final",
            "category": [{"coding": [{"system": CATEGORY, "code": "laboratory", "display": "Laboratory"}]}],
            "code": {"coding": [{"system": LOINC, "code": "2160-0", "display": "Creatinine"}], "text": "Creatinine"},
            "subject": {"reference": f"Patient/{patient}"},
            "effectiveDateTime": "2024-05-01T08:00:00+01:00",
            "issued": "2024-05-01T09:30:00.000+01:00",
            "performer": [{"reference": "Organization/lab", "display": "The laboratory"}],
            "valueQuantity": {
                "value": 0.9 + at / 100,
                "unit": "mg/dL",
                "system": "http://unitsofmeasure.org",
                "code": "mg/dL",
            },
        }
    }


def _condition(patient: str, at: int) -> dict[str, Any]:
    """A problem that is no population of any drug."""
    return {
        "resource": {
            "resourceType": "Condition",
            "id": f"problem-{at}",
            "clinicalStatus": {"coding": [{"code": "active"}]},
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M54.5", "display": "Pain"}]},
            "subject": {"reference": f"Patient/{patient}"},
            "recordedDate": "2023-02-03",
        }
    }
