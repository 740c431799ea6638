"""Whose a resource is: nothing of another patient is ever read."""

from __future__ import annotations

from collections.abc import Iterable

from cds_hooks.fhir.coding import member, text_of
from cds_hooks.fhir.record import Json
from cds_hooks.fhir.references import cut_version
from cds_hooks.fhir.unwrapping import Candidates, Found, collect


def of_patient(resources: Iterable[object], patient_id: str) -> Candidates:
    """All resources inside the given JSON, without those that name another patient."""
    candidates = collect(resources)
    candidates.found = [one for one in candidates.found if not is_of_other(one, candidates, patient_id)]
    return candidates


def is_of_other(found: Found, candidates: Candidates, patient_id: str) -> bool:
    """True where a resource, or the one that contains it, names somebody or something that is not this patient.

    A resource without a subject, or with one that only means something inside its own Bundle and was not sent, is
    taken as found: the server or the EHR was asked for this patient's data.
    """
    holder = found.resource.get("subject")
    if found.container is None and isinstance(holder, dict) and holder.get("reference") == f"Patient/{patient_id}":
        return False
    container = candidates.container_of(found)
    if container is not None and is_of_other(container, candidates, patient_id):
        return True
    reference = subject_reference(found.resource)
    if reference is None:
        return False
    if reference.startswith(("urn:", "#")):
        target = candidates.resolve(reference, found)
        identity = text_of(target.resource.get("id")) if target is not None and reference.startswith("urn:") else None
        return identity is not None and identity != patient_id
    kind, _, identity = reference.rpartition("/")
    return identity != patient_id or kind != "" and kind.rpartition("/")[2] != "Patient"


def subject_reference(resource: Json) -> str | None:
    """The reference of `subject` or `patient`, without a version."""
    holder = resource.get("subject") or resource.get("patient")
    reference = text_of(member(holder, "reference"))
    return cut_version(reference) if reference else None
