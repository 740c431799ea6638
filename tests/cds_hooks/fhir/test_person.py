"""Age on a day and sex for clinical use: known, or not said."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from fhir_samples import PATIENT, concept, fetched

from cds_hooks.fhir.person import find_patient, read_age, read_sex
from knowledge.facts import Sex

SEX_PARAMETER = "http://hl7.org/fhir/StructureDefinition/patient-sexParameterForClinicalUse"


@pytest.mark.parametrize(
    ("birth", "today", "age"),
    [
        ("1980-05-01", date(2026, 5, 1), Decimal("46.000")),
        ("1980-05-01", date(2026, 4, 30), Decimal("45.997")),
        ("2026-01-01", date(2026, 1, 1), Decimal("0.000")),
        ("2004-02-29", date(2022, 2, 28), Decimal("17.997")),
        ("2004-02-29", date(2022, 3, 1), Decimal("18.000")),
        ("1980-05", date(2026, 6, 1), Decimal("46.003")),
        ("1980-05", date(2026, 5, 15), None),
        ("1980", date(2026, 6, 1), None),
        ("1980", date(2026, 12, 31), Decimal("46.000")),
        ("2030-01-01", date(2026, 1, 1), None),
        ("1980-02-30", date(2026, 1, 1), None),
        ("about 1980", date(2026, 1, 1), None),
        (1980, date(2026, 1, 1), None),
    ],
)
def test_age_is_known_when_the_birth_date_decides_the_years(birth: object, today: date, age: Decimal | None) -> None:
    """Whole years by the calendar; a partial date only where every day that it may mean gives the same years."""
    assert read_age({"birthDate": birth}, today) == age


def recorded(*codes: str) -> list[dict[str, Any]]:
    part = [{"url": "value", "valueCodeableConcept": concept((None, code, None))} for code in codes]
    return [{"url": SEX_PARAMETER, "extension": [one]} for one in part]


@pytest.mark.parametrize(
    ("patient", "sex"),
    [
        ({"gender": "female"}, Sex.FEMALE),
        ({"gender": "male"}, Sex.MALE),
        ({"gender": "other"}, None),
        ({"gender": "unknown"}, None),
        ({"gender": ["male"]}, None),
        ({}, None),
        ({"gender": "male", "extension": recorded("female-typical")}, Sex.FEMALE),
        ({"gender": "male", "extension": recorded("specified")}, None),
        ({"gender": "male", "extension": recorded("male-typical", "female-typical")}, None),
    ],
)
def test_sex_is_known_when_the_record_says_it(patient: dict[str, Any], sex: Sex | None) -> None:
    """The sex parameter for clinical use outranks gender, also where it does not decide."""
    assert read_sex(patient) is sex


def test_patient_is_found_when_the_id_is_the_one_asked_for() -> None:
    """Another Patient resource is not this patient's."""
    own, other = ({"resourceType": "Patient", "id": one} for one in (PATIENT, "demo-2"))
    assert (find_patient(fetched(other, own), PATIENT), find_patient(fetched(other), PATIENT)) == (own, None)
