"""Measured values, newest first: body weight and height, the INR that is aimed at, and whether the patient smokes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from cds_hooks.fhir.codes import BODY_HEIGHT, BODY_WEIGHT, INR_GOAL, SMOKER, SMOKES, SMOKES_NOT, SMOKING_STATUS
from cds_hooks.fhir.coding import member, read_concept, read_decimal
from cds_hooks.fhir.doses import read_unit
from cds_hooks.fhir.record import Fetched, Json
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
_CENTIMETRES = {"cm": Decimal(1), "m": Decimal(100), "[in_i]": Decimal("2.54")}
_RATIO = {"": Decimal(1), "1": Decimal(1), "{inr}": Decimal(1), "inr": Decimal(1)}
"""An INR has no unit."""

Codes = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Smoking:
    """The newest statement on smoking; None where it tells neither yes nor no."""

    smokes: bool | None
    date: str | None


@dataclass(frozen=True)
class Measures:
    """The newest of each, with its day as sent."""

    weight_kg: Decimal | None = None
    height_cm: Decimal | None = None
    target_inr: Decimal | None = None
    smokes: bool | None = None
    measured_on: Mapping[str, str | None] = field(default_factory=dict)
    labs: tuple[LabValue, ...] = ()


def read_measures(weight: Fetched, measures: Fetched, patient_id: str) -> Measures:
    """What was measured of the patient: the weight from its own query, the rest from the other."""
    newest = {
        "weight_kg": read_weights(weight, patient_id)[:1],
        "height_cm": read_heights(measures, patient_id)[:1],
        "target_inr": read_inr_goals(measures, patient_id)[:1],
    }
    values = {name: found[0].value for name, found in newest.items() if found}
    days = {name: found[0].date for name, found in newest.items() if found}
    smoking = read_smoking(measures, patient_id)
    if smoking is not None:
        days["smokes"] = smoking.date
    return Measures(
        **values,
        smokes=smoking.smokes if smoking else None,
        measured_on=days,
        labs=tuple(one for found in newest.values() for one in found),
    )


def read_weights(fetched: Fetched, patient_id: str) -> tuple[LabValue, ...]:
    """Body weights in kg, newest first; values without a unit, with a comparator or withdrawn are no weights."""
    return _values(fetched, patient_id, BODY_WEIGHT, _KILOGRAMS, "body weight", "kg")


def read_heights(fetched: Fetched, patient_id: str) -> tuple[LabValue, ...]:
    """Body heights in cm, newest first, under the same conditions as weights."""
    return _values(fetched, patient_id, BODY_HEIGHT, _CENTIMETRES, "body height", "cm")


def read_inr_goals(fetched: Fetched, patient_id: str) -> tuple[LabValue, ...]:
    """The INR that is aimed at, newest first; a range is no single number, and is not read as one."""
    return _values(fetched, patient_id, INR_GOAL, _RATIO, "INR goal", None)


def read_smoking(fetched: Fetched, patient_id: str) -> Smoking | None:
    """What the newest smoking status says; of several of the same day only what they agree on."""
    found = list(_observations(fetched, patient_id, SMOKING_STATUS))
    if not found:
        return None
    newest = max(newest_first(result_date(one)) for one, _ in found)
    said = {_smokes(one) for one, _ in found if newest_first(result_date(one)) == newest}
    return Smoking(said.pop() if len(said) == 1 else None, newest or None)


def _values(
    fetched: Fetched, patient_id: str, codes: Codes, units: Mapping[str, Decimal], name: str, unit: str | None
) -> tuple[LabValue, ...]:
    found = []
    for resource, reference in _observations(fetched, patient_id, codes):
        quantity = resource.get("valueQuantity")
        value = read_decimal(member(quantity, "value"))
        factor = units.get((read_unit(quantity) or "").casefold())
        if value is None or factor is None or value <= 0 or member(quantity, "comparator"):
            continue
        found.append(LabValue(name, value * factor, unit, result_date(resource), reference))
    return tuple(sorted(found, key=lambda one: newest_first(one.date), reverse=True))


def _observations(fetched: Fetched, patient_id: str, codes: Codes) -> Iterator[tuple[Json, str | None]]:
    """The patient's usable Observations of these codes, with their references."""
    if fetched.answer is Answer.WITHHELD:
        return
    for one in of_patient(fetched.resources, patient_id).of_kind("Observation"):
        status = read_status(one.resource)
        if not status.ignored and not status.problem and codes & set(read_concept(one.resource.get("code")).pairs):
            yield one.resource, one.reference


def _smokes(resource: Json) -> bool | None:
    """Yes, no, or not told: by another code, by codes that contradict each other, or in so many words."""
    answer = read_concept(resource.get("valueCodeableConcept"))
    pairs = set(answer.pairs)
    if SMOKER in pairs and any("unknown" in words.casefold() for words in answer.names):
        return None
    answers = {bool(pairs & SMOKES)} if pairs & SMOKES else set()
    answers |= {False} if pairs & SMOKES_NOT else set()
    return answers.pop() if len(answers) == 1 else None
