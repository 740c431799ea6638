"""Measured values: the body weight, newest first, in kilograms."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cds_hooks.fhir.codes import BODY_WEIGHT
from cds_hooks.fhir.coding import member, read_concept, read_decimal
from cds_hooks.fhir.doses import read_unit
from cds_hooks.fhir.record import Fetched
from cds_hooks.fhir.resource_status import newest_first, read_status, result_date
from cds_hooks.fhir.subject import of_patient
from knowledge.facts import Answer, LabValue

_KILOGRAMS = {
    "kg": Decimal(1),
    "g": Decimal("0.001"),
    "[lb_av]": Decimal("0.45359237"),
    "lb": Decimal("0.45359237"),
    "lbs": Decimal("0.45359237"),
}
"""UCUM codes, and the pound as it is often written."""


def read_weights(fetched: Fetched, patient_id: str) -> tuple[LabValue, ...]:
    """Body weights in kg, newest first; values without a unit, with a comparator or withdrawn are no weights."""
    if fetched.answer is Answer.WITHHELD:
        return ()
    found = _weights(fetched, patient_id)
    return tuple(sorted(found, key=lambda one: newest_first(one.date), reverse=True))


def _weights(fetched: Fetched, patient_id: str) -> Iterator[LabValue]:
    for one in of_patient(fetched.resources, patient_id).of_kind("Observation"):
        resource = one.resource
        status = read_status(resource)
        if status.ignored or status.problem or not BODY_WEIGHT & set(read_concept(resource.get("code")).pairs):
            continue
        quantity = resource.get("valueQuantity")
        value = read_decimal(member(quantity, "value"))
        factor = _KILOGRAMS.get((read_unit(quantity) or "").casefold())
        if value is None or factor is None or value <= 0 or member(quantity, "comparator"):
            continue
        yield LabValue("body weight", value * factor, "kg", result_date(resource), one.reference)
