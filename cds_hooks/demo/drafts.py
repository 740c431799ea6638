"""The hook request that an EHR would send for a synthetic patient and a drafted medicine, prefetch filled."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from cds_hooks.demo.file_search import answer_template
from cds_hooks.demo.patients import DemoPatient, Json
from cds_hooks.fhir.codes import UCUM
from cds_hooks.services.service import Service
from knowledge.library import Drug
from knowledge.terms.code_systems import RXNORM

_DOSES = Path(__file__).with_name("doses.json")
_USER = "Practitioner/demo-prescriber"
_DRAFT_ID = "draft-1"


def build_request(patient: DemoPatient, service: Service, drug: Drug) -> dict[str, Any]:
    """The request of one call of a service; on patient-view nothing is drafted and the drug is left out."""
    context: dict[str, Any] = {"userId": _USER, "patientId": patient.id}
    if service.hook == "order-select":
        context["selections"] = [f"MedicationRequest/{_DRAFT_ID}"]
    if service.hook != "patient-view":
        draft = build_draft(patient, drug)
        context["draftOrders"] = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": draft}]}
    prefetch = {key: answer_template(template, patient.resources) for key, template in service.prefetch.items()}
    return {"hook": service.hook, "hookInstance": str(uuid4()), "context": context, "prefetch": prefetch}


def build_draft(patient: DemoPatient, drug: Drug) -> Json:
    """The drafted order: the medicine by its RxNorm ingredient, with a plain dose where one is listed."""
    codings = [{"system": RXNORM, "code": code, "display": drug.name} for code in drug.rxnorm[:1]]
    concept = {"coding": codings, "text": drug.name} if codings else {"text": drug.name}
    draft = {
        "resourceType": "MedicationRequest",
        "id": _DRAFT_ID,
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": concept,
        "subject": {"reference": f"Patient/{patient.id}"},
    }
    dose = _load_doses().get(drug.id)
    return draft if dose is None else draft | {"dosageInstruction": [_instruction(dose)]}


def _instruction(dose: Json) -> dict[str, Any]:
    times = "once" if dose["frequency"] == 1 else f"{dose['frequency']} times"
    quantity = {"value": dose["value"], "unit": dose["unit"], "system": UCUM, "code": dose["unit"]}
    return {
        "text": f"{dose['value']} {dose['unit']} {times} a day",
        "timing": {"repeat": {"frequency": dose["frequency"], "period": 1, "periodUnit": "d"}},
        "doseAndRate": [{"doseQuantity": quantity}],
    }


@lru_cache
def _load_doses() -> dict[str, Json]:
    doses: dict[str, Json] = orjson.loads(_DOSES.read_bytes())["doses"]
    return doses
