"""What is validated at start, so that the first request need not load the classes for it."""

from __future__ import annotations

from pathlib import Path

import orjson

from cds_hooks.fhir import validation
from cds_hooks.fhir.validation import validate

TYPICAL = orjson.loads((Path(validation.__file__).parent / "typical_resources.json").read_bytes())


def test_typical_resources_are_valid() -> None:
    """An invalid one would stop before its nested classes are loaded."""
    assert [validate(resource, "R4") for resource in TYPICAL] == [()] * len(TYPICAL)


def test_every_kind_of_the_hot_path_is_among_them() -> None:
    """Orders and results that are read, orders that are sent."""
    assert [resource["resourceType"] for resource in TYPICAL] == ["MedicationRequest", "Observation", "ServiceRequest"]
