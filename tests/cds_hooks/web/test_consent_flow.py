"""Consent from the request to the card: what is withheld leaves no trace in the answer or the log."""

from __future__ import annotations

import copy
import dataclasses
from datetime import date
from typing import Any

import orjson
import pytest
from fhir_stub import FhirStub, json_reply
from flask.testing import FlaskClient
from samples import DRAFT, GENOTYPE, SETTINGS, make_bundle

from app import create_app
from cds_hooks.clients import make_local_client
from cds_hooks.content import Content
from cds_hooks.hook_request import parse_request
from cds_hooks.tenant import build_tenants
from cds_hooks.web.answer import Worked, work_out
from cds_hooks.web.explanation import explain

Request = dict[str, Any]
HL7 = "http://terminology.hl7.org/CodeSystem/"
TREAT = [{"system": f"{HL7}v3-ActReason", "code": "TREAT"}]
ACTING, SILENT, TESTED = "acts on the result", "no card", "a test is proposed"
KINDS = {
    "Clopidogrel: avoid if possible (CYP2C19 Poor Metabolizer)": ACTING,
    "Clopidogrel: no CYP2C19 result on file, test recommended before the first dose": TESTED,
}
"""By the summary of the only card; a card of any other kind ("could not be read") is none of these."""
TRACES = ("cyp2c19", "*2/*2", "poor", "84413-4")
"""What no answer may hold where the result is withheld, in small letters."""


def make_label(code: str) -> dict[str, Any]:
    return {"security": [{"system": f"{HL7}v3-Confidentiality", "code": code}]}


def make_consent(kind: str = "permit", identity: str = "c1", **members: Any) -> dict[str, Any]:
    limits = members.pop("limits", {})
    return {
        "resourceType": "Consent",
        "id": identity,
        "status": "active",
        "scope": {"coding": [{"system": f"{HL7}consentscope", "code": "patient-privacy"}]},
        "patient": {"reference": "Patient/demo-1"},
        "dateTime": "2024-01-01",
        "provision": {"type": kind, "purpose": TREAT, **limits},
        **members,
    }


PERMIT, DENY = make_consent(), make_consent("deny")
UNDECIDABLE = {**PERMIT, "provision": {"purpose": TREAT}}
EXPIRED = make_consent(limits={"period": {"end": "2022-12-31"}})
ONLY_NORMAL = make_consent(limits={"securityLabel": make_label("N")["security"]})

NOT_RESTRICTED = make_consent(limits={"provision": [{"type": "deny", "securityLabel": make_label("R")["security"]}]})


@pytest.fixture(scope="module")
def clients(content: Content) -> dict[str, FlaskClient]:
    """The service with each default for where no consent speaks."""
    settings = {each: dataclasses.replace(SETTINGS, consent=each) for each in ("permit", "deny", "ehr")}
    return {each: create_app(its, content).test_client() for each, its in settings.items()}


def ask(client: FlaskClient, request: Request) -> list[dict[str, Any]]:
    answer = client.post("/cds-services/pgx-order-select", json=request)
    assert answer.status_code == 200
    cards: list[dict[str, Any]] = answer.json["cards"]
    return cards


def kind_of(cards: list[dict[str, Any]]) -> str:
    """What the cards amount to; cards that act rest on a result, the others must not tell of one."""
    if not cards:
        return SILENT
    (card,) = cards
    return KINDS[card["summary"]]


def with_consents(request: Request, *consents: Any, results: Any = None) -> Request:
    given = copy.deepcopy(request)
    given["prefetch"]["consents"] = make_bundle(*consents)
    if results is not None:
        given["prefetch"]["geneResults"] = make_bundle(*results)
    return given


@pytest.mark.parametrize(
    ("consents", "permit", "deny", "ehr"),
    [
        ([PERMIT], ACTING, ACTING, ACTING),
        ([DENY], SILENT, SILENT, SILENT),
        ([UNDECIDABLE], SILENT, SILENT, SILENT),
        ([], ACTING, SILENT, ACTING),
        ([EXPIRED], ACTING, SILENT, ACTING),
        ([{**DENY, "status": "inactive"}], ACTING, SILENT, ACTING),
        ([DENY, make_consent(identity="c2", dateTime="2025-01-01")], ACTING, ACTING, ACTING),
        ([PERMIT, make_consent("deny", "c2", dateTime="2025-01-01")], SILENT, SILENT, SILENT),
    ],
    ids=["permit", "deny", "undecidable", "none on file", "expired", "inactive", "newer permit", "newer deny"],
)
def test_each_consent_with_each_default(
    consents: list[Any], permit: str, deny: str, ehr: str, clients: dict[str, FlaskClient], order_select: Request
) -> None:
    """Permitted results make their card; all others make none, and no proposal to test."""
    request = with_consents(order_select, *consents)
    found = {default: kind_of(ask(client, request)) for default, client in clients.items()}
    assert found == {"permit": permit, "deny": deny, "ehr": ehr}


@pytest.mark.parametrize(("consent", "expected"), [(PERMIT, TESTED), (DENY, SILENT)])
def test_none_on_file_is_told_apart_from_withheld(
    consent: Any, expected: str, order_select: Request, content: Content
) -> None:
    """A test is proposed only where the record may be used and holds nothing."""
    assert kind_of(_answer(order_select, content, consent, results=[])[0]) == expected


@pytest.mark.parametrize(("label", "expected"), [("N", ACTING), ("R", SILENT), (None, SILENT)])
def test_the_label_of_a_result_decides(
    label: str | None, expected: str, clients: dict[str, FlaskClient], order_select: Request
) -> None:
    """Where only normal data are permitted; a result without a label is not taken for normal."""
    result = GENOTYPE if label is None else {**GENOTYPE, "meta": make_label(label)}
    request = with_consents(order_select, ONLY_NORMAL, results=[result])
    assert kind_of(ask(clients["deny"], request)) == expected


def test_a_failed_query_for_consents_withholds(
    clients: dict[str, FlaskClient], order_select: Request, fhir_stub: FhirStub
) -> None:
    """Whatever the default: sent as a failure, failed on the server, or not to be asked at all."""
    failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    sent = copy.deepcopy(order_select)
    sent["prefetch"]["consents"] = failed
    assert [kind_of(ask(client, sent)) for client in clients.values()] == [SILENT] * 3
    assert [kind_of(ask(client, order_select)) for client in clients.values()] == [SILENT, SILENT, ACTING]
    for wrapped in (failed, make_bundle(failed)):
        sent["prefetch"]["consents"] = {"resourceType": "Parameters", "parameter": [{"resource": wrapped}]}
        assert [kind_of(ask(client, sent)) for client in clients.values()] == [SILENT] * 3
    fhir_stub.answers["Consent"] = json_reply(failed, status=500)
    served = {**order_select, "fhirServer": fhir_stub.url}
    assert [kind_of(ask(client, served)) for client in clients.values()] == [SILENT, SILENT, ACTING]
    asked = [path for path in fhir_stub.asked if "Consent" in path]
    assert len(asked) == 2


def test_a_permit_for_the_same_id_on_another_server_opens_nothing(
    clients: dict[str, FlaskClient], order_select: Request
) -> None:
    """The record's server is the request's fhirServer."""
    found = []
    for server in ("https://fhir.example.org/", "https://other.example.org/"):
        user = {"reference": {"reference": f"{server}{order_select['context']['userId']}"}}
        request = with_consents(order_select, make_consent(limits={"actor": [user]}))
        found.append(kind_of(ask(clients["deny"], request | {"fhirServer": "https://fhir.example.org"})))
    assert found == [ACTING, SILENT]


def test_consents_are_advertised_only_where_they_decide(clients: dict[str, FlaskClient]) -> None:
    """A client whose EHR releases only what may be used is not asked for them."""
    found = {}
    for default, client in clients.items():
        services = client.get("/cds-services").json["services"]
        found[default] = [service["prefetch"].get("consents") for service in services]
    query = "Consent?patient={{context.patientId}}"
    assert found == {"permit": [query] * 3, "deny": [query] * 3, "ehr": [None] * 3}


CODEINE = {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "2670", "display": "codeine"}


def _child(request: Request) -> Request:
    """Codeine for a child of ten whose result is on file: a row that rests on no gene."""
    given = copy.deepcopy(request)
    given["prefetch"]["patient"]["birthDate"] = "2019-04-02"
    draft = {**DRAFT, "medicationCodeableConcept": {"coding": [CODEINE]}}
    given["context"]["draftOrders"]["entry"] = [{"resource": draft}]
    return given


def _answer(
    request: Request, content: Content, *consents: Any, results: Any = None, withheld_line: bool = False
) -> tuple[list[dict[str, Any]], Worked]:
    """The cards, and the work, of a client that permits by default."""
    settings = dataclasses.replace(SETTINGS, consent="permit")
    client = dataclasses.replace(make_local_client(settings), withheld_line=withheld_line)
    tenant = build_tenants([client], settings, content)[client.name]
    asked = with_consents(request, *consents, results=results)
    service = tenant.content.services["pgx-order-select"]
    worked = work_out(parse_request(orjson.dumps(asked), service.hook), service, tenant, date(2026, 11, 23))
    return worked.to_json()["cards"], worked


def test_advice_that_rests_on_no_gene_stays_without_a_trace_of_one(order_select: Request, content: Content) -> None:
    """The age limit of codeine is told; gene, guideline on the gene, and gap are not."""
    cards, worked = _answer(_child(order_select), content, DENY)
    text = orjson.dumps(cards).decode().lower()
    assert [card["summary"] for card in cards] == ["Codeine: contraindicated (children below 12 years)"]
    assert [trace for trace in ("cyp2d6", "withheld", "consent", "metabolizer", "cpic") if trace in text] == []
    assert "cyp2d6" not in " ".join(explain(worked.answers)).lower()


def test_nothing_of_a_withheld_result_is_in_answer_explanation_or_log(
    order_select: Request, content: Content, clients: dict[str, FlaskClient], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the result nor that there is one; the decision is kept for the audit, with nothing of the data."""
    cards, worked = _answer(order_select, content, DENY)
    caplog.set_level("DEBUG")
    ask(clients["permit"], with_consents(order_select, DENY))
    logged = " ".join(str(vars(record)) for record in caplog.records)
    told = " ".join([orjson.dumps(cards).decode(), *explain(worked.answers), logged]).lower()
    assert [trace for trace in TRACES if trace in told] == []
    assert explain(worked.answers) == (
        "clopidogrel (MedicationRequest/draft-1): silent, nothing to say that rests on what may be used",
    )
    assert worked.consent is not None
    assert (str(worked.consent.outcome), worked.consent.consents, worked.consent.withheld) == (
        "deny",
        ("Consent/c1",),
        1,
    )


def _presence(identity: str, code: str, answer: str, label: str) -> dict[str, Any]:
    """An answer on one HLA allele: 50956-2 asks for HLA-B*57:01, 57979-7 for HLA-B*15:02."""
    coded = {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}}
    said = {"valueCodeableConcept": {"text": answer}, "meta": make_label(label)}
    return {**{key: GENOTYPE[key] for key in ("resourceType", "status", "subject")}, "id": identity, **coded, **said}


@pytest.mark.parametrize(("label", "expected"), [("R", []), ("N", ["Carbamazepine: avoid (HLA-B *15:02 positive)"])])
def test_an_allele_that_is_withheld_is_not_missing_beside_one_that_is_released(
    label: str, expected: list[str], order_select: Request, content: Content
) -> None:
    """No card, and no test of what is on file."""
    coding = {"system": CODEINE["system"], "code": "2002", "display": "carbamazepine"}
    draft = {**DRAFT, "medicationCodeableConcept": {"coding": [coding]}}
    order_select["context"]["draftOrders"]["entry"] = [{"resource": draft}]
    results = [_presence("a", "50956-2", "Absent", "N"), _presence("b", "57979-7", "Present", label)]
    cards, worked = _answer(order_select, content, NOT_RESTRICTED, results=results)
    assert [card["summary"] for card in cards] == expected
    assert ("hla" in " ".join(explain(worked.answers)).lower()) is bool(expected)


def test_the_neutral_line_names_no_gene_and_only_where_the_site_allows_it(
    order_select: Request, content: Content
) -> None:
    """On its own where there is no card, else on the card that there is."""
    line = "Not everything on file may be used for this check, for reasons of consent."
    (alone,), _ = _answer(order_select, content, DENY, withheld_line=True)
    assert (alone["indicator"], alone["detail"].startswith(line)) == ("info", True)
    assert [trace for trace in ("cyp2c19", "clopidogrel", "gene", "result") if trace in str(alone).lower()] == []
    (child,), _ = _answer(_child(order_select), content, DENY, withheld_line=True)
    assert line in child["detail"]
    (used,), _ = _answer(order_select, content, PERMIT, withheld_line=True)
    assert line not in used["detail"]


def test_a_withheld_result_does_not_silence_a_permitted_one(order_select: Request, content: Content) -> None:
    """The permitted result makes its card, and the card does not speak of another."""
    permitted = {**GENOTYPE, "meta": make_label("N")}
    restricted = {**GENOTYPE, "id": "other", "meta": make_label("R"), "valueCodeableConcept": {"text": "*1/*1"}}
    both, _ = _answer(order_select, content, NOT_RESTRICTED, results=[permitted, restricted])
    alone, _ = _answer(order_select, content, NOT_RESTRICTED, results=[permitted])
    assert [card["detail"] for card in both] == [card["detail"] for card in alone]
