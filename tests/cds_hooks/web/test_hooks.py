"""The service over HTTP: what an EHR sees, for good and for bad requests."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import orjson
import pytest
from fhir_stub import FhirStub, Reply, json_reply
from flask.testing import FlaskClient
from samples import SETTINGS

from app import create_app
from cds_hooks.content import Content
from cds_hooks.settings import Settings

Request = dict[str, Any]
Builder = Callable[..., dict[str, Any]]
URL = "/cds-services/pgx-order-select"


def diagnostics(answer: Any) -> list[str]:
    """The diagnostics of an OperationOutcome's issues."""
    assert answer.content_type == "application/fhir+json"
    assert answer.json["resourceType"] == "OperationOutcome"
    assert all(issue["severity"] == "error" for issue in answer.json["issue"])
    return [issue["diagnostics"] for issue in answer.json["issue"]]


def summaries(answer: Any) -> list[str]:
    """The summaries of the cards of a successful answer."""
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert set(answer.json) == {"cards"}
    return [card["summary"] for card in answer.json["cards"]]


def draft_of(request: Request) -> dict[str, Any]:
    """The one draft of a request."""
    draft: dict[str, Any] = request["context"]["draftOrders"]["entry"][0]["resource"]
    return draft


def test_discovery_lists_the_three_services(client: FlaskClient) -> None:
    """Id, hook and version of each; all ask for the same data, by the tokens and searches of CDS Hooks 2.0."""
    answer = client.get("/cds-services")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    services = answer.json["services"]
    assert [(each["id"], each["hook"], each["version"]) for each in services] == [
        ("pgx-order-select", "order-select", "2.0.1"),
        ("pgx-order-sign", "order-sign", "2.0.1"),
        ("pgx-patient-view", "patient-view", "2.0.1"),
    ]
    assert all(each["title"] and each["description"] for each in services)
    assert services[0]["prefetch"] == services[1]["prefetch"] == services[2]["prefetch"]
    assert [(key, template.partition("&code=")[0]) for key, template in services[0]["prefetch"].items()] == [
        ("patient", "Patient/{{context.patientId}}"),
        ("geneResults", "Observation?patient={{context.patientId}}"),
        (
            "geneReports",
            "DiagnosticReport?patient={{context.patientId}}&category=http://terminology.hl7.org/CodeSystem/v2-0074|GE",
        ),
        ("conditions", "Condition?patient={{context.patientId}}"),
        ("procedures", "Procedure?patient={{context.patientId}}"),
        ("medicationRequests", "MedicationRequest?patient={{context.patientId}}&status=active,on-hold"),
        ("medicationStatements", "MedicationStatement?patient={{context.patientId}}"),
        ("allergies", "AllergyIntolerance?patient={{context.patientId}}"),
        ("weight", "Observation?patient={{context.patientId}}"),
        ("measures", "Observation?patient={{context.patientId}}"),
    ]


def test_discovery_is_found_with_a_slash_at_its_end(client: FlaskClient) -> None:
    """The sandbox takes the address as it was typed."""
    assert client.get("/cds-services/").json == client.get("/cds-services").json


def test_health_tells_version_and_content(client: FlaskClient, content: Content) -> None:
    """What runs, on which content, and whether records can be stored."""
    answer = client.get("/health")
    assert answer.status_code == 200
    health = answer.json
    assert health.pop("version")
    assert health == {
        "status": "ok",
        "cdsHooks": "2.0.1",
        "content": {
            "version": content.library.version,
            "digest": content.library.digest,
            "genes": len(content.library.genes),
            "drugs": len(content.library.drugs),
        },
        "database": "ok",
    }


def test_head_and_options_are_answered(client: FlaskClient) -> None:
    """Monitors and proxies use them."""
    assert (client.head("/health").status_code, client.head("/health").data) == (200, b"")
    assert set(client.options(URL).headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_a_card_comes_back_when_the_genes_forbid_the_drug(client: FlaskClient, order_select: Request) -> None:
    """The whole way: request, record, genes, guideline, card."""
    assert summaries(client.post(URL, json=order_select)) == [
        "Clopidogrel: avoid if possible (CYP2C19 Poor Metabolizer)"
    ]


def test_no_card_comes_back_when_the_genes_allow_the_drug(client: FlaskClient, order_select: Request) -> None:
    """The same order, a normal metaboliser."""
    result = order_select["prefetch"]["geneResults"]["entry"][0]["resource"]
    result["valueCodeableConcept"]["text"] = "*1/*1"
    assert summaries(client.post(URL, json=order_select)) == []


@pytest.mark.parametrize(
    "media",
    ["application/json", "application/json; charset=utf-8", "application/fhir+json", "application/json+fhir", None],
)
def test_json_is_read_under_each_of_its_names(client: FlaskClient, order_select: Request, media: str | None) -> None:
    """What is JSON is read as JSON."""
    answer = client.post(URL, data=orjson.dumps(order_select), content_type=media)
    assert len(summaries(answer)) == 1


@pytest.mark.parametrize(
    ("headers", "what"),
    [
        ({"Content-Type": "text/plain"}, "the body's media type is not JSON. Send Content-Type: application/json."),
        (
            {"Content-Type": "application/xml"},
            "the body's media type is not JSON. Send Content-Type: application/json.",
        ),
        (
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            "the body is encoded. Send it without Content-Encoding.",
        ),
    ],
)
def test_another_media_type_is_refused(
    client: FlaskClient, order_select: Request, headers: dict[str, str], what: str
) -> None:
    """415 says what to send."""
    answer = client.post(URL, data=orjson.dumps(order_select), headers=headers)
    assert (answer.status_code, diagnostics(answer)) == (415, [what])


@pytest.mark.parametrize(
    ("method", "path", "status", "what"),
    [
        ("GET", "/nowhere", 404, "404 Not Found. Discovery is at /cds-services."),
        (
            "POST",
            "/cds-services/no-such-service",
            404,
            "no service has this id. Known are pgx-order-select, pgx-order-sign, pgx-patient-view.",
        ),
        (
            "POST",
            "/cds-services/no-such-service/feedback",
            404,
            "no service has this id. Known are pgx-order-select, pgx-order-sign, pgx-patient-view.",
        ),
        (
            "GET",
            URL,
            405,
            "405 Method Not Allowed. Discovery and health are read by GET, services and feedback are called by POST.",
        ),
    ],
)
def test_a_wrong_address_is_answered_by_an_outcome(
    client: FlaskClient, method: str, path: str, status: int, what: str
) -> None:
    """Even where no service is concerned."""
    answer = client.open(path, method=method)
    assert (answer.status_code, diagnostics(answer)) == (status, [what])


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(content: Content, order_select: Request, chunked: bool) -> None:
    """413, by whatever the site set as its limit; also where the length is not said beforehand."""
    small = create_app(Settings(database="sqlite://", body_limit=500), content).test_client()
    body = orjson.dumps(order_select)
    sent = (
        {"input_stream": BytesIO(body), "environ_overrides": {"wsgi.input_terminated": True}}
        if chunked
        else {"data": body}
    )
    answer = small.post(URL, content_type="application/json", **sent)
    what = "413 Request Entity Too Large. Send less prefetch, or raise PGX_CDS_BODY_LIMIT."
    assert (answer.status_code, diagnostics(answer)) == (413, [what])


def test_malformed_json_is_refused(client: FlaskClient) -> None:
    """The place, and nothing of what stands there."""
    answer = client.post(URL, data=b'{"hook": "order-select"', content_type="application/json")
    what = "the body is not JSON: unexpected end of data, at line 1, column 24."
    assert (answer.status_code, diagnostics(answer)) == (400, [what])


@pytest.mark.parametrize("number", [b"NaN", b"1e400", b"9" * 1_000_000], ids=["NaN", "1e400", "a million digits"])
def test_a_number_that_is_none_is_refused(client: FlaskClient, order_select: Request, number: bytes) -> None:
    """JSON has no such numbers, and nothing is computed with them."""
    body = orjson.dumps(order_select | {"vendor": "NUMBER"}).replace(b'"NUMBER"', number)
    answer = client.post(URL, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert diagnostics(answer)[0].startswith("the body is not JSON: ")


def test_deep_nesting_is_refused(client: FlaskClient) -> None:
    """Before anything could overflow."""
    answer = client.post(URL, data=b'{"a":' * 50_000, content_type="application/json")
    assert (answer.status_code, len(diagnostics(answer))) == (400, 1)


def test_deep_nesting_in_a_result_does_not_break_the_answer(client: FlaskClient, order_select: Request) -> None:
    """As deep as JSON is read at all: the result is read or stated as a gap, or the request is refused."""
    deep = b'{"extension":[' * 400 + b"{}" + b"]}" * 400
    body = orjson.dumps(order_select).replace(b'"status":"final"', b'"status":"final","extension":[' + deep + b"]")
    answer = client.post(URL, data=body, content_type="application/json")
    assert len(summaries(answer)) == 1


def test_the_wrong_hook_is_refused(client: FlaskClient, order_select: Request) -> None:
    """Each service has one hook."""
    answer = client.post("/cds-services/pgx-order-sign", json=order_select)
    what = '/hook: must be "order-sign", the hook of this service.'
    assert (answer.status_code, diagnostics(answer)) == (400, [what])


def test_a_missing_context_is_refused(client: FlaskClient, order_select: Request) -> None:
    """By its place."""
    del order_select["context"]
    answer = client.post(URL, json=order_select)
    assert (answer.status_code, diagnostics(answer)) == (400, ["/context: is missing."])


def test_another_patient_in_the_data_is_refused(client: FlaskClient, order_select: Request) -> None:
    """Every place that names another patient."""
    order_select["prefetch"]["patient"]["id"] = "demo-2"
    draft_of(order_select)["subject"] = {"reference": "Patient/demo-3"}
    answer = client.post(URL, json=order_select)
    mend = "is of another patient than /context/patientId. context.patientId and the data must be of one patient."
    assert (answer.status_code, diagnostics(answer)) == (
        400,
        [f"/prefetch/patient/id: {mend}", f"/context/draftOrders/entry/0/resource/subject: {mend}"],
    )
    assert b"demo-" not in answer.data


def test_a_prefetched_result_of_another_patient_is_refused(client: FlaskClient, order_select: Request) -> None:
    """Whoever put it there has mixed up two patients."""
    order_select["prefetch"]["geneResults"]["entry"][0]["resource"]["subject"] = {"reference": "Patient/demo-2"}
    answer = client.post(URL, json=order_select)
    place = "/prefetch/geneResults/entry/0/resource/subject"
    assert answer.status_code == 400
    assert [text.partition(":")[0] for text in diagnostics(answer)] == [place]


def test_a_fetched_result_of_another_patient_is_not_used(
    client: FlaskClient, order_select: Request, fhir_stub: FhirStub
) -> None:
    """A server that answers with somebody else's result has told nothing about this patient, not that there is none."""
    results = order_select["prefetch"].pop("geneResults")
    results["entry"][0]["resource"]["subject"] = {"reference": "Patient/demo-2"}
    fhir_stub.answers["Observation"] = json_reply(results)
    answer = client.post(URL, json=order_select | {"fhirServer": fhir_stub.url})
    assert summaries(answer) == ["Clopidogrel: CYP2C19 results could not be fetched"]


def test_a_failed_prefetch_is_no_empty_one(client: FlaskClient, order_select: Request) -> None:
    """412: what is needed could not be had."""
    order_select["prefetch"]["geneResults"] = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "exception", "diagnostics": "Patient/demo-1 timed out"}],
    }
    answer = client.post(URL, json=order_select)
    assert (answer.status_code, diagnostics(answer)) == (
        412,
        [
            "/prefetch/geneResults: the query failed (OperationOutcome). Send it in the prefetch, or fhirServer and "
            "fhirAuthorization with a scope that allows the query."
        ],
    )


def test_a_withheld_prefetch_is_asked_for_when_there_is_no_server(client: FlaskClient, order_select: Request) -> None:
    """412 names every key that is needed."""
    del order_select["prefetch"]
    answer = client.post(URL, json=order_select)
    assert answer.status_code == 412
    assert [text.partition(":")[0] for text in diagnostics(answer)] == ["/prefetch/patient", "/prefetch/geneResults"]


@pytest.mark.parametrize("kind", ["ServiceRequest", "NutritionOrder", "DeviceRequest"])
def test_a_draft_that_is_no_drug_gets_no_card_and_fetches_nothing(
    client: FlaskClient, order_select: Request, fhir_stub: FhirStub, kind: str
) -> None:
    """There is nothing to say, so nothing of the record is asked for."""
    order_select["context"]["draftOrders"]["entry"] = [{"resource": {"resourceType": kind, "id": "x", "code": {}}}]
    order_select["context"]["selections"] = [f"{kind}/x"]
    del order_select["prefetch"]
    answer = client.post(URL, json=order_select | {"fhirServer": fhir_stub.url})
    assert (summaries(answer), fhir_stub.asked) == ([], [])


def test_a_drug_that_nobody_knows_gets_no_card_and_fetches_nothing(
    content: Content, order_select: Request, fhir_stub: FhirStub, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not guessed at; the log counts it."""
    draft_of(order_select)["medicationCodeableConcept"] = {"text": "Unobtainium 5 mg"}
    del order_select["prefetch"]
    client = create_app(SETTINGS, content).test_client()
    answer = client.post(URL, json=order_select | {"fhirServer": fhir_stub.url})
    assert (summaries(answer), fhir_stub.asked) == ([], [])
    assert orjson.loads(capsys.readouterr().err.splitlines()[-1])["unknown_drugs"] == 1


def test_a_draft_without_a_medicine_gets_no_card(client: FlaskClient, order_select: Request) -> None:
    """The sandbox sends one before anything was chosen."""
    del draft_of(order_select)["medicationCodeableConcept"], draft_of(order_select)["intent"]
    assert summaries(client.post(URL, json=order_select)) == []


def test_a_medicine_that_is_only_referred_to_is_asked_for(client: FlaskClient, order_select: Request) -> None:
    """Unless its name is known, or the resource came along: 412, not an empty answer."""
    draft = draft_of(order_select)
    medication = {"resourceType": "Medication", "id": "m", "code": draft.pop("medicationCodeableConcept")}
    draft["medicationReference"] = {"reference": "Medication/m"}
    answer = client.post(URL, json=order_select)
    what = "/context/draftOrders: a draft's medicine is a reference that could not be read"
    assert answer.status_code == 412
    assert [text.startswith(what) for text in diagnostics(answer)] == [True]
    draft["medicationReference"]["display"] = "Clopidogrel"
    assert len(summaries(client.post(URL, json=order_select))) == 1
    del draft["medicationReference"]["display"]
    order_select["context"]["draftOrders"]["entry"].append({"resource": medication})
    assert len(summaries(client.post(URL, json=order_select))) == 1


def test_no_draft_gets_no_card_even_when_a_medicine_in_use_needs_one(
    client: FlaskClient, order_select: Request, bundle: Builder
) -> None:
    """Medicines in use are patient-view's affair."""
    active = draft_of(order_select) | {"status": "active", "id": "active-1"}
    order_select["prefetch"]["medicationRequests"] = bundle(active)
    order_select["context"] |= {"draftOrders": {"resourceType": "Bundle"}, "selections": []}
    assert summaries(client.post(URL, json=order_select)) == []


def test_a_genotype_that_nobody_can_read_gets_a_card_that_says_so(client: FlaskClient, order_select: Request) -> None:
    """It is neither normal nor absent."""
    result = order_select["prefetch"]["geneResults"]["entry"][0]["resource"]
    result["valueCodeableConcept"]["text"] = "see attached"
    assert summaries(client.post(URL, json=order_select)) == [
        "Clopidogrel: the CYP2C19 result on file could not be read"
    ]


def test_ten_thousand_observations_are_read(client: FlaskClient, order_select: Request, bundle: Builder) -> None:
    """The one that matters is found among them."""
    result = order_select["prefetch"]["geneResults"]["entry"][0]["resource"]
    other = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "1-8"}]},
    }
    many = [other | {"id": f"o{number}"} for number in range(10_000)]
    order_select["prefetch"]["geneResults"] = bundle(*many, result)
    assert summaries(client.post(URL, json=order_select)) == [
        "Clopidogrel: avoid if possible (CYP2C19 Poor Metabolizer)"
    ]


def test_what_was_withheld_is_fetched_with_the_token(
    client: FlaskClient, order_select: Request, fhir_stub: FhirStub
) -> None:
    """The same card as from the prefetch."""
    sent = order_select.pop("prefetch")
    order_select |= {
        "fhirServer": fhir_stub.url,
        "fhirAuthorization": {
            "access_token": "t0p-s3cret",
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "patient/*.read",
            "subject": "pgx-cds",
        },
    }
    fhir_stub.answers |= {"Patient": json_reply(sent["patient"]), "Observation": json_reply(sent["geneResults"])}
    assert summaries(client.post(URL, json=order_select)) == [
        "Clopidogrel: avoid if possible (CYP2C19 Poor Metabolizer)"
    ]
    assert set(fhir_stub.tokens) == {"Bearer t0p-s3cret"}


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(200, b"<html>sign in</html>"), "the FHIR server's answer was not JSON"),
        (Reply(302, headers={"Location": "https://example.org"}), "the FHIR server redirected the query"),
        (Reply(401), "the FHIR server did not accept the token (401)"),
        (Reply(200, b'{"resourceType": "Bundle", "ent'), "the FHIR server's answer was not JSON"),
    ],
    ids=["HTML", "redirect", "401", "truncated JSON"],
)
def test_a_failing_server_is_never_an_empty_answer(
    client: FlaskClient, order_select: Request, fhir_stub: FhirStub, reply: Reply, why: str
) -> None:
    """412, with the reason."""
    del order_select["prefetch"]["geneResults"]
    fhir_stub.answers["Observation"] = reply
    answer = client.post(URL, json=order_select | {"fhirServer": fhir_stub.url})
    assert answer.status_code == 412
    assert [text.startswith(f"/prefetch/geneResults: {why}") for text in diagnostics(answer)] == [True]


def test_an_incomplete_answer_is_stated_on_the_card(
    client: FlaskClient, order_select: Request, fhir_stub: FhirStub, bundle: Builder
) -> None:
    """The first pages came without the gene, further ones were not read: that is not "none on file"."""
    other = {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"}}
    link = [{"relation": "next", "url": "http://elsewhere.example/fhir?page=2"}]
    order_select["prefetch"]["geneResults"] = bundle(other, link=link)
    answer = client.post(URL, json=order_select | {"fhirServer": fhir_stub.url})
    assert summaries(answer) == ["Clopidogrel: CYP2C19 results could not be fetched"]


def test_endless_paging_is_stated_on_the_card(
    client: FlaskClient, order_select: Request, fhir_stub: FhirStub, bundle: Builder
) -> None:
    """It ends, and what was not seen is not taken for absent."""

    def more(target: str) -> Reply:
        number = int(target.partition("page=")[2] or "0") + 1
        one = {"resourceType": "Observation", "id": f"o{number}", "status": "final", "code": {"text": "x"}}
        return json_reply(bundle(one, link=[{"relation": "next", "url": f"Observation?page={number}"}]))

    del order_select["prefetch"]["geneResults"]
    fhir_stub.answers["Observation"] = more
    answer = client.post(URL, json=order_select | {"fhirServer": fhir_stub.url})
    assert summaries(answer) == ["Clopidogrel: CYP2C19 results could not be fetched"]


def test_a_failure_of_ours_tells_neither_caller_nor_log_any_value(
    content: Content, order_select: Request, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """500 with an outcome; the log has the place in the code, not the message."""

    def fail(*_: object) -> None:
        raise ValueError("Patient/demo-1 has *2/*2")

    monkeypatch.setattr("cds_hooks.web.hooks.work_out", fail)
    answer = create_app(SETTINGS, content).test_client().post(URL, json=order_select)
    assert (answer.status_code, diagnostics(answer)) == (
        500,
        ["the service failed. The request was not answered; the service's log says where."],
    )
    logged = capsys.readouterr().err
    assert '"error":"ValueError"' in logged
    assert "demo-1" not in logged


def test_nothing_about_the_patient_is_logged(
    content: Content, order_select: Request, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither ids nor genes nor tokens; the request's line tells service, status and counts."""
    order_select |= {
        "fhirServer": "http://127.0.0.1:9/fhir",
        "fhirAuthorization": {
            "access_token": "t0p-s3cret",
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "x",
            "subject": "y",
        },
    }
    del order_select["prefetch"]["weight"]
    answer = create_app(SETTINGS, content).test_client().post(URL, json=order_select)
    assert len(summaries(answer)) == 1
    logged = capsys.readouterr().err
    line = orjson.loads(logged.splitlines()[-1])
    assert {key: line[key] for key in ("service", "status", "orders", "cards", "unknown_drugs")} == {
        "service": "pgx-order-select",
        "status": 200,
        "orders": 1,
        "cards": 1,
        "unknown_drugs": 0,
    }
    assert not [word for word in ("demo-1", "demo-9", "draft-1", "t0p-s3cret", "*2", "CYP2C19") if word in logged]


@pytest.mark.parametrize(
    ("given", "form"),
    [("abc-1.2_3", "abc-1.2_3"), ("two words", "[0-9a-f]{32}"), ("x" * 65, "[0-9a-f]{32}"), ("", "[0-9a-f]{32}")],
)
def test_a_harmless_request_id_is_sent_back(client: FlaskClient, given: str, form: str) -> None:
    """Any other is replaced by one of our own."""
    sent_back = client.get("/health", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert re.fullmatch(form, sent_back) is not None


@pytest.mark.parametrize(
    ("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("192.0.2.7", 403)]
)
def test_only_this_machine_is_served_without_authentication(client: FlaskClient, address: str, status: int) -> None:
    """Anybody else gets 403."""
    assert client.get("/cds-services", environ_base={"REMOTE_ADDR": address}).status_code == status


@pytest.mark.parametrize(
    ("name", "status"),
    [("X-Forwarded-For", 403), ("Forwarded", 403), ("X-Real-IP", 403), ("Via", 403), ("X-Request-Id", 200)],
)
def test_nobody_comes_by_a_proxy_without_authentication(client: FlaskClient, name: str, status: int) -> None:
    """Behind one every caller looks local; the header's value does not matter."""
    assert client.get("/cds-services", headers={name: "127.0.0.1"}).status_code == status
