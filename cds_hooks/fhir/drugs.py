"""Drafted orders and medicines in use."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from cds_hooks.fhir.calendar_dates import read_date
from cds_hooks.fhir.coding import member, objects, read_concept, resource_type, text_of
from cds_hooks.fhir.doses import read_doses
from cds_hooks.fhir.medicines import read_medicine
from cds_hooks.fhir.record import Json, Record
from cds_hooks.fhir.references import type_and_id
from cds_hooks.fhir.release import release_of_resource
from cds_hooks.fhir.subject import is_of_other, of_patient
from cds_hooks.fhir.unwrapping import Candidates, Found, collect
from cds_hooks.fhir.validation import validate
from cds_hooks.hook_request import DRUG_ORDERS
from knowledge.facts import Answer, DrugOrder, DrugUse
from knowledge.terms.drug_names import DrugNames

_LOG = logging.getLogger(__name__)
_STATEMENTS = frozenset({"MedicationStatement", "MedicationUsage"})
_ORDERED = frozenset({None, "order", "original-order", "reflex-order", "filler-order", "instance-order"})
_NOT_TAKEN = frozenset({"not-taking", "not-taken", "on-hold", "stopped"})
_ENDED = frozenset({"stopped", "completed"})
_MAX_USES = 500
"""Medicines in use that are read; with more the list counts as incomplete."""


def read_orders(record: Record, names: DrugNames) -> tuple[DrugOrder, ...]:
    """The drafts that the service was asked about: the selected ones, or all where nothing says which.

    Drafts that are no medicines (ServiceRequest, NutritionOrder, ...), orders not to give something, and drafts of
    another patient are passed over. A medicine that cannot be identified stays, with its name and the reason.
    """
    drafts = _look_at_drafts(record)
    return tuple(_read_order(one, drafts.candidates, names, record.release) for one in drafts.asked)


def read_unasked_orders(record: Record, names: DrugNames) -> tuple[DrugOrder, ...]:
    """The drafts that were not selected: nothing is said of them, and their doses add to what is asked about."""
    drafts = _look_at_drafts(record)
    return tuple(_read_order(one, drafts.candidates, names, record.release) for one in drafts.others)


def read_medications(record: Record, names: DrugNames, today: date) -> tuple[DrugUse, ...]:
    """The medicines in use, and the drafts that were not selected (`draft`): they will be taken together."""
    candidates, in_use = _in_use(record, today)
    drafts = _look_at_drafts(record)
    return (
        *(_read_use(one, candidates, names) for one in in_use[:_MAX_USES]),
        *(_read_use(one, drafts.candidates, names, draft=True) for one in drafts.others),
    )


def answer_on_medications(record: Record, today: date) -> Answer:
    """The record's answer on the medicines in use; "not fetched" where there are more than are read."""
    answer = record.medications.answer
    return Answer.NOT_FETCHED if answer is Answer.READ and _are_too_many(record, today) else answer


def _are_too_many(record: Record, today: date) -> bool:
    return len(record.medications.resources) > _MAX_USES and len(_in_use(record, today)[1]) > _MAX_USES


def read_ended(record: Record, names: DrugNames, today: date, days: int) -> tuple[DrugUse, ...]:
    """The medicines on file as stopped or completed, at most so many days ago or on an unknown day."""
    candidates = _on_file(record)
    ended = [one for one in candidates.found if _has_ended(one, today, days)]
    return tuple(_read_use(one, candidates, names) for one in ended[:_MAX_USES])


def read_taken_as_orders(record: Record, names: DrugNames, today: date) -> tuple[DrugOrder, ...]:
    """On patient-view the "orders" are the medicines already taken."""
    candidates, in_use = _in_use(record, today)
    return tuple(_read_order(one, candidates, names, record.release, active=True) for one in in_use[:_MAX_USES])


def _in_use(record: Record, today: date) -> tuple[Candidates, list[Found]]:
    """The medicines on file that are taken; withheld ones are not even looked at."""
    candidates = _on_file(record)
    return candidates, [one for one in candidates.found if is_in_use(one, today)]


def _on_file(record: Record) -> Candidates:
    resources = () if record.medications.answer is Answer.WITHHELD else record.medications.resources
    return of_patient(resources, record.patient_id)


def _has_ended(found: Found, today: date, days: int) -> bool:
    """True for what was taken and is no longer: by its status, or by its end; what ended long ago is left out."""
    if found.kind not in DRUG_ORDERS | _STATEMENTS or found.resource.get("doNotPerform") is True:
        return False
    over = text_of(found.resource.get("status")) in _ENDED
    end = max(_ends(found.resource), default=None)
    if end is None:
        return over
    return (over or end < today) and (today - end).days <= days


def is_in_use(found: Found, today: date) -> bool:
    """True for an active order or statement of a medicine that is taken; a missing intent is tolerated."""
    resource, status = found.resource, text_of(found.resource.get("status"))
    if found.kind in DRUG_ORDERS:
        ordered = text_of(resource.get("intent")) in _ORDERED and resource.get("doNotPerform") is not True
        return status == "active" and ordered
    if found.kind not in _STATEMENTS or status not in ("active", "recorded"):
        return False
    adherence = {code for _, code in read_concept(member(resource.get("adherence"), "code")).pairs}
    if adherence & _NOT_TAKEN or resource.get("wasNotTaken") is True:
        return False
    end = read_date(member(resource.get("effectivePeriod"), "end"))
    return end is None or end >= today


@dataclass(frozen=True)
class _Drafts:
    """The drafted medicines of a request, with everything that they may refer to."""

    candidates: Candidates
    asked: tuple[Found, ...]
    others: tuple[Found, ...]


def _look_at_drafts(record: Record) -> _Drafts:
    further = (record.referenced or {}).values()
    medications = (one for one in record.medications.resources if resource_type(one) == "Medication")
    candidates = collect((*record.drafts, *further, *medications))
    drafted = {id(one) for one in record.drafts}
    drafts = [one for one in candidates.of_kind(*DRUG_ORDERS) if id(one.resource) in drafted]
    own = [one for one in drafts if not is_of_other(one, candidates, record.patient_id)]
    if len(own) < len(drafts):
        _LOG.warning("%d drafts of another patient were passed over", len(drafts) - len(own))
    given = [one for one in own if one.resource.get("doNotPerform") is not True]
    if record.selections is None:
        return _Drafts(candidates, tuple(given), ())
    wanted = {type_and_id(one) for one in record.selections}
    asked = [one for one in given if one.reference in wanted or text_of(one.resource.get("id")) in wanted]
    numbers = {one.number for one in asked}
    return _Drafts(candidates, tuple(asked), tuple(one for one in given if one.number not in numbers))


def _read_order(
    found: Found, candidates: Candidates, names: DrugNames, release: str, active: bool = False
) -> DrugOrder:
    medicine = read_medicine(found, candidates, names)
    shape = release_of_resource(found.resource) or release
    _log_problems(found.resource, shape)
    return DrugOrder(
        order_id=found.reference,
        display=medicine.display,
        ingredients=medicine.identified.ingredients,
        reason=medicine.identified.reason if not medicine.identified.ingredients else None,
        doses=read_doses(found.resource),
        resource=found.resource,
        fhir_release=shape,
        form_names=(*medicine.form_names, *_route_names(found.resource)),
        codes=medicine.codes,
        active=active,
    )


def _route_names(resource: Json) -> tuple[str, ...]:
    """How it is to be given, in the words of each dosage instruction."""
    instructions = (*objects(resource.get("dosageInstruction")), *objects(resource.get("dosage")))
    return tuple(dict.fromkeys(name for one in instructions for name in read_concept(one.get("route")).names))


def _read_use(found: Found, candidates: Candidates, names: DrugNames, draft: bool = False) -> DrugUse:
    medicine = read_medicine(found, candidates, names)
    identified = medicine.identified
    return DrugUse(
        ingredients=identified.ingredients,
        display=medicine.display,
        use_id=found.reference,
        since=None if draft else min(_starts(found.resource), default=None),
        until=None if draft else max(_ends(found.resource), default=None),
        draft=draft,
        reason=None if identified.ingredients else identified.reason,
    )


def _starts(resource: Json) -> Iterator[date]:
    """Whole dates from which the medicine is taken; a year or a month alone decides nothing."""
    period = resource.get("effectivePeriod")
    bounds = [
        member(member(member(one.get("timing"), "repeat"), "boundsPeriod"), "start")
        for one in objects(resource.get("dosageInstruction"))
    ]
    for value in (member(period, "start"), resource.get("effectiveDateTime"), *bounds, resource.get("authoredOn")):
        found = read_date(value)
        if found is not None:
            yield found


def _ends(resource: Json) -> Iterator[date]:
    """Whole dates up to which the medicine is taken."""
    bounds = [
        member(member(member(one.get("timing"), "repeat"), "boundsPeriod"), "end")
        for one in objects(resource.get("dosageInstruction"))
    ]
    for value in (member(resource.get("effectivePeriod"), "end"), *bounds):
        found = read_date(value)
        if found is not None:
            yield found


def _log_problems(resource: Json, release: str) -> None:
    """A vendor's extra member does not lose the order: it is read as it is, and the log says so."""
    problems = validate(resource, release) if resource_type(resource) == "MedicationRequest" else ()
    if problems:
        _LOG.info("an order is not valid FHIR %s and was read all the same: %s", release, "; ".join(problems))
