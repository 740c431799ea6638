"""A request is read strictly where a decision rests on it and liberally elsewhere; every fault says where it is."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks.errors import EdgeError, InvalidRequestError, MalformedRequestError, PatientMismatchError
from cds_hooks.hook_request import FhirAccess, HookRequest, parse_request

Request = dict[str, Any]


def faults_of(request: object, hook: str = "order-select") -> list[tuple[str, str]]:
    """(place, what) of each fault of a request."""
    with pytest.raises(EdgeError) as caught:
        parse_request(orjson.dumps(request), hook)
    return [(fault.where, fault.what) for fault in caught.value.faults]


def test_a_request_is_read_whole_when_valid(order_select: Request) -> None:
    """Every member finds its place."""
    order_select |= {
        "fhirServer": "https://fhir.example.org/r4/",
        "fhirAuthorization": {
            "access_token": "opaque",
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "patient/Observation.read",
            "subject": "pgx-cds",
        },
        "extension": {"org.example": True},
    }
    order_select["context"]["encounterId"] = "e-1"
    assert parse_request(orjson.dumps(order_select), "order-select") == HookRequest(
        hook="order-select",
        hook_instance="6bc883b2-b795-4dcb-b661-34884a31d472",
        user_id="Practitioner/demo-9",
        patient_id="demo-1",
        selections=("MedicationRequest/draft-1",),
        drafts=(order_select["context"]["draftOrders"]["entry"][0]["resource"],),
        prefetch=order_select["prefetch"],
        access=FhirAccess("https://fhir.example.org/r4", "opaque"),
    )


def test_the_token_is_not_shown_when_a_request_is_printed(order_select: Request) -> None:
    """A request that ends up in a log by mistake keeps its secret."""
    assert "opaque" not in repr(FhirAccess("https://fhir.example.org", "opaque"))


def test_odd_but_harmless_requests_are_read(order_select: Request) -> None:
    """Unknown members, nulls for "absent", a category that is no list, an order without a medicine."""
    draft = order_select["context"]["draftOrders"]["entry"][0]["resource"]
    draft["category"] = {"text": "Community"}
    del draft["medicationCodeableConcept"], draft["intent"]
    order_select |= {"fhirServer": None, "fhirAuthorization": None, "vendor": 1, "extension": None}
    order_select["context"] |= {"encounterId": None, "vendor": [1]}
    read = parse_request(orjson.dumps(order_select), "order-select")
    assert (read.access, read.selected_drafts) == (None, (draft,))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("userId", "Practitioner/demo-9\n"),
        ("patientId", "demo-1\n"),
        ("selections", ["MedicationRequest/draft-1\n"]),
    ],
)
def test_a_new_line_behind_an_id_is_no_part_of_it(order_select: Request, member: str, value: object) -> None:
    """A consent that names the clinician would not know her again; the id alone is read."""
    order_select["context"][member] = value
    assert [where.split("/")[2] for where, _ in faults_of(order_select)] == [member]


def make_entries(count: int, kind: str = "MedicationRequest") -> list[dict[str, Any]]:
    return [{"resource": {"resourceType": kind, "id": str(number)}} for number in range(count)]


def test_a_drug_order_too_many_is_refused_and_not_passed_over(order_select: Request) -> None:
    """The hundred-and-first would never have been looked at, and nobody told."""
    del order_select["context"]["selections"]
    order_select["context"]["draftOrders"] = {"resourceType": "Bundle", "entry": make_entries(100)}
    assert len(parse_request(orjson.dumps(order_select), "order-select").selected_drafts) == 100
    order_select["context"]["draftOrders"]["entry"] = make_entries(101)
    assert faults_of(order_select) == [("/context/draftOrders", "holds more drug orders than are evaluated")]


def test_lists_without_end_are_refused_before_they_are_looked_through(order_select: Request) -> None:
    """Drafts of any kind, and selections."""
    entries = make_entries(1000, "Task")
    order_select["context"] |= {
        "draftOrders": {"resourceType": "Bundle", "entry": entries},
        "selections": ["Task/1"] * 1000,
    }
    assert len(parse_request(orjson.dumps(order_select), "order-select").drafts) == 1000
    order_select["context"] |= {"draftOrders": {"entry": [*entries, 1]}, "selections": [1] * 1001}
    what = "holds more entries than are read"
    assert faults_of(order_select) == [("/context/draftOrders/entry", what), ("/context/selections", what)]


def test_of_very_many_faults_the_first_two_hundred_are_told(order_select: Request) -> None:
    """Whoever sends a thousand faulty drafts learns enough by these."""
    order_select["context"]["draftOrders"]["entry"] = [{}] * 1000
    assert len(faults_of(order_select)) == 200


@pytest.mark.parametrize("selections", [None, []])
def test_all_drafts_count_when_nothing_is_selected(order_select: Request, selections: object) -> None:
    """An EHR that does not say what was selected is not met with silence."""
    order_select["context"]["selections"] = selections
    read = parse_request(orjson.dumps(order_select), "order-select")
    assert read.selected_drafts == read.drafts != ()


def test_only_selected_drafts_count_when_some_are(order_select: Request) -> None:
    """The other drafts are context."""
    other = {"resourceType": "MedicationRequest", "id": "draft-2", "subject": {"reference": "Patient/demo-1"}}
    order_select["context"]["draftOrders"]["entry"].append({"resource": other})
    read = parse_request(orjson.dumps(order_select), "order-select")
    assert [draft["id"] for draft in read.selected_drafts] == ["draft-1"]


def test_what_a_hook_does_not_list_is_ignored(order_select: Request) -> None:
    """order-sign has no selections, patient-view no drafts: whatever stands there says nothing."""
    order_select["context"]["selections"] = 7
    signed = parse_request(orjson.dumps(order_select | {"hook": "order-sign"}), "order-sign")
    assert (signed.selections, len(signed.selected_drafts)) == (None, 1)
    order_select["context"]["draftOrders"] = []
    assert parse_request(orjson.dumps(order_select | {"hook": "patient-view"}), "patient-view").drafts == ()


def test_a_byte_order_mark_is_passed_over(order_select: Request) -> None:
    """Some .NET clients send one."""
    assert parse_request(b"\xef\xbb\xbf" + orjson.dumps(order_select), "order-select").patient_id == "demo-1"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "the body is not JSON: it is empty, at line 1, column 1"),
        (b'{"hook":', "the body is not JSON: unexpected end of data, at line 1, column 9"),
        (b'{"hook": "order-select",}', "the body is not JSON: trailing comma is not allowed, at line 1, column 24"),
        (b'{"n": NaN}', "the body is not JSON: unexpected character, expected a JSON value, at line 1, column 7"),
        (b'{"n": 1e400}', "the body is not JSON: number is infinity when parsed as double, at line 1, column 7"),
        (
            b'{"n": ' + b"9" * 100_000 + b"}",
            "the body is not JSON: number is infinity when parsed as double, at line 1, column 7",
        ),
        (b"\xff", "the body is not JSON: str is not valid UTF-8, at line 1, column 1"),
        (b"[" * 5000 + b"]" * 5000, "the body is not JSON: depth limit exceeded, at line 1, column 1026"),
    ],
    ids=["empty", "cut off", "trailing comma", "NaN", "1e400", "100,000 digits", "not UTF-8", "5000 levels"],
)
def test_a_body_that_is_no_json_is_refused_by_its_place(body: bytes, what: str) -> None:
    """The fault tells line and column, and quotes nothing."""
    with pytest.raises(MalformedRequestError) as caught:
        parse_request(body, "order-select")
    assert [(fault.where, fault.what) for fault in caught.value.faults] == [("", what)]


def test_a_draft_is_refused_when_it_could_not_be_sent_back(order_select: Request) -> None:
    """A draft nested so deeply that no suggestion could repeat it is refused, not lost on the way out."""
    body = orjson.dumps(order_select).replace(b'"status":"draft"', b'"x":' + b'{"y":' * 300 + b"1" + b"}" * 300)
    with pytest.raises(MalformedRequestError) as caught:
        parse_request(body, "order-select")
    assert [(fault.where, fault.what) for fault in caught.value.faults] == [
        ("/context/draftOrders", "is nested too deeply")
    ]


@pytest.mark.parametrize("body", [[], "text", 1, None])
def test_json_that_is_no_object_is_refused(body: object) -> None:
    """The body of a call is an object."""
    assert faults_of(body) == [("", "must be a JSON object")]


def test_every_fault_is_told_when_several_members_are_wrong() -> None:
    """All places at once, none of the values."""
    request = {
        "hook": "order-sign",
        "hookInstance": "secret",
        "fhirAuthorization": {"access_token": "two words", "token_type": "MAC", "expires_in": "1", "scope": "x"},
        "context": {
            "userId": "secret",
            "patientId": "Patient/secret",
            "selections": ["secret"],
            "draftOrders": {"resourceType": "List", "entry": [{"resource": {"id": "secret"}}, {}]},
        },
        "prefetch": {"patient": "secret"},
    }
    assert faults_of(request) == [
        ("/context/draftOrders/entry/0/resource/resourceType", "is missing"),
        ("/context/draftOrders/entry/1/resource", "is missing"),
        ("/context/draftOrders/resourceType", 'must be "Bundle"'),
        (
            "/context/patientId",
            "must be an id alone, without the resource type: letters, digits and . _ ~ : @ = + - only",
        ),
        ("/context/selections/0", "must be a reference to a draft order, such as MedicationRequest/123"),
        ("/context/userId", "must be a reference to a Practitioner or PractitionerRole, such as Practitioner/123"),
        ("/fhirAuthorization/access_token", "must be the token, in printable characters without spaces"),
        ("/fhirAuthorization/expires_in", "must be a whole number of seconds"),
        ("/fhirAuthorization/subject", "is missing"),
        ("/fhirAuthorization/token_type", 'must be "Bearer"'),
        ("/fhirServer", "is missing"),
        ("/hook", 'must be "order-select", the hook of this service'),
        ("/hookInstance", "must be a UUID of this one call"),
        ("/prefetch/patient", "must be a FHIR resource or null"),
    ]


@pytest.mark.parametrize(
    ("hook", "missing"),
    [
        ("order-select", ["/context/draftOrders", "/context/patientId", "/context/userId"]),
        ("order-sign", ["/context/draftOrders", "/context/patientId", "/context/userId"]),
        ("patient-view", ["/context/patientId", "/context/userId"]),
    ],
)
def test_what_the_hooks_page_requires_is_asked_for_when_missing(hook: str, missing: list[str]) -> None:
    """Each hook has its own schema."""
    request = {"hook": hook, "hookInstance": "6bc883b2-b795-4dcb-b661-34884a31d472", "context": {}}
    assert faults_of(request, hook) == [(place, "is missing") for place in missing]


def test_a_missing_context_is_told(order_select: Request) -> None:
    """Without a context nothing can be said."""
    del order_select["context"]
    assert faults_of(order_select) == [("/context", "is missing")]


@pytest.mark.parametrize("patient_id", ["", "a,b", "a/b", "..", "a b", "a?b", "a" * 129])
def test_an_id_that_could_change_a_query_is_refused(order_select: Request, patient_id: str) -> None:
    """A comma would ask for two patients, a slash for another resource."""
    order_select["context"]["patientId"] = patient_id
    assert [where for where, _ in faults_of(order_select)] == ["/context/patientId"]


def test_a_prefetched_patient_who_is_another_is_refused(order_select: Request) -> None:
    """The fault says which place named the other patient."""
    order_select["prefetch"]["patient"]["id"] = "demo-2"
    with pytest.raises(PatientMismatchError) as caught:
        parse_request(orjson.dumps(order_select), "order-select")
    assert [fault.where for fault in caught.value.faults] == ["/prefetch/patient/id"]


@pytest.mark.parametrize(
    "reference", ["Patient/demo-2", "https://fhir.example.org/Patient/demo-2", "Patient/demo-2/_history/1"]
)
def test_a_draft_for_another_patient_is_refused(order_select: Request, reference: str) -> None:
    """In whatever form the reference is written."""
    order_select["context"]["draftOrders"]["entry"][0]["resource"]["subject"] = {"reference": reference}
    with pytest.raises(PatientMismatchError) as caught:
        parse_request(orjson.dumps(order_select), "order-select")
    assert [fault.where for fault in caught.value.faults] == ["/context/draftOrders/entry/0/resource/subject"]


@pytest.mark.parametrize(
    "reference", ["#p", "urn:uuid:6bc883b2-b795-4dcb-b661-34884a31d472", "Patient/demo-1/_history/2"]
)
def test_a_draft_is_read_when_its_subject_names_no_other(order_select: Request, reference: str) -> None:
    """Contained and bundle-internal subjects prove nothing, a version changes nothing."""
    order_select["context"]["draftOrders"]["entry"][0]["resource"]["subject"] = {"reference": reference}
    assert parse_request(orjson.dumps(order_select), "order-select").patient_id == "demo-1"


def test_a_selected_drug_order_that_was_not_sent_is_refused(order_select: Request) -> None:
    """It would be passed over in silence; other kinds of orders may stay away."""
    order_select["context"]["selections"] += ["MedicationRequest/draft-7", "NutritionOrder/n-1"]
    with pytest.raises(InvalidRequestError) as caught:
        parse_request(orjson.dumps(order_select), "order-select")
    assert [(fault.where, fault.what) for fault in caught.value.faults] == [
        ("/context/selections/1", "names a drug order that draftOrders does not hold")
    ]


def read_or_refuse(request: object, hook: str) -> HookRequest | EdgeError:
    """The request, or the error that refused it; anything else that happens fails the test."""
    try:
        return parse_request(orjson.dumps(request), hook)
    except EdgeError as error:
        return error


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
member_names = ["hook", "hookInstance", "context", "prefetch", "fhirServer", "fhirAuthorization", "extension"]
context_names = ["userId", "patientId", "draftOrders", "selections", "encounterId"]


@given(
    st.dictionaries(st.sampled_from(member_names), json_values),
    st.dictionaries(st.sampled_from(context_names), json_values),
)
def test_hostile_json_is_refused_or_read_and_never_crashes(members: Request, context: Request) -> None:
    """Whatever stands where, there is a request or a list of places."""
    request = members | ({"context": context} if context else {})
    read = read_or_refuse(request, "order-select")
    assert isinstance(read, HookRequest) or (read.status == 400 and read.faults)


@given(st.sampled_from(["entry", "resourceType", "id", "subject", "patient", "medicationReference"]), json_values)
def test_hostile_drafts_are_refused_or_read_and_never_crash(member: str, value: object) -> None:
    """A draft's members may hold anything."""
    draft = {"resourceType": "MedicationRequest", "id": "draft-1", member: value}
    request = {
        "hook": "order-sign",
        "hookInstance": "6bc883b2-b795-4dcb-b661-34884a31d472",
        "context": {
            "userId": "Practitioner/demo-9",
            "patientId": "demo-1",
            "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": draft}]},
        },
    }
    read = read_or_refuse(request, "order-sign")
    if isinstance(read, HookRequest):
        assert read.drafts == (orjson.loads(orjson.dumps(draft)),)
    else:
        assert read.status == 400
        assert read.faults
