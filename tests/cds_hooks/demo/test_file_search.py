"""A patient's file answers a template as a FHIR server would."""

from __future__ import annotations

import pytest

from cds_hooks.demo.file_search import answer_template

PATIENT = {"resourceType": "Patient", "id": "demo-1"}
OLD = {
    "resourceType": "Observation",
    "id": "old",
    "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
    "effectiveDateTime": "2024-01-01",
}
NEW = OLD | {"id": "new", "effectiveDateTime": "2026-01-01"}
STOPPED = {"resourceType": "MedicationRequest", "id": "stopped", "status": "stopped"}
FILE = (PATIENT, OLD, NEW, STOPPED)


def test_a_read_gives_the_resource_or_nothing() -> None:
    """A read of the patient is the Patient; of an empty file, null."""
    assert answer_template("Patient/{{context.patientId}}", FILE) == PATIENT
    assert answer_template("Patient/{{context.patientId}}", ()) is None


def test_a_search_gives_the_newest_when_it_asks_for_one() -> None:
    """Codes match with their system, the newest comes first, and _count cuts."""
    query = "Observation?patient={{context.patientId}}&code=http://loinc.org|29463-7&_sort=-date&_count=1"
    assert answer_template(query, FILE) == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 1,
        "entry": [{"resource": NEW, "search": {"mode": "match"}}],
    }


@pytest.mark.parametrize(
    "query",
    [
        "Observation?patient=x&code=http://snomed.info/sct|29463-7",
        "MedicationRequest?patient=x&status=active,on-hold",
        "Condition?patient=x",
    ],
)
def test_a_search_gives_an_empty_bundle_when_nothing_matches(query: str) -> None:
    """Another code system, another status, another type."""
    assert answer_template(query, FILE) == {"resourceType": "Bundle", "type": "searchset", "total": 0}


def test_a_parameter_that_is_not_understood_is_no_silent_match() -> None:
    """A template that outgrows this reader fails, and is not answered wrongly."""
    with pytest.raises(ValueError, match="cannot be asked for|asked for date"):
        answer_template("Observation?patient=x&date=ge2024", FILE)
