"""From the prefetch, and the FHIR server for what it lacks, to the `Record`.

A prefetch key comes in one of four states (CDS Hooks 2.0.1 "Prefetch Template"): present, none (`null` or an empty
Bundle), failed (an OperationOutcome, a missing page), or not offered. Only what was not offered, and the further
pages of what was, is fetched; a failed query is not repeated. Only "none" becomes "none on file".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import quote

from cds_hooks.errors import Fault, MissingDataError
from cds_hooks.fhir.bundle import OUT_OF_TIME, Page, Reason, is_wrapper, read_page
from cds_hooks.fhir.client import FhirClient
from cds_hooks.fhir.drugs import read_orders
from cds_hooks.fhir.reads import ReadBudget, ReadLog
from cds_hooks.fhir.record import Fetched, Json, Record
from cds_hooks.fhir.references import (
    Missing,
    find_medicine_references,
    find_missing_medications,
    find_missing_results,
)
from cds_hooks.fhir.release import R4, release_of_resources
from cds_hooks.hook_request import FhirAccess, HookRequest
from cds_hooks.services.registry import CONSENT_QUERY, CONSENTS
from cds_hooks.services.service import Service
from knowledge.facts import Answer
from knowledge.terms.drug_names import DrugNames

NEEDED = ("patient", "geneResults")
"""Prefetch keys without which nothing can be said: they lead to 412 where they cannot be had. Where no more than time
was lacking, the card says so instead."""

_TOKEN = "{{context.patientId}}"  # nosec B105 # the placeholder of a prefetch template, no password
_SEND = "Send it in the prefetch, or fhirServer and fhirAuthorization with a scope that allows the query."
_UNREAD = "a draft's medicine is a reference that could not be read"
_SEND_MEDICINE = "Send the Medication as an entry of draftOrders, or allow it to be read."


class State(StrEnum):
    """What a prefetch key holds."""

    PRESENT = "present"
    NONE = "none"
    FAILED = "failed"
    NOT_OFFERED = "not offered"


@dataclass(frozen=True)
class Prefetched:
    """One key of the prefetch."""

    state: State
    page: Page = Page()


@dataclass(frozen=True)
class _Source:
    """Where further data can be read from, and until when."""

    client: FhirClient
    access: FhirAccess | None
    deadline: float
    reads: ReadLog

    def fetch(self, addresses: Mapping[str, str], otherwise: Reason) -> dict[str, Page]:
        if self.access is None:
            return dict.fromkeys(addresses, Page(reason=otherwise))
        return self.client.fetch_all(self.access, addresses, self.deadline, self.reads)


def collect_record(
    request: HookRequest,
    service: Service,
    client: FhirClient,
    budget: ReadBudget | None = None,
) -> Record:
    """Everything the service asks of the record. Raises MissingDataError where what is needed cannot be had.

    Fetching ends at the deadline of `budget`, or before it when the client's own budget is spent; its log is told what
    was read.
    """
    budget = budget or ReadBudget()
    source = _Source(client, request.access, min(budget.deadline, client.start_budget()), budget.log)
    pages = _collect_pages(request, service, source)
    _require_needed(pages, request.patient_id)
    if service.hook == "patient-view":
        _require_medicines_taken(pages)
    pages = _add_reported_results(pages, request.patient_id, source)
    medications = _combine(pages, "medicationRequests", "medicationStatements")
    missing = find_missing_medications(request.selected_drafts, medications.resources, request.drafts, request.access)
    referenced = _read_missing(missing, source)
    return Record(
        patient_id=request.patient_id,
        release=release_of_resources((*request.drafts, *medications.resources)) or R4,
        patient=_combine(pages, "patient"),
        gene_results=_combine(pages, "geneResults", "geneReports"),
        conditions=_combine(pages, "conditions", "procedures"),
        medications=replace(medications, resources=(*medications.resources, *referenced.values())),
        allergies=_combine(pages, "allergies"),
        weight=_combine(pages, "weight"),
        measures=_combine(pages, "measures"),
        consents=_combine(pages, CONSENTS) if CONSENTS in pages else None,
        drafts=request.drafts,
        selections=request.selections,
        referenced=referenced,
    )


def require_medicines(record: Record, names: DrugNames) -> None:
    """Raise MissingDataError where a medicine is unknown because the resource that names it could not be read.

    An order's own display may have named it all the same; then nothing is missing.
    """
    referenced = record.referenced or {}
    unread = {key: each for key, each in referenced.items() if each.get("resourceType") == "OperationOutcome"}
    unknown = [order for order in read_orders(record, names) if not order.ingredients] if unread else []
    faults = [
        Fault("/context/draftOrders", f"{_UNREAD}: {_reason_of(unread[key])}", _SEND_MEDICINE, "incomplete")
        for order in unknown
        for key in find_medicine_references(order.resource)
        if key in unread
    ]
    if faults:
        raise MissingDataError(*faults)


def draft_record(request: HookRequest) -> Record:
    """The record as far as the request's drafts go: nothing else has been asked for."""
    nothing = Fetched(Answer.NOT_FETCHED)
    return Record(
        patient_id=request.patient_id,
        release=release_of_resources(request.drafts) or R4,
        patient=nothing,
        gene_results=nothing,
        conditions=nothing,
        medications=nothing,
        allergies=nothing,
        weight=nothing,
        measures=nothing,
        drafts=request.drafts,
        selections=request.selections,
    )


def is_whole(request: HookRequest, service: Service) -> bool:
    """Whether every key of the service came, and none as an OperationOutcome."""
    return all(
        key in request.prefetch and (request.prefetch[key] or {}).get("resourceType") != "OperationOutcome"
        for key in service.prefetch
    )


def read_prefetch(prefetch: Mapping[str, Json | None], key: str, template: str) -> Prefetched:
    """The state and the content of one key."""
    if key not in prefetch:
        return Prefetched(State.NOT_OFFERED)
    value = prefetch[key]
    if value is None:
        return Prefetched(State.NONE)
    page = _first_only(read_page(value), template)
    kind = template.partition("?")[0].partition("/")[0]
    if value.get("resourceType") not in ("Bundle", "OperationOutcome", "Parameters", kind):
        page = Page(reason=Reason.NOT_FHIR)
    if page.reason is not None:
        return Prefetched(State.FAILED, page)
    return Prefetched(State.PRESENT if page.resources or page.next_link else State.NONE, page)


def fill_template(template: str, patient_id: str) -> str:
    """The query of a template for one patient, percent-encoded."""
    return quote(template, safe="?=&,:/|$-._~{}").replace(_TOKEN, quote(patient_id, safe=""))


def _collect_pages(request: HookRequest, service: Service, source: _Source) -> dict[str, Page]:
    """What is known by each key: the prefetch, completed from the server."""
    # Consents that nobody asked for are heeded all the same.
    unasked = {CONSENTS: CONSENT_QUERY} if CONSENTS in request.prefetch else {}
    templates = unasked | dict(service.prefetch)
    given = {key: read_prefetch(request.prefetch, key, template) for key, template in templates.items()}
    wanted = {
        key: fill_template(service.prefetch[key], request.patient_id)
        for key, found in given.items()
        if found.state is State.NOT_OFFERED
    }
    further = {key: link for key, found in given.items() if (link := found.page.next_link) and not found.page.reason}
    fetched = source.fetch(wanted, Reason.NOT_OFFERED)
    rest = source.fetch(further, Reason.MORE_PAGES)
    pages = {key: found.page for key, found in given.items()}
    pages |= {key: _first_only(page, service.prefetch[key]) for key, page in fetched.items()}
    return pages | {key: _join(pages[key], page) for key, page in rest.items()}


def _join(first: Page, rest: Page) -> Page:
    return Page((*first.resources, *rest.resources), reason=rest.reason)


def _first_only(page: Page, template: str) -> Page:
    """Where the template asks for one resource, the first one is all there is to have."""
    if "_count=1" not in template.split("&") or page.reason not in (None, Reason.INCOMPLETE):
        return page
    if not page.resources or is_wrapper(page.resources[0]):
        return page
    return Page(page.resources)


def _require_needed(pages: Mapping[str, Page], patient_id: str) -> None:
    faults = []
    for key in NEEDED:
        page = pages[key]
        if page.reason is not None and not page.resources and page.reason not in (Reason.SUPPRESSED, *OUT_OF_TIME):
            faults.append(_missing(key, str(page.reason)))
    patients = [each.get("id") for each in pages["patient"].resources if each.get("resourceType") == "Patient"]
    late = pages["patient"].reason in OUT_OF_TIME
    if not faults and not late and patients != [patient_id]:
        faults.append(_missing("patient", "the patient of the context is not there"))
    if faults:
        raise MissingDataError(*faults)


def _require_medicines_taken(pages: Mapping[str, Page]) -> None:
    """On patient-view the medicines in use are what is asked about: without any, no card could name what is missing."""
    reason = pages["medicationRequests"].reason
    if reason is not None and not pages["medicationRequests"].resources and not pages["medicationStatements"].resources:
        raise MissingDataError(_missing("medicationRequests", str(reason)))


def _missing(key: str, what: str) -> Fault:
    return Fault(f"/prefetch/{key}", what, _SEND, "incomplete")


def _combine(pages: Mapping[str, Page], *keys: str) -> Fetched:
    """One topic from its keys: all that came, and the worst answer of them."""
    resources = tuple(resource for key in keys for resource in pages[key].resources)
    reasons = [reason for key in keys if (reason := pages[key].reason) is not None]
    if Reason.SUPPRESSED in reasons:
        return Fetched(Answer.WITHHELD, resources, str(Reason.SUPPRESSED))
    if reasons:
        return Fetched(Answer.NOT_FETCHED, resources, str(reasons[0]))
    return Fetched(Answer.READ if resources else Answer.NONE_ON_FILE, resources)


def _add_reported_results(pages: dict[str, Page], patient_id: str, source: _Source) -> dict[str, Page]:
    """Results that a report refers to, under whatever code: a laboratory's own codes are found in no search."""
    reports = pages["geneReports"]
    ids = find_missing_results(reports.resources, pages["geneResults"].resources)
    if not ids:
        return pages
    query = f"Observation?patient={quote(patient_id, safe='')}&_id={quote(','.join(ids), safe=',')}"
    page = source.fetch({"results": query}, Reason.NOT_OFFERED)["results"]
    came = {resource.get("id") for resource in page.resources}
    reason = page.reason or (None if came.issuperset(ids) else Reason.INCOMPLETE)
    return pages | {"geneReports": Page((*reports.resources, *page.resources), reason=reports.reason or reason)}


def _read_missing(missing: Missing, source: _Source) -> dict[str, Json]:
    """The medicines that orders only refer to; for a drafted one that did not come an OperationOutcome."""
    wanted = (*missing.drafted, *missing.active)
    fetched = source.fetch({reference: reference for reference in wanted}, Reason.NOT_OFFERED)
    found = {reference: page.resources[0] for reference, page in fetched.items() if page.resources}
    failed = {reference: fetched[reference].reason for reference in missing.drafted if reference not in found}
    return found | {reference: _failure(reason) for reference, reason in failed.items()}


def _failure(reason: Reason | None) -> Json:
    issue = {"severity": "error", "code": "incomplete", "diagnostics": str(reason or Reason.NOT_FHIR)}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def _reason_of(failure: Json) -> str:
    return str(failure["issue"][0]["diagnostics"])
