"""Which clinical states the problem list and the procedures show."""

from __future__ import annotations

from cds_hooks.fhir.coding import member, read_concept, text_of
from cds_hooks.fhir.record import Fetched, Json
from cds_hooks.fhir.subject import of_patient
from knowledge.facts import Answer
from knowledge.library import Library
from knowledge.terms.condition_sets import match_conditions

_OVER = frozenset({"inactive", "remission", "resolved"})
_NOT_SO = frozenset({"refuted", "entered-in-error"})
_DONE = frozenset({None, "completed", "in-progress"})


def read_conditions(fetched: Fetched, patient_id: str, library: Library) -> frozenset[str]:
    """Names of the condition sets that hold: from Conditions that are not refuted, and Procedures done.

    A Condition that is over counts only for the sets that last (a stroke years ago is still a stroke).
    """
    if fetched.answer is Answer.WITHHELD:
        return frozenset()
    present: set[tuple[str | None, str | None]] = set()
    past: set[tuple[str | None, str | None]] = set()
    telling = [one for one in fetched.resources if _may_show(one, library)]
    for one in of_patient(telling, patient_id).found:
        if _counts(one.kind, one.resource):
            over = one.kind == "Condition" and is_over(one.resource)
            (past if over else present).update(read_concept(one.resource.get("code")).pairs)
    return match_conditions(library, present) | match_conditions(library, past, past=True)


def _may_show(resource: Json, library: Library) -> bool:
    """One look at the codes: most problems of a record belong to no set. Whatever is unusual is read with care."""
    code = member(resource, "code")
    codings = member(code, "coding")
    if not isinstance(codings, list) or "contained" in resource:
        return True
    heads = library.condition_heads
    for coding in codings:
        value = coding.get("code") if isinstance(coding, dict) else None
        if not isinstance(value, str):
            return True
        value = value.strip()
        if value in heads or value.replace(".", "")[:3].upper() in heads:
            return True
    return False


def _counts(kind: str, resource: Json) -> bool:
    if kind == "Procedure":
        return text_of(resource.get("status")) in _DONE
    return kind == "Condition" and not is_refuted(resource)


def holds(resource: Json) -> bool:
    """True for a Condition or an AllergyIntolerance that is neither over nor refuted nor entered in error."""
    return not is_over(resource) and not is_refuted(resource)


def is_refuted(resource: Json) -> bool:
    """True where it is said never to have been so."""
    return bool(_codes(resource.get("verificationStatus")) & _NOT_SO)


def is_over(condition: Json) -> bool:
    """True where the Condition is said to be over; a missing status says nothing of the kind.

    The statuses are CodeableConcepts since R4, and plain codes before.
    """
    return bool(_codes(condition.get("clinicalStatus")) & _OVER)


def _codes(value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    concept = read_concept(value)
    words = (*(code for _, code in concept.pairs), concept.text)
    return frozenset(word.casefold() for word in words if word)
