"""Which clinical states the problem list and the procedures show."""

from __future__ import annotations

from cds_hooks.fhir.coding import read_concept, text_of
from cds_hooks.fhir.record import Fetched, Json
from cds_hooks.fhir.subject import of_patient
from knowledge.facts import Answer
from knowledge.library import Library
from knowledge.terms.condition_sets import match_conditions

_OVER = frozenset({"inactive", "remission", "resolved"})
_NOT_SO = frozenset({"refuted", "entered-in-error"})
_DONE = frozenset({None, "completed", "in-progress"})


def read_conditions(fetched: Fetched, patient_id: str, library: Library) -> frozenset[str]:
    """Names of the condition sets that hold: from Conditions that are not over or refuted, and Procedures done."""
    if fetched.answer is Answer.WITHHELD:
        return frozenset()
    pairs: set[tuple[str | None, str | None]] = set()
    for one in of_patient(fetched.resources, patient_id).found:
        if _counts(one.kind, one.resource):
            pairs.update(read_concept(one.resource.get("code")).pairs)
    return match_conditions(library, pairs)


def _counts(kind: str, resource: Json) -> bool:
    return kind == "Condition" and holds(resource) or kind == "Procedure" and text_of(resource.get("status")) in _DONE


def holds(condition: Json) -> bool:
    """True unless the Condition is over, refuted or entered in error; a missing status says nothing against it.

    Both statuses are CodeableConcepts since R4, and plain codes before.
    """
    clinical = _codes(condition.get("clinicalStatus"))
    verified = _codes(condition.get("verificationStatus"))
    return not clinical & _OVER and not verified & _NOT_SO


def _codes(value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    concept = read_concept(value)
    words = (*(code for _, code in concept.pairs), concept.text)
    return frozenset(word.casefold() for word in words if word)
