"""Codes of consents that FHIR and HL7's terminology fix: protocol, not clinical facts."""

from __future__ import annotations

ACT_REASON = "v3-ActReason"
ACT_CODE = "v3-ActCode"
CONFIDENTIALITY = "v3-Confidentiality"
SCOPES = "consentscope"
CATEGORIES = "consentcategorycodes"
ACTIONS = "consentaction"
RESOURCE_TYPES = "resource-types"

_OIDS = {
    "urn:oid:2.16.840.1.113883.5.8": ACT_REASON,
    "urn:oid:2.16.840.1.113883.5.4": ACT_CODE,
    "urn:oid:2.16.840.1.113883.5.25": CONFIDENTIALITY,
}
_SHORT = {"ActReason": ACT_REASON, "ActCode": ACT_CODE, "Confidentiality": CONFIDENTIALITY}
_HL7 = ("http://terminology.hl7.org/", "https://terminology.hl7.org/", "http://hl7.org/fhir/", "https://hl7.org/fhir/")

COUNTING = frozenset({"active"})
NOT_COUNTING = frozenset({"draft", "proposed", "rejected", "inactive", "entered-in-error", "not-done"})
TREATMENT_SCOPES = frozenset({"patient-privacy", "treatment"})
OTHER_SCOPES = frozenset({"research", "adr"})
OTHER_CATEGORIES = frozenset(
    {(ACT_CODE, "RESEARCH"), (ACT_CODE, "RSDID"), (ACT_CODE, "RSREID")}
    | {(CATEGORIES, code) for code in ("research", "rsdid", "rsreid", "acd", "dnr", "hcd", "polst")}
)
"""Research, and what is to be done for a patient: neither says what may be read for treatment."""
BASE_RULES = {"OPTIN": "permit", "OPTINR": "permit", "OPTOUT": "deny", "OPTOUTE": "deny"}
TREATMENT = frozenset({"TREAT", "ETREAT", "COC"})
ABOVE_TREATMENT = frozenset(
    {"PurposeOfUse", "_ActHealthInformationManagementReason", "_ActInformationManagementReason"}
)
"""What v3-ActReason sets above TREAT: to refuse it is to refuse treatment, to permit it is not plain enough."""
READING = frozenset({"access", "use"})
NOT_READING = frozenset({"collect", "correct"})
SOURCES = frozenset({"CST", "AUT", "AUTHEN", "INF", "ENT"})
"""Roles that say where data come from; all others say who gets them."""
GENETIC = "GDIS"
"""Genetic disease information sensitivity: gene results have it whether or not they are labelled so."""
RANKS = {"U": 0, "L": 1, "M": 2, "N": 3, "R": 4, "V": 5}
NORMAL = "N"


def short_system(system: str | None) -> str | None:
    """The last word of the address of one of HL7's code systems; any other address as it is."""
    if system is None or system in _OIDS:
        return _OIDS.get(system or "")
    if not system.startswith(_HL7):
        return system
    word = system.rstrip("/").rpartition("/")[2]
    return _SHORT.get(word, word)
