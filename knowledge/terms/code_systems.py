"""Code systems of medicines by the names that senders give them: RxNorm, NDC, ATC.

Addresses: HL7's THO and FHIR R4 terminologies pages, OIDs of HL7's registry, the addresses of the German
editions of the ATC (bfarm, dimdi).
"""

from __future__ import annotations

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
NDC = "http://hl7.org/fhir/sid/ndc"
ATC = "http://www.whocc.no/atc"
_NAMES = {
    "nlm.nih.gov/research/umls/rxnorm": RXNORM,
    "rxnav.nlm.nih.gov": RXNORM,
    "rxnav.nlm.nih.gov/rest/rxcui": RXNORM,
    "2.16.840.1.113883.6.88": RXNORM,
    "hl7.org/fhir/sid/ndc": NDC,
    "fda.gov/ndc": NDC,
    "2.16.840.1.113883.6.69": NDC,
    "whocc.no/atc": ATC,
    "2.16.840.1.113883.6.73": ATC,
    "fhir.de/codesystem/bfarm/atc": ATC,
    "fhir.de/codesystem/dimdi/atc": ATC,
}
_STARTS = ("http://", "https://", "urn:oid:", "www.")


def usual_system(system: str) -> str:
    """The usual address of a code system, whatever the case, the scheme and a slash or version behind it; any other
    system as it is."""
    name = system.strip().casefold().partition("|")[0].rstrip("/")
    for start in _STARTS:
        name = name.removeprefix(start)
    return _NAMES.get(name, system)
