"""The time of a hook call: what is not there by then is a gap that the card states, and nobody waits longer."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from fhir_stub import FhirStub, Reply, json_reply
from flask import Flask
from samples import PATIENT, SETTINGS, make_bundle

from app import create_app
from cards.from_findings import make_cards
from cds_hooks.clients import LOCAL, make_local_client
from cds_hooks.content import Content
from cds_hooks.fhir import client
from cds_hooks.fhir.bundle import Reason
from cds_hooks.fhir.reads import FhirRead, ReadBudget, ReadLog
from cds_hooks.hook_request import parse_request
from cds_hooks.tenant import build_tenants
from cds_hooks.web.answer import Worked, work_out
from knowledge.evaluate import evaluate
from knowledge.facts import Answer, DrugOrder, Ingredient, PatientFacts

Request = dict[str, Any]
URL = "/cds-services/pgx-order-select"
GAP = ["Clopidogrel: CYP2C19 results could not be fetched"]
HANGS = Reply(hang=True)
LATE = str(Reason.TIMEOUT)


@pytest.fixture
def patient_app(content: Content, tmp_path: Path) -> Flask:
    """A service whose own patience outlasts the whole budget of a call."""
    database = f"sqlite:///{tmp_path / 'records.sqlite3'}"
    settings = replace(SETTINGS, database=database, budget=0.5, fhir_timeout=60.0, fhir_budget=60.0)
    return create_app(settings, content)


def post(app: Flask, request: Request, url: str = URL) -> Any:
    """The service's answer."""
    return app.test_client().post(url, json=request)


def summaries(answer: Any) -> list[str]:
    """The summaries of the cards of a successful answer."""
    assert answer.status_code == 200, answer.text
    return [card["summary"] for card in answer.json["cards"]]


def test_a_card_states_the_gap_when_no_server_answers_in_time(
    patient_app: Flask, order_select: Request, fhir_stub: FhirStub
) -> None:
    """Neither patient nor results nor anything else: the order goes on, and it does not look like a clean bill."""
    del order_select["prefetch"]
    kinds = "Patient Observation DiagnosticReport Condition Procedure MedicationRequest MedicationStatement"
    fhir_stub.answers |= dict.fromkeys([*kinds.split(), "AllergyIntolerance"], HANGS)
    answer = post(patient_app, order_select | {"fhirServer": fhir_stub.url})
    assert summaries(answer) == GAP
    assert LATE in answer.json["cards"][0]["detail"]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that every wait for a server was given, for all queries together and for each."""
    given: list[float] = []
    together, each = client.wait, requests.Session.get

    def wait_together(futures: Any, timeout: float) -> Any:
        given.append(timeout)
        return together(futures, timeout)

    def get(session: requests.Session, url: str, timeout: float, **more: Any) -> Any:
        given.append(timeout)
        return each(session, url, timeout=timeout, **more)

    monkeypatch.setattr(client, "wait", wait_together)
    monkeypatch.setattr(requests.Session, "get", get)
    return given


@pytest.mark.parametrize(("budget", "fhir_budget", "longest"), [(0.5, 60.0, 0.5), (600.0, 0.3, 0.3)])
def test_no_wait_is_longer_than_what_is_left_of_the_call(
    budget: float,
    fhir_budget: float,
    longest: float,
    content: Content,
    order_select: Request,
    fhir_stub: FhirStub,
    waits: list[float],
) -> None:
    """Of the call's own time or of the client's, whichever ends first; a server has no longer by being slow."""
    del order_select["prefetch"]["geneResults"]
    fhir_stub.answers["Observation"] = HANGS
    app = create_app(replace(SETTINGS, budget=budget, fhir_timeout=60.0, fhir_budget=fhir_budget), content)
    assert summaries(post(app, order_select | {"fhirServer": fhir_stub.url})) == GAP
    assert waits
    assert [each for each in waits if each > longest] == []


def test_a_card_states_the_gap_when_the_results_drip(
    patient_app: Flask, order_select: Request, fhir_stub: FhirStub
) -> None:
    """A server that always sends a little more is out of time as well."""
    del order_select["prefetch"]["geneResults"]
    fhir_stub.answers["Observation"] = Reply(200, b" " * 100_000, drip=True)
    assert summaries(post(patient_app, order_select | {"fhirServer": fhir_stub.url})) == GAP


def test_all_stages_of_fetching_share_one_time(content: Content, order_select: Request, fhir_stub: FhirStub) -> None:
    """A report's results and a medicine that is only referred to are not asked for when the first stage took it all."""
    report = {"resourceType": "DiagnosticReport", "id": "r", "result": [{"reference": "Observation/own-code"}]}
    active = {"resourceType": "MedicationRequest", "id": "m", "status": "active"}
    order_select["prefetch"] |= {
        "geneReports": make_bundle(report),
        "medicationRequests": make_bundle(active | {"medicationReference": {"reference": "Medication/m"}}),
    }
    del order_select["prefetch"]["conditions"]
    fhir_stub.answers["Condition"] = HANGS
    worked = work(order_select | {"fhirServer": fhir_stub.url}, content, seconds=0.4)
    assert fhir_stub.asked == ["Condition?patient=demo-1"]
    assert worked.record.gene_results.reason == LATE
    assert [(read.resource_type, read.reason) for read in worked.reads] == [("Condition", Reason.TIMEOUT)]


def test_results_that_came_in_time_are_used_when_the_rest_is_late(
    patient_app: Flask, order_select: Request, fhir_stub: FhirStub
) -> None:
    """The card comes, and says what could not be looked at."""
    results = order_select["prefetch"].pop("geneResults")
    del order_select["prefetch"]["conditions"]
    fhir_stub.answers |= {"Observation": json_reply(results), "Condition": HANGS}
    answer = post(patient_app, order_select | {"fhirServer": fhir_stub.url})
    assert summaries(answer) == ["Clopidogrel: avoid if possible (CYP2C19 Poor Metabolizer)"]
    assert "problem list could not be obtained" in answer.json["cards"][0]["detail"]


def test_the_first_page_is_used_when_the_second_is_late(
    patient_app: Flask, order_select: Request, fhir_stub: FhirStub
) -> None:
    """What is known is said, though more may be on file."""
    results = order_select["prefetch"].pop("geneResults") | {
        "link": [{"relation": "next", "url": "Observation?page=2"}]
    }
    fhir_stub.answers["Observation"] = lambda target: HANGS if "page" in target else json_reply(results)
    answer = post(patient_app, order_select | {"fhirServer": fhir_stub.url})
    assert summaries(answer) == ["Clopidogrel: avoid if possible (CYP2C19 Poor Metabolizer)"]
    assert LATE in answer.json["cards"][0]["detail"]


def test_a_patient_who_is_late_leaves_the_age_unknown(
    patient_app: Flask, order_select: Request, fhir_stub: FhirStub
) -> None:
    """Rows that hold at some ages only are shown as possible, and say that the age could not be fetched."""
    del order_select["prefetch"]["patient"]
    draft = order_select["context"]["draftOrders"]["entry"][0]["resource"]
    draft["medicationCodeableConcept"] = {"text": "voriconazole"}
    fhir_stub.answers["Patient"] = HANGS
    answer = post(patient_app, order_select | {"fhirServer": fhir_stub.url})
    assert len(summaries(answer)) == 1
    assert "the patient's age could not be fetched" in answer.json["cards"][0]["detail"]


@pytest.mark.parametrize(("reply", "why"), [(Reply(503), "failed (5xx)"), (Reply(404), "(404)"), (Reply(401), "(401)")])
def test_other_failures_of_what_is_needed_are_refused(
    patient_app: Flask, order_select: Request, fhir_stub: FhirStub, reply: Reply, why: str
) -> None:
    """412: only time that ran out is stated on a card."""
    del order_select["prefetch"]["geneResults"]
    fhir_stub.answers["Observation"] = reply
    answer = post(patient_app, order_select | {"fhirServer": fhir_stub.url})
    assert answer.status_code == 412
    assert why in answer.json["issue"][0]["diagnostics"]


def viewing(request: Request) -> Request:
    """The same patient's chart being opened, with clopidogrel in use."""
    (entry,) = request["context"].pop("draftOrders")["entry"]
    del request["context"]["selections"]
    request["prefetch"]["medicationRequests"] = make_bundle(entry["resource"] | {"status": "active", "intent": "order"})
    return request | {"hook": "patient-view"}


def test_late_results_are_stated_when_a_chart_is_opened(
    patient_app: Flask, order_select: Request, fhir_stub: FhirStub
) -> None:
    """Silence would look like results that ask for nothing."""
    request = viewing(order_select)
    del request["prefetch"]["geneResults"]
    fhir_stub.answers["Observation"] = HANGS
    answer = post(patient_app, request | {"fhirServer": fhir_stub.url}, "/cds-services/pgx-patient-view")
    assert summaries(answer) == GAP


@pytest.mark.parametrize("reply", [HANGS, Reply(500)], ids=["late", "failed"])
def test_medicines_that_did_not_come_are_refused_when_a_chart_is_opened(
    patient_app: Flask, order_select: Request, fhir_stub: FhirStub, reply: Reply
) -> None:
    """There is no medicine that a card could be about: 412, and not an answer without cards."""
    request = viewing(order_select)
    del request["prefetch"]["medicationRequests"]
    fhir_stub.answers["MedicationRequest"] = reply
    answer = post(patient_app, request | {"fhirServer": fhir_stub.url}, "/cds-services/pgx-patient-view")
    assert answer.status_code == 412
    assert answer.json["issue"][0]["diagnostics"].startswith("/prefetch/medicationRequests: the FHIR server")


def test_every_medicine_of_the_content_has_a_card_when_nothing_came(content: Content) -> None:
    """No population, no flag and no policy lets an identified medicine pass in silence when its results are late."""
    silent = []
    for known, drug in content.library.drug_index.items():
        if not drug.genes:
            continue
        order = DrugOrder("MedicationRequest/1", drug.id, (Ingredient(known, known),), fhir_release="R4")
        late = Answer.NOT_FETCHED
        facts = PatientFacts(
            genes_answer=late,
            genes_reason=LATE,
            today=date(2026, 1, 1),
            patient_answer=late,
            conditions_answer=late,
            medications_answer=late,
            allergies_answer=late,
            orders=(order,),
        )
        cards = make_cards(evaluate(facts, content.library, content.policy), content.cards)
        if not any("could not be fetched" in f"{card.summary}{card.detail}" for card in cards):
            silent.append(drug.id)
    assert silent == []


def work(request: Request, content: Content, seconds: float, reads: ReadLog | None = None) -> Worked:
    """A call that has so many seconds left."""
    settings = replace(SETTINGS, fhir_timeout=60.0, fhir_budget=60.0)
    tenant = build_tenants([make_local_client(settings)], settings, content)[LOCAL]
    service = content.services["pgx-order-select"]
    asked = parse_request(orjson.dumps(request), service.hook)
    budget = ReadBudget(time.monotonic() + seconds, ReadLog() if reads is None else reads)
    return work_out(asked, service, tenant, date(2026, 1, 1), budget=budget)


def test_a_record_that_nothing_rests_on_is_called_not_fetched(content: Content, order_select: Request) -> None:
    """Of an order without guidance nothing is read, and no topic is said to be empty."""
    coding = {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "1191", "display": "aspirin"}
    draft = order_select["context"]["draftOrders"]["entry"][0]["resource"]
    order_select["context"]["draftOrders"]["entry"][0]["resource"] = {
        **draft,
        "medicationCodeableConcept": {"coding": [coding]},
    }
    del order_select["prefetch"]
    facts = work(order_select, content, 10).facts
    answers = {name: value for name, value in vars(facts).items() if name.endswith("_answer")}
    assert [one.ingredients[0].name for one in facts.orders] == ["aspirin"]
    assert (len(answers), set(answers.values())) == (5, {Answer.NOT_FETCHED})


def test_what_was_read_is_told_to_whoever_records_it(
    content: Content, order_select: Request, fhir_stub: FhirStub
) -> None:
    """In the answer, without any value but the id that was asked for."""
    del order_select["prefetch"]["patient"]
    fhir_stub.answers["Patient"] = json_reply(PATIENT)
    worked = work(order_select | {"fhirServer": fhir_stub.url}, content, 10)
    (read,) = worked.reads
    size = len(orjson.dumps(PATIENT))
    assert replace(read, milliseconds=0) == FhirRead("Patient", "read", (), 1, 200, None, 0, size, "demo-1")


def test_what_was_read_is_told_when_the_call_is_refused(
    content: Content, order_select: Request, fhir_stub: FhirStub
) -> None:
    """A read has happened also where no card came of it."""
    del order_select["prefetch"]["geneResults"]
    fhir_stub.answers["Observation"] = Reply(403)
    log = ReadLog()
    with pytest.raises(Exception, match="does not allow"):
        work(order_select | {"fhirServer": fhir_stub.url}, content, 10, log)
    assert [(read.resource_type, read.status, read.reason) for read in log.so_far()] == [
        ("Observation", 403, Reason.FORBIDDEN)
    ]


def test_one_slow_server_does_not_hold_up_other_calls(
    patient_app: Flask, order_select: Request, fhir_stub: FhirStub
) -> None:
    """Calls that wait, and one that has everything with it, side by side."""
    slow = order_select | {"prefetch": {**order_select["prefetch"]}, "fhirServer": fhir_stub.url}
    del slow["prefetch"]["geneResults"]
    fhir_stub.answers["Observation"] = HANGS
    answers: list[list[str]] = []
    calls = [threading.Thread(target=lambda: answers.append(summaries(post(patient_app, slow)))) for _ in range(8)]
    for each in calls:
        each.start()
    assert summaries(post(patient_app, order_select)) == ["Clopidogrel: avoid if possible (CYP2C19 Poor Metabolizer)"]
    for each in calls:
        each.join()
    assert answers == [GAP] * 8
