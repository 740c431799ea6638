"""Consents to vary: one active permit of IHE PCF, one opt-in and one opt-out of R4, one decision of R5."""

from __future__ import annotations

from datetime import date
from typing import Any

from cds_hooks.consent.codes import RESOURCE_TYPES
from cds_hooks.consent.directive import Span
from cds_hooks.consent.question import Asker, Question

PATIENT = "demo-1"
TODAY = date(2026, 11, 23)
_HL7 = "http://terminology.hl7.org/CodeSystem/"


def coded(code: str, system: str = "v3-ActReason") -> dict[str, str]:
    """A Coding of one of HL7's systems."""
    return {"system": f"{_HL7}{system}", "code": code}


TREAT = [coded("TREAT")]
NORMAL = [coded("N", "v3-Confidentiality")]
RESTRICTED = [coded("R", "v3-Confidentiality")]
GENETIC = [coded("GDIS", "v3-ActCode")]


def make_consent(**members: Any) -> dict[str, Any]:
    """An active R4 consent of the patient on privacy, without any rule."""
    consent = {
        "resourceType": "Consent",
        "id": "1",
        "status": "active",
        "scope": {"coding": [coded("patient-privacy", "consentscope")]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{PATIENT}"},
        "dateTime": "2024-06-13",
    }
    return {key: value for key, value in (consent | members).items() if value is not None}


def make_pcf(kind: str = "permit", **limits: Any) -> dict[str, Any]:
    """IHE PCF: the rule is the root provision; `limits` are its members, of the consent where they begin with "_"."""
    own = {key[1:]: value for key, value in limits.items() if key.startswith("_")}
    provision = {key: value for key, value in limits.items() if not key.startswith("_")}
    return make_consent(provision={"type": kind, "purpose": TREAT, **provision}, **own)


def make_rule(code: str = "OPTIN", **provision: Any) -> dict[str, Any]:
    """R4: the rule is `policyRule`, the provision an exception."""
    rule = {"coding": [coded(code, "v3-ActCode")]}
    return make_consent(policyRule=rule, **({"provision": provision} if provision else {}))


def make_decision(decision: str = "permit", *provisions: dict[str, Any], **members: Any) -> dict[str, Any]:
    """R5: the rule is `decision`, provisions are a list of exceptions."""
    subject = {"reference": f"Patient/{PATIENT}"}
    own = {"scope": None, "patient": None, "dateTime": None, "subject": subject, "date": "2024-06-13"}
    return make_consent(**own | members, decision=decision, provision=list(provisions) or None)


def make_question(**changes: Any) -> Question:
    """An ordinary clinician's question on a laboratory's normal result of 2020."""
    given: dict[str, Any] = {
        "asker": Asker(TODAY, "Practitioner/9", frozenset({"Organization/hospital"})),
        "kinds": ((RESOURCE_TYPES, "Observation"),),
        "codes": (("http://loinc.org", "84413-4"),),
        "confidentiality": frozenset({"N"}),
        "references": frozenset({"Observation/1"}),
        "date": Span(date(2020, 6, 1), date(2020, 6, 1)),
        "sources": frozenset({"Organization/lab"}),
        "relations": frozenset({"Encounter/1"}),
    }
    return Question(**(given | changes))
