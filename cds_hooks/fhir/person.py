"""The patient: age on a day, and sex for clinical use."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from cds_hooks.fhir.calendar_dates import read_days
from cds_hooks.fhir.codes import SEX_EXTENSION
from cds_hooks.fhir.coding import extensions, objects, read_value, resource_type, text_of
from cds_hooks.fhir.record import Fetched, Json
from cds_hooks.fhir.unwrapping import collect
from knowledge.facts import Answer, Sex

_CLINICAL = {"female": Sex.FEMALE, "female-typical": Sex.FEMALE, "male": Sex.MALE, "male-typical": Sex.MALE}
_GENDER = {"female": Sex.FEMALE, "male": Sex.MALE}


def find_patient(fetched: Fetched, patient_id: str) -> Json | None:
    """The Patient resource of this patient; None where it was withheld, not sent, or is somebody else's."""
    if fetched.answer is Answer.WITHHELD:
        return None
    for one in collect(fetched.resources).found:
        if resource_type(one.resource) == "Patient" and text_of(one.resource.get("id")) == patient_id:
            return one.resource
    return None


def read_age(patient: Json, today: date) -> Decimal | None:
    """Years, with fraction, on a day.

    A partial birth date gives the lowest age it allows where every day that it may mean leads to the same whole
    years; where not, and where it lies in the future, there is no age.
    """
    days = read_days(patient.get("birthDate"))
    if days is None:
        return None
    oldest, youngest = age_on(days[0], today), age_on(days[1], today)
    if youngest is None or oldest is None or int(oldest) != int(youngest):
        return None
    return youngest


def age_on(birth: date, today: date) -> Decimal | None:
    """Whole years by the calendar, and the fraction of the year that has passed since; None before birth."""
    if birth > today:
        return None
    years = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    last, following = _anniversary(birth, birth.year + years), _anniversary(birth, birth.year + years + 1)
    return years + (Decimal((today - last).days) / Decimal((following - last).days)).quantize(Decimal("0.001"))


def read_sex(patient: Json) -> Sex | None:
    """Sex parameter for clinical use where it is recorded, else administrative gender; None for other and unknown."""
    recorded = [_clinical_sex(one) for one in extensions(patient, SEX_EXTENSION)]
    if recorded:
        return recorded[0] if len(set(recorded)) == 1 else None
    return _GENDER.get(text_of(patient.get("gender")) or "")


def _clinical_sex(extension: Json) -> Sex | None:
    """The extension's value, or the part named "value" (R5 Extensions Pack)."""
    holders = (extension, *(one for one in objects(extension.get("extension")) if one.get("url") == "value"))
    codes = {code for one in holders for _, code in read_value(one).pairs if code}
    found = {_CLINICAL[code] for code in codes if code in _CLINICAL}
    return found.pop() if len(found) == 1 else None


def _anniversary(birth: date, year: int) -> date:
    """The birthday in a year; of 29 February the first of March in other years."""
    try:
        return birth.replace(year=year)
    except ValueError:
        return date(year, 3, 1)
