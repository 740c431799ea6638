"""A prefetch key is present, none, failed or not offered; only "none" becomes "none on file"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from fhir_stub import FhirStub, Reply, json_reply
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks.content import Content
from cds_hooks.errors import MissingDataError
from cds_hooks.fhir.bundle import Page, Reason
from cds_hooks.fhir.client import FhirClient, Limits
from cds_hooks.fhir.prefetch import (
    Prefetched,
    State,
    collect_record,
    fill_template,
    is_whole,
    read_prefetch,
    require_medicines,
)
from cds_hooks.fhir.record import Fetched, Record
from cds_hooks.hook_request import parse_request
from cds_hooks.services.service import Service
from knowledge.facts import Answer

Request = dict[str, Any]
Builder = Callable[..., dict[str, Any]]

FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
QUERY = "Condition?patient={{context.patientId}}"
ONE = {"resourceType": "Condition", "id": "1"}


@pytest.fixture
def service(content: Content) -> Service:
    """The service that the requests are for."""
    return content.services["pgx-order-select"]


def collect(request: Request, service: Service, stub: FhirStub | None = None) -> Record:
    """The record of a request, its FHIR server being the stub."""
    sent = request | ({"fhirServer": stub.url} if stub else {})
    client = FhirClient(Limits(private=True, timeout=0.2, budget=0.6, pages=3))
    return collect_record(parse_request(orjson.dumps(sent), "order-select"), service, client)


def missing(request: Request, service: Service, stub: FhirStub | None = None) -> list[tuple[str, str]]:
    """(place, what) of the data that a request lacks."""
    with pytest.raises(MissingDataError) as caught:
        collect(request, service, stub)
    return [(fault.where, fault.what) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("prefetch", "expected"),
    [
        ({}, Prefetched(State.NOT_OFFERED)),
        ({"key": None}, Prefetched(State.NONE)),
        ({"key": {"resourceType": "Bundle", "total": 0}}, Prefetched(State.NONE)),
        ({"key": {"resourceType": "Bundle", "entry": [{"resource": ONE}]}}, Prefetched(State.PRESENT, Page((ONE,)))),
        ({"key": ONE}, Prefetched(State.PRESENT, Page((ONE,)))),
        ({"key": FAILED}, Prefetched(State.FAILED, Page(reason=Reason.OUTCOME))),
        (
            {"key": {"resourceType": "Bundle", "entry": [{"resource": FAILED}]}},
            Prefetched(State.FAILED, Page(reason=Reason.OUTCOME)),
        ),
        ({"key": {"resourceType": "Patient"}}, Prefetched(State.FAILED, Page(reason=Reason.NOT_FHIR))),
        ({"key": {}}, Prefetched(State.FAILED, Page(reason=Reason.NOT_FHIR))),
    ],
    ids=[
        "not offered",
        "null",
        "empty",
        "present",
        "single",
        "OperationOutcome",
        "as entry",
        "another type",
        "no type",
    ],
)
def test_a_key_is_in_one_of_four_states(prefetch: dict[str, Any], expected: Prefetched) -> None:
    """Absent, none, failed and present are never taken for one another."""
    assert read_prefetch(prefetch, "key", QUERY) == expected


def test_a_template_is_filled_and_encoded() -> None:
    """The patient's id stands where the token stood; what a query may not hold is percent-encoded."""
    template = "Observation?patient={{context.patientId}}&code=http://loinc.org|84413-4,http://loinc.org|1&_sort=-date"
    assert fill_template(template, "a+b=c") == (
        "Observation?patient=a%2Bb%3Dc&code=http://loinc.org|84413-4,http://loinc.org|1&_sort=-date"
    )
    assert fill_template("Patient/{{context.patientId}}", "demo-1") == "Patient/demo-1"


def test_nothing_is_fetched_when_everything_was_sent(
    order_select: Request, service: Service, fhir_stub: FhirStub
) -> None:
    """The whole record comes out of the prefetch."""
    sent = order_select["prefetch"]
    nothing = Fetched(Answer.NONE_ON_FILE)
    draft = order_select["context"]["draftOrders"]["entry"][0]["resource"]
    assert collect(order_select, service, fhir_stub) == Record(
        patient_id="demo-1",
        release="R4",
        patient=Fetched(Answer.READ, (sent["patient"],)),
        gene_results=Fetched(Answer.READ, (sent["geneResults"]["entry"][0]["resource"],)),
        conditions=nothing,
        medications=nothing,
        allergies=nothing,
        weight=nothing,
        measures=nothing,
        drafts=(draft,),
        selections=("MedicationRequest/draft-1",),
        referenced={},
    )
    assert fhir_stub.asked == []


def test_only_what_is_missing_is_fetched(
    order_select: Request, service: Service, fhir_stub: FhirStub, bundle: Builder
) -> None:
    """A key that was sent, and one that failed, are not asked for again."""
    del order_select["prefetch"]["conditions"], order_select["prefetch"]["patient"]
    order_select["prefetch"]["allergies"] = FAILED
    fhir_stub.answers |= {
        "Condition": json_reply(bundle(ONE)),
        "Patient": json_reply({"resourceType": "Patient", "id": "demo-1"}),
    }
    record = collect(order_select, service, fhir_stub)
    assert sorted(fhir_stub.asked) == ["Condition?patient=demo-1", "Patient/demo-1"]
    assert record.patient == Fetched(Answer.READ, ({"resourceType": "Patient", "id": "demo-1"},))
    assert record.conditions == Fetched(Answer.READ, (ONE,))
    assert record.allergies == Fetched(Answer.NOT_FETCHED, (), str(Reason.OUTCOME))


def test_everything_is_fetched_when_nothing_was_sent(
    order_select: Request, service: Service, fhir_stub: FhirStub, bundle: Builder
) -> None:
    """One query for each key of discovery."""
    sent = order_select.pop("prefetch")
    fhir_stub.answers |= {"Patient": json_reply(sent["patient"]), "Observation": json_reply(sent["geneResults"])}
    record = collect(order_select, service, fhir_stub)
    assert sorted(fhir_stub.asked) == sorted(
        fill_template(template, "demo-1") for template in service.prefetch.values()
    )
    assert record.gene_results == Fetched(Answer.READ, (sent["geneResults"]["entry"][0]["resource"],))
    assert record.conditions == Fetched(Answer.NONE_ON_FILE)


@pytest.mark.parametrize("key", ["patient", "geneResults"])
def test_what_is_needed_is_asked_for_when_it_cannot_be_had(order_select: Request, service: Service, key: str) -> None:
    """Without the patient or the gene results nothing may be said."""
    del order_select["prefetch"][key]
    assert missing(order_select, service) == [(f"/prefetch/{key}", str(Reason.NOT_OFFERED))]


def test_what_is_needed_is_asked_for_when_its_query_failed(order_select: Request, service: Service) -> None:
    """An OperationOutcome is no empty result."""
    order_select["prefetch"]["geneResults"] = FAILED
    assert missing(order_select, service) == [("/prefetch/geneResults", str(Reason.OUTCOME))]


@pytest.mark.parametrize("patient", [None, {"resourceType": "Bundle", "total": 0}])
def test_a_patient_who_is_not_there_is_missing(order_select: Request, service: Service, patient: object) -> None:
    """The EHR asked about somebody whom it does not know."""
    order_select["prefetch"]["patient"] = patient
    assert missing(order_select, service) == [("/prefetch/patient", "the patient of the context is not there")]


def test_a_patient_from_the_server_who_is_another_is_missing(
    order_select: Request, service: Service, fhir_stub: FhirStub
) -> None:
    """Records may have been merged: nothing is said about whoever came instead."""
    del order_select["prefetch"]["patient"]
    fhir_stub.answers["Patient"] = json_reply({"resourceType": "Patient", "id": "demo-2"})
    assert missing(order_select, service, fhir_stub) == [
        ("/prefetch/patient", "the patient of the context is not there")
    ]


def test_both_are_named_when_the_server_refuses_everything(
    order_select: Request, service: Service, fhir_stub: FhirStub
) -> None:
    """All that is missing is told at once."""
    del order_select["prefetch"]
    fhir_stub.answers |= dict.fromkeys(["Patient", "Observation"], Reply(401))
    assert missing(order_select, service, fhir_stub) == [
        ("/prefetch/patient", str(Reason.UNAUTHORISED)),
        ("/prefetch/geneResults", str(Reason.UNAUTHORISED)),
    ]


def test_a_gap_remains_when_less_needed_data_fail(order_select: Request, service: Service, fhir_stub: FhirStub) -> None:
    """The answer goes on without them, and knows that it does."""
    for key in ("conditions", "procedures", "medicationRequests", "weight", "geneReports"):
        del order_select["prefetch"][key]
    fhir_stub.answers |= {
        "Condition": Reply(403),
        "MedicationRequest": Reply(hang=True),
        "Observation": Reply(500),
        "DiagnosticReport": Reply(404),
    }
    record = collect(order_select, service, fhir_stub)
    assert record.conditions == Fetched(Answer.NOT_FETCHED, (), str(Reason.FORBIDDEN))
    assert record.medications == Fetched(Answer.NOT_FETCHED, (), str(Reason.TIMEOUT))
    assert record.weight == Fetched(Answer.NOT_FETCHED, (), str(Reason.SERVER_ERROR))
    found = tuple(entry["resource"] for entry in order_select["prefetch"]["geneResults"]["entry"])
    assert record.gene_results == Fetched(Answer.NOT_FETCHED, found, str(Reason.NOT_FOUND))


def test_measures_that_cannot_be_had_are_a_gap_and_no_refusal(order_select: Request, service: Service) -> None:
    """Height, smoking and the INR goal are asked for, and nobody has to have them."""
    del order_select["prefetch"]["measures"]
    assert collect(order_select, service).measures == Fetched(Answer.NOT_FETCHED, (), str(Reason.NOT_OFFERED))
    order_select["prefetch"]["measures"] = FAILED
    assert collect(order_select, service).measures == Fetched(Answer.NOT_FETCHED, (), str(Reason.OUTCOME))


def test_withheld_results_stay_withheld(order_select: Request, service: Service) -> None:
    """What the EHR suppresses for privacy is neither "none" nor "failed"."""
    suppressed = {"severity": "information", "code": "suppressed"}
    entry = [{"resource": {"resourceType": "OperationOutcome", "issue": [suppressed]}}]
    order_select["prefetch"]["geneResults"] = {"resourceType": "Bundle", "entry": entry}
    assert collect(order_select, service).gene_results == Fetched(Answer.WITHHELD, (), str(Reason.SUPPRESSED))


def test_a_failure_inside_parameters_leaves_a_gap(order_select: Request, service: Service, bundle: Builder) -> None:
    """It is no "none on file": a test would be proposed that may have been done."""
    for failed in (FAILED, bundle(FAILED)):
        sent = {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": failed}]}
        order_select["prefetch"]["geneResults"] = sent
        found = collect(order_select, service).gene_results
        assert found == Fetched(Answer.NOT_FETCHED, (sent,), str(Reason.INCOMPLETE))


def test_further_pages_of_a_prefetch_are_read_from_the_server(
    order_select: Request, service: Service, fhir_stub: FhirStub, bundle: Builder
) -> None:
    """CDS Hooks 2.0 lets a client send the first page only."""
    two = {"resourceType": "Condition", "id": "2"}
    link = [{"relation": "next", "url": f"{fhir_stub.url}/Condition?page=2"}]
    order_select["prefetch"]["conditions"] = bundle(ONE, total=2, link=link)
    fhir_stub.answers["Condition"] = json_reply(bundle(two))
    assert collect(order_select, service, fhir_stub).conditions == Fetched(Answer.READ, (ONE, two))
    assert fhir_stub.asked == ["Condition?page=2"]


def test_the_first_page_is_a_part_when_no_server_has_the_rest(
    order_select: Request, service: Service, bundle: Builder
) -> None:
    """It is kept, and not taken for the whole."""
    order_select["prefetch"]["conditions"] = bundle(ONE, total=2, link=[{"relation": "next", "url": "x"}])
    assert collect(order_select, service).conditions == Fetched(Answer.NOT_FETCHED, (ONE,), str(Reason.MORE_PAGES))


def test_the_newest_weight_is_enough_when_there_are_more(
    order_select: Request, service: Service, bundle: Builder
) -> None:
    """The query asks for one: its next page is nobody's business."""
    weight = {"resourceType": "Observation", "id": "w"}
    order_select["prefetch"]["weight"] = bundle(weight, total=9, link=[{"relation": "next", "url": "x"}])
    assert collect(order_select, service).weight == Fetched(Answer.READ, (weight,))


def test_a_failed_query_for_the_newest_weight_is_no_weight(
    order_select: Request, service: Service, bundle: Builder
) -> None:
    """A wrapper with a failure in it is not the one resource that was asked for."""
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": FAILED}]}
    for sent in (parameters, bundle(bundle(FAILED))):
        order_select["prefetch"]["weight"] = sent
        weight = collect(order_select, service).weight
        assert (weight.answer, weight.reason) == (Answer.NOT_FETCHED, str(Reason.INCOMPLETE))


def test_results_that_a_report_refers_to_are_read(
    order_select: Request, service: Service, fhir_stub: FhirStub, bundle: Builder
) -> None:
    """Under a laboratory's own code they were found by no search; what is there already is not read again."""
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "result": [{"reference": "Observation/own-code"}, {"reference": "Observation/cyp2c19"}, {"reference": "#c"}],
    }
    own = {"resourceType": "Observation", "id": "own-code"}
    order_select["prefetch"]["geneReports"] = bundle(report)
    fhir_stub.answers["Observation"] = json_reply(bundle(own))
    record = collect(order_select, service, fhir_stub)
    genotype = order_select["prefetch"]["geneResults"]["entry"][0]["resource"]
    assert record.gene_results == Fetched(Answer.READ, (genotype, report, own))
    assert fhir_stub.asked == ["Observation?patient=demo-1&_id=own-code"]


def test_a_reported_result_that_cannot_be_read_leaves_a_gap(
    order_select: Request, service: Service, bundle: Builder
) -> None:
    """A report on file whose results did not come is not "none on file"."""
    report = {"resourceType": "DiagnosticReport", "id": "r", "result": [{"reference": "Observation/own-code"}]}
    order_select["prefetch"] |= {"geneReports": bundle(report), "geneResults": None}
    assert collect(order_select, service).gene_results == Fetched(
        Answer.NOT_FETCHED, (report,), str(Reason.NOT_OFFERED)
    )


def refer(request: Request, reference: dict[str, str], member: str = "medicationReference") -> None:
    """Let the draft name its medicine by reference only."""
    draft = request["context"]["draftOrders"]["entry"][0]["resource"]
    del draft["medicationCodeableConcept"]
    draft[member] = reference if member == "medicationReference" else {"reference": reference}


@pytest.mark.parametrize("member", ["medicationReference", "medication"])
def test_a_drafted_medicine_is_read_when_the_draft_only_refers_to_it(
    order_select: Request, service: Service, fhir_stub: FhirStub, member: str
) -> None:
    """In the shape of R4 and of R5."""
    medication = {"resourceType": "Medication", "id": "m"}
    refer(order_select, {"reference": "Medication/m"}, member)
    fhir_stub.answers["Medication"] = json_reply(medication)
    record = collect(order_select, service, fhir_stub)
    assert (record.referenced, fhir_stub.asked) == ({"Medication/m": medication}, ["Medication/m"])
    assert record.release == ("R4" if member == "medicationReference" else "R5")


def test_a_drafted_medicine_is_not_read_when_it_came_along(
    order_select: Request, service: Service, fhir_stub: FhirStub
) -> None:
    """Epic sends it as an entry of draftOrders."""
    refer(order_select, {"reference": "Medication/m"})
    order_select["context"]["draftOrders"]["entry"].append({"resource": {"resourceType": "Medication", "id": "m"}})
    assert (collect(order_select, service, fhir_stub).referenced, fhir_stub.asked) == ({}, [])


def unread(reason: Reason) -> dict[str, Any]:
    """What stands for a medicine that did not come."""
    issue = {"severity": "error", "code": "incomplete", "diagnostics": str(reason)}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def test_a_drafted_medicine_that_cannot_be_read_is_kept_as_a_failure(
    order_select: Request, service: Service, fhir_stub: FhirStub
) -> None:
    """Whether it is missed depends on what else names it."""
    refer(order_select, {"reference": "Medication/m"})
    fhir_stub.answers["Medication"] = Reply(404)
    assert collect(order_select, service, fhir_stub).referenced == {"Medication/m": unread(Reason.NOT_FOUND)}
    assert collect(order_select, service).referenced == {"Medication/m": unread(Reason.NOT_OFFERED)}


def test_an_unknown_medicine_is_missing_when_its_resource_could_not_be_read(
    order_select: Request, service: Service, content: Content
) -> None:
    """An order whose medicine nobody knows would be passed over in silence; one known by its display is not missed."""
    refer(order_select, {"reference": "Medication/m", "display": "some name"})
    with pytest.raises(MissingDataError) as caught:
        require_medicines(collect(order_select, service), content.names)
    what = f"a draft's medicine is a reference that could not be read: {Reason.NOT_OFFERED}"
    assert [(fault.where, fault.what) for fault in caught.value.faults] == [("/context/draftOrders", what)]
    draft = order_select["context"]["draftOrders"]["entry"][0]["resource"]
    draft["medicationReference"]["display"] = "Clopidogrel"
    require_medicines(collect(order_select, service), content.names)


def test_a_request_is_whole_only_when_every_key_came(order_select: Request, service: Service) -> None:
    """Null is an answer, an OperationOutcome is none."""
    assert is_whole(parse_request(orjson.dumps(order_select), "order-select"), service)
    order_select["prefetch"]["weight"] = FAILED
    assert not is_whole(parse_request(orjson.dumps(order_select), "order-select"), service)
    del order_select["prefetch"]["weight"]
    assert not is_whole(parse_request(orjson.dumps(order_select), "order-select"), service)


values = st.sampled_from(
    [
        ("none", None),
        ("none", {"resourceType": "Bundle"}),
        ("none", {"resourceType": "Bundle", "total": 0, "entry": []}),
        ("present", {"resourceType": "Bundle", "entry": [{"resource": ONE}]}),
        ("failed", FAILED),
        ("failed", {"resourceType": "Bundle", "entry": [{"resource": FAILED}]}),
        ("failed", {"resourceType": "Bundle", "total": 3}),
        ("failed", {"error": 1}),
        ("not offered", ...),
    ]
)


@given(conditions=values, procedures=values)
def test_a_topic_is_none_on_file_only_when_all_its_keys_are_none(
    conditions: tuple[str, object], procedures: tuple[str, object]
) -> None:
    """Whatever the two keys hold: one failure is enough to know that something may be missing."""
    service = Service("s", "order-select", "", "", {"conditions": QUERY, "procedures": QUERY} | _REST)
    sent = {"conditions": conditions[1], "procedures": procedures[1]}
    prefetch = {key: value for key, value in sent.items() if value is not ...}
    request = _WHOLE | {"prefetch": prefetch | dict.fromkeys(_REST) | {"patient": _PATIENT}}
    answer = collect(request, service).conditions.answer
    states = {conditions[0], procedures[0]}
    if states == {"none"}:
        assert answer is Answer.NONE_ON_FILE
    elif states <= {"none", "present"}:
        assert answer is Answer.READ
    else:
        assert answer is Answer.NOT_FETCHED


_PATIENT = {"resourceType": "Patient", "id": "demo-1"}
_REST = {
    "patient": "Patient/{{context.patientId}}",
    **dict.fromkeys(
        ["geneResults", "geneReports", "medicationRequests", "medicationStatements", "allergies", "weight", "measures"],
        "Observation?patient={{context.patientId}}",
    ),
}
_WHOLE = {
    "hook": "order-select",
    "hookInstance": "6bc883b2-b795-4dcb-b661-34884a31d472",
    "context": {
        "userId": "Practitioner/demo-9",
        "patientId": "demo-1",
        "draftOrders": {"resourceType": "Bundle", "entry": []},
    },
}
