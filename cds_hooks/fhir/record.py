"""What was obtained of a patient's record, topic by topic, before anybody reads it.

`cds_hooks.fhir.prefetch` fills a `Record` from the request's prefetch and from the FHIR server;
`cds_hooks.fhir.patient_facts` turns it into `knowledge.facts.PatientFacts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from knowledge.facts import Answer

Json = Mapping[str, Any]
"""One raw FHIR resource. It dies in `cds_hooks/fhir/`: nothing above sees it, but for a draft that is sent back."""


@dataclass(frozen=True)
class Fetched:
    """One topic of the record.

    answer: READ (resources hold all there is), NONE_ON_FILE (asked, nothing there), NOT_FETCHED (failed, incomplete
    or not offered; `resources` may hold the part that did come), WITHHELD.
    """

    answer: Answer
    resources: tuple[Json, ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Record:
    """All topics of one patient's record, and the drafted orders of the request."""

    patient_id: str
    release: str
    """"R4" (R4B included) or "R5"."""
    patient: Fetched
    gene_results: Fetched
    """Observations, DiagnosticReports and what they contain or refer to."""
    conditions: Fetched
    """Condition and Procedure resources."""
    medications: Fetched
    """MedicationRequest, MedicationStatement (R5: MedicationStatement, too) and Medication resources."""
    allergies: Fetched
    weight: Fetched
    measures: Fetched
    """Body height, smoking status and INR goal."""
    consents: Fetched | None = None
    """None: they were neither asked for nor sent."""
    drafts: tuple[Json, ...] = ()
    """Every resource of context.draftOrders, helpers such as Medication included."""
    selections: tuple[str, ...] | None = None
    """References of the drafts that were selected; None: all drafts count."""
    referenced: Mapping[str, Json] | None = None
    """Further resources that were fetched because a draft refers to them, by relative reference."""
