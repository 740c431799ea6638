"""Hook requests whose prefetch is withheld, answered out of a real FHIR server with a real token."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from fhir_stub import FhirStub, Reply
from samples import DRAFT, GENOTYPE, PATIENT

pytestmark = pytest.mark.integration

CARD = ["Clopidogrel: avoid if possible (CYP2C19 Poor Metabolizer)"]
SYNDROME = {
    "resourceType": "Condition",
    "clinicalStatus": {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
    },
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "394659003"}]},
}


@pytest.fixture(scope="module", autouse=True)
def patients(fhir_server: Any) -> None:
    """One patient with few data, one whose answers fill several pages, one without any results."""
    few = {"subject": {"reference": "Patient/demo-1"}}
    many = {"subject": {"reference": "Patient/demo-many"}}
    variants = [
        {
            "resourceType": "Observation",
            "id": f"many-{number:03}",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "69548-6"}]},
            "valueCodeableConcept": {"coding": [{"system": "http://loinc.org", "code": "LA9634-2"}]},
            **many,
        }
        for number in range(45)
    ]
    fhir_server.load(
        PATIENT,
        PATIENT | {"id": "demo-many"},
        PATIENT | {"id": "demo-none"},
        GENOTYPE | few,
        GENOTYPE | {"id": "many-999"} | many,
        SYNDROME | {"id": "few-1"} | few,
        {"resourceType": "Medication", "id": "clopidogrel", "code": DRAFT["medicationCodeableConcept"]},
        *variants,
        *(SYNDROME | {"id": f"many-{number:03}"} | many for number in range(25)),
    )


def ask(fhir: str, token: str | None, patient: str = "demo-1", **members: Any) -> dict[str, Any]:
    """An order-select request for clopidogrel without any prefetch."""
    draft = DRAFT | {"subject": {"reference": f"Patient/{patient}"}}
    request: dict[str, Any] = {
        "hook": "order-select",
        "hookInstance": "6bc883b2-b795-4dcb-b661-34884a31d472",
        "fhirServer": fhir,
        "context": {
            "userId": "Practitioner/demo-9",
            "patientId": patient,
            "selections": ["MedicationRequest/draft-1"],
            "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": draft}]},
        },
    }
    if token is not None:
        authorization = {"access_token": token, "token_type": "Bearer", "expires_in": 300}
        request["fhirAuthorization"] = authorization | {"scope": "system/*.read", "subject": "pgx-cds"}
    return request | members


def call(service_url: str, request: dict[str, Any]) -> requests.Response:
    """The service's answer."""
    return requests.post(f"{service_url}/cds-services/pgx-order-select", json=request, timeout=30)


def summaries(answer: requests.Response) -> list[str]:
    """The summaries of the cards of a successful answer."""
    assert answer.status_code == 200, answer.text
    return [card["summary"] for card in answer.json()["cards"]]


def reasons(answer: requests.Response) -> list[str]:
    """The diagnostics of a refusal."""
    assert answer.status_code == 412, answer.text
    return [issue["diagnostics"].partition(". ")[0] for issue in answer.json()["issue"]]


def test_the_card_comes_from_the_server_when_the_prefetch_is_withheld(service_url: str, fhir_server: Any) -> None:
    """The whole way, with the population found among the conditions: nothing had to be assumed."""
    answer = call(service_url, ask(fhir_server.url, fhir_server.issue_token()))
    assert summaries(answer) == CARD
    findings = answer.json()["cards"][0]["extension"]["org.pgx-cds"]["findings"]
    assert [(each["id"], "assumed" in each) for each in findings] == [
        ("clopidogrel/cpic/poor-acs-pci", False),
        ("clopidogrel/fda/consider-other-poor", False),
        ("clopidogrel/dpwg/poor-other-indication", False),
    ]


def test_every_page_is_read_when_the_answer_has_several(service_url: str, fhir_server: Any) -> None:
    """The server pages by twenty; the genotype is the last of forty-six results."""
    answer = call(service_url, ask(fhir_server.url, fhir_server.issue_token(), "demo-many"))
    assert summaries(answer) == CARD


def test_a_test_is_not_missed_nor_invented_when_nothing_is_on_file(service_url: str, fhir_server: Any) -> None:
    """Every query was answered by an empty Bundle: there is nothing about genes to fetch or to read."""
    answer = call(service_url, ask(fhir_server.url, fhir_server.issue_token(), "demo-none"))
    assert not [text for text in summaries(answer) if "could not be" in text]


def test_only_the_rest_is_read_when_a_part_was_sent(service_url: str, fhir_server: Any) -> None:
    """What was sent counts, though the server knows better; the rest comes from the server."""
    normal = GENOTYPE | {"valueCodeableConcept": {"text": "*1/*1"}}
    prefetch = {"geneResults": {"resourceType": "Bundle", "entry": [{"resource": normal}]}}
    assert summaries(call(service_url, ask(fhir_server.url, fhir_server.issue_token(), prefetch=prefetch))) == []


def test_a_referenced_medicine_is_read_from_the_server(service_url: str, fhir_server: Any) -> None:
    """The draft only points at it."""
    request = ask(fhir_server.url, fhir_server.issue_token())
    draft = request["context"]["draftOrders"]["entry"][0]["resource"]
    del draft["medicationCodeableConcept"]
    draft["medicationReference"] = {"reference": "Medication/clopidogrel"}
    assert summaries(call(service_url, request)) == CARD


@pytest.mark.parametrize("token", [None, "forged"])
def test_the_service_says_so_when_the_server_refuses_the_token(
    service_url: str, fhir_server: Any, token: str | None
) -> None:
    """412, and never an empty answer."""
    assert reasons(call(service_url, ask(fhir_server.url, token))) == [
        "/prefetch/patient: the FHIR server did not accept the token (401)",
        "/prefetch/geneResults: the FHIR server did not accept the token (401)",
    ]


def test_the_service_says_so_when_the_scope_lacks_the_results(service_url: str, fhir_server: Any) -> None:
    """The patient may be read, the results may not."""
    token = fhir_server.issue_token("system/Patient.read")
    assert reasons(call(service_url, ask(fhir_server.url, token))) == [
        "/prefetch/geneResults: the FHIR server does not allow this query (403)"
    ]


def test_a_gap_is_stated_when_the_scope_lacks_less(service_url: str, fhir_server: Any) -> None:
    """Without conditions the card still comes, and assumes what it could not see."""
    token = fhir_server.issue_token("system/Patient.read system/Observation.read system/DiagnosticReport.read")
    answer = call(service_url, ask(fhir_server.url, token))
    assert summaries(answer) == CARD
    assert "conditions could not be checked" in answer.json()["cards"][0]["detail"]


def test_the_service_says_so_when_the_patient_is_not_on_the_server(service_url: str, fhir_server: Any) -> None:
    """The id of the context leads nowhere."""
    answer = call(service_url, ask(fhir_server.url, fhir_server.issue_token(), "demo-nobody"))
    assert reasons(answer) == ["/prefetch/patient: the FHIR server knows no such resource (404)"]


@pytest.fixture
def proxy(fhir_stub: FhirStub, fhir_server: Any) -> FhirStub:
    """A server between the service and the real one, which passes everything on until it is told otherwise."""

    def forward(target: str) -> Reply:
        headers = {"Authorization": fhir_stub.tokens[-1] or ""}
        answer = requests.get(f"{fhir_server.url}/{target}", headers=headers, timeout=10)
        return Reply(answer.status_code, answer.content, {"Content-Type": answer.headers["Content-Type"]})

    kinds = "Patient Observation DiagnosticReport Condition Procedure MedicationRequest MedicationStatement"
    fhir_stub.answers |= dict.fromkeys([*kinds.split(), "AllergyIntolerance"], forward)
    return fhir_stub


def test_the_card_comes_through_a_proxy(service_url: str, proxy: FhirStub, fhir_server: Any) -> None:
    """The good case beside the two that follow."""
    assert summaries(call(service_url, ask(proxy.url, fhir_server.issue_token()))) == CARD
    assert len(proxy.asked) == 10


def test_the_card_comes_without_what_a_slow_server_did_not_send(
    service_url: str, proxy: FhirStub, fhir_server: Any
) -> None:
    """Conditions hang; the rest was there in time."""
    proxy.answers["Condition"] = Reply(hang=True)
    answer = call(service_url, ask(proxy.url, fhir_server.issue_token()))
    assert summaries(answer) == CARD
    assert "conditions could not be checked" in answer.json()["cards"][0]["detail"]


def test_the_service_says_so_when_the_server_fails_on_the_results(
    service_url: str, proxy: FhirStub, fhir_server: Any
) -> None:
    """The one query that everything rests on."""
    proxy.answers["Observation"] = Reply(503)
    assert reasons(call(service_url, ask(proxy.url, fhir_server.issue_token()))) == [
        "/prefetch/geneResults: the FHIR server failed (5xx)"
    ]
