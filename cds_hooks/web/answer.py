"""The flow: from a hook request to its cards, each step one function from one frozen type to the next.

HookRequest -> Record -> PatientFacts -> [DrugAnswer] -> [Card] -> JSON
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cards.card import Card
from cards.from_findings import make_cards
from cds_hooks.content import Content
from cds_hooks.fhir.client import FhirClient
from cds_hooks.fhir.patient_facts import read_patient_facts
from cds_hooks.fhir.prefetch import collect_record
from cds_hooks.fhir.record import Record
from cds_hooks.hook_request import DRUG_ORDERS, HookRequest
from cds_hooks.services.service import Service
from cds_hooks.web.outgoing import drop_invalid_suggestions
from knowledge.evaluate import evaluate
from knowledge.facts import PatientFacts
from knowledge.findings import DrugAnswer


@dataclass(frozen=True)
class Worked:
    """An answer with every step that led to it. `record` and `facts` are None where no drug was asked about."""

    record: Record | None
    facts: PatientFacts | None
    answers: tuple[DrugAnswer, ...] = ()
    cards: tuple[Card, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The response of CDS Hooks 2.0.1, "CDS Service Response"; suggestions that are invalid FHIR are left out."""
        release = self.record.release if self.record else "R4"
        return {"cards": [drop_invalid_suggestions(card.to_json(), release) for card in self.cards]}


def work_out(request: HookRequest, service: Service, content: Content, client: FhirClient) -> Worked:
    """Answer a request. Raises errors.MissingDataError where what is needed of the record cannot be had."""
    if service.hook != "patient-view" and not _asks_about_drugs(request):
        return Worked(None, None)
    record = collect_record(request, service, client)
    facts = read_patient_facts(record, content.library, content.names)
    answers = evaluate(facts, content.library, content.policy)
    return Worked(record, facts, answers, make_cards(answers, content.cards))


def _asks_about_drugs(request: HookRequest) -> bool:
    """False where only other orders are drafted: then nothing of the record is needed, and none of it is fetched."""
    return any(draft.get("resourceType") in DRUG_ORDERS for draft in request.selected_drafts)
