"""The FHIR release is told by evidence, never by trying."""

from typing import Any

import pytest

from cds_hooks.fhir.release import release_of_resource, release_of_resources


@pytest.mark.parametrize(
    ("resource", "release"),
    [
        ({"medicationCodeableConcept": {}}, "R4"),
        ({"medicationReference": {}}, "R4"),
        ({"medication": {"concept": {}}}, "R5"),
        ({"medication": {"reference": {}}}, "R5"),
        ({"medication": "aspirin"}, None),
        ({"meta": {"profile": ["http://hl7.org/fhir/5.0/StructureDefinition/Observation"]}}, "R5"),
        ({"meta": {"profile": ["http://hl7.org/fhir/StructureDefinition/Observation|4.0.1"]}}, "R4"),
        ({"meta": {"profile": ["http://hl7.org/fhir/4.3/StructureDefinition/Observation"]}}, "R4"),
        ({"meta": {"profile": ["http://hl7.org/fhir/4.6/StructureDefinition/Observation"]}}, None),
        ({"meta": {"profile": ["http://lab.example/5.0/x", 7]}}, None),
        ({}, None),
    ],
)
def test_release_is_the_resources_when_profile_or_shape_shows_it(resource: dict[str, Any], release: str | None) -> None:
    """What looks the same in both releases shows none."""
    assert release_of_resource(resource) == release


def test_release_is_unknown_when_resources_contradict_each_other() -> None:
    """Neither wins."""
    old, new = {"medicationReference": {}}, {"medication": {"concept": {}}}
    assert (release_of_resources([old, {}]), release_of_resources([old, new])) == ("R4", None)
