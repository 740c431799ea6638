"""Which FHIR release resources are in, by their own evidence.

Evidence: the release in a `meta.profile` address; the shape of a medicine (`medication` is R5,
`medicationCodeableConcept` and `medicationReference` are R4). Without evidence: None. Nothing is found out by trying
one release after the other. R4B counts as R4: fhir.resources' R4B classes take both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cds_hooks.fhir.coding import member
from cds_hooks.fhir.record import Json

R4, R5 = "R4", "R5"
_IN_PROFILE = re.compile(r"http://hl7\.org/fhir/(?:StructureDefinition/[^|]*\|)?(4\.[03]|5\.0)(?![0-9])")


def release_of_resources(resources: Iterable[Json]) -> str | None:
    """The release that resources show by themselves; None where none does, or where they contradict each other."""
    found = {release for resource in resources if (release := release_of_resource(resource)) is not None}
    return found.pop() if len(found) == 1 else None


def release_of_resource(resource: Json) -> str | None:
    """The release of one resource by its profile or its shape; None where it looks the same in both."""
    profiles = member(resource.get("meta"), "profile")
    for profile in profiles if isinstance(profiles, (list, tuple)) else ():
        known = _IN_PROFILE.match(profile) if isinstance(profile, str) else None
        if known:
            return R5 if known[1] == "5.0" else R4
    if "medicationCodeableConcept" in resource or "medicationReference" in resource:
        return R4
    medication = resource.get("medication")
    if member(medication, "concept") is not None or member(medication, "reference") is not None:
        return R5
    return None
