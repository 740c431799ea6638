"""The flow: from a hook request to its cards, each step one function from one frozen type to the next.

HookRequest -> Record -> what of it may be used -> PatientFacts -> [DrugAnswer] -> [Card] -> JSON
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from cards.card import Card
from cards.from_findings import cap_cards, make_cards
from cds_hooks.consent.decision import Decision
from cds_hooks.consent.question import Asker
from cds_hooks.consent.release import release_record
from cds_hooks.content import Content
from cds_hooks.fhir.drugs import read_orders
from cds_hooks.fhir.patient_facts import read_patient_facts
from cds_hooks.fhir.prefetch import collect_record, draft_record, is_whole, require_medicines
from cds_hooks.fhir.reads import FhirRead, ReadBudget
from cds_hooks.fhir.record import Record
from cds_hooks.fhir.references import find_missing_medications
from cds_hooks.hook_request import DRUG_ORDERS, HookRequest
from cds_hooks.records.shown_cards import ShownCard
from cds_hooks.services.service import Service
from cds_hooks.tenant import Tenant
from cds_hooks.web.current_medicines import keep_acting
from cds_hooks.web.laps import Laps
from cds_hooks.web.outgoing import drop_invalid_suggestions
from cds_hooks.web.repeated_cards import Repetition, Sorted
from knowledge.drug_answer import DrugAnswer
from knowledge.evaluate import evaluate, find_drug
from knowledge.facts import PatientFacts


@dataclass(frozen=True)
class Worked:
    """An answer with every step that led to it."""

    record: Record
    """As far as it may be used."""
    facts: PatientFacts
    answers: tuple[DrugAnswer, ...]
    cards: tuple[Card, ...]
    consent: Decision | None = None
    """What may be used of the gene results; None where nothing of the record was asked for."""
    held_back: tuple[Card, ...] = ()
    """What is not repeated, because the clinician has overridden it."""
    remembered: tuple[ShownCard, ...] = ()
    reads: tuple[FhirRead, ...] = ()
    """What was read from FHIR servers, in the order of its start."""

    def to_json(self) -> dict[str, Any]:
        """The response of CDS Hooks 2.0.1, "CDS Service Response"; suggestions that are invalid FHIR are left out."""
        return {"cards": [drop_invalid_suggestions(card.to_json(), self.record.release) for card in self.cards]}


def work_out(
    request: HookRequest,
    service: Service,
    tenant: Tenant,
    today: date,
    repetition: Repetition | None = None,
    laps: Laps | None = None,
    budget: ReadBudget | None = None,
) -> Worked:
    """Answer a request. Raises errors.MissingDataError where what is needed of the record cannot be had.

    Without `repetition` (a trial) every card is new and none is held back. `laps` is told when each stage is over,
    `budget` how long may be read from FHIR servers; it is told of every read, also where the call is then refused.
    """
    content, laps, budget = tenant.content, laps or Laps(), budget or ReadBudget()
    request = replace(request, access=tenant.fhir.choose_access(request.access))
    record, consent, facts = _read(request, service, tenant, today, laps, budget)
    answers = evaluate(facts, content.library, content.policy)
    if service.hook == "patient-view":
        answers = keep_acting(answers)
    laps.end("evaluate")
    cards = make_cards(answers, content.cards)
    laps.end("cards")
    told = repetition.sort_out(cards, request, service, facts, tenant.client) if repetition else Sorted(cards)
    laps.end("repeats")
    shown = cap_cards(told.shown, content.cards)
    sent = {card.uuid for card in shown}
    remembered = tuple(one for one in told.remembered if one.uuid in sent)
    return Worked(record, facts, answers, shown, consent, told.held_back, remembered, budget.log.so_far())


def _read(
    request: HookRequest, service: Service, tenant: Tenant, today: date, laps: Laps, budget: ReadBudget
) -> tuple[Record, Decision | None, PatientFacts]:
    """The record as far as it may be used, and what it says; where the answer does not rest on it, the drafts alone."""
    content = tenant.content
    if service.hook != "patient-view" and not _rests_on_record(request, service, content):
        record = draft_record(request)
        facts = read_patient_facts(record, content.library, content.names, today)
        laps.end("facts")
        return record, None, facts
    try:
        whole = collect_record(request, service, tenant.fhir, budget)
    finally:
        laps.end("record")
    # Before anything is decided on: a call that is refused leaves no decision behind.
    require_medicines(whole, content.names)
    server = None if request.access is None else request.access.server
    asker = Asker(today, request.user_id, frozenset(tenant.client.organizations), server)
    record, consent = release_record(whole, asker, tenant.client.consent)
    laps.end("consent")
    facts = read_patient_facts(record, content.library, content.names, today, content.policy.stopped_days)
    laps.end("facts")
    return record, consent, facts


def _rests_on_record(request: HookRequest, service: Service, content: Content) -> bool:
    """Whether any ordered medicine has guidance, or may turn out to: if not, nothing of the record is fetched."""
    if not any(draft.get("resourceType") in DRUG_ORDERS for draft in request.selected_drafts):
        return False
    if is_whole(request, service):
        return True
    orders = read_orders(draft_record(request), content.names)
    if any(find_drug(content.library, ingredient) for order in orders for ingredient in order.ingredients):
        return True
    return bool(find_missing_medications(request.selected_drafts, (), request.drafts, request.access).drafted)
