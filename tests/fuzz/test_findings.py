"""What fuzzing has found, kept: each of these once ended in a failure of the service."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("subject", [[{"reference": "Patient/demo-1"}], "Patient/demo-1", 7, True])
def test_a_draft_whose_subject_is_no_object_gets_its_card_without_a_test_to_order(
    client: FlaskClient, order_select: dict[str, Any], subject: object
) -> None:
    """A test cannot be ordered for whoever that is; what is advised is said all the same."""
    draft = order_select["context"]["draftOrders"]["entry"][0]["resource"]
    draft["medicationCodeableConcept"] = {"text": "carbamazepine"}
    whole = client.post("/cds-services/pgx-order-select", json=order_select).get_json()["cards"]
    draft["subject"] = subject
    answer = client.post("/cds-services/pgx-order-select", json=order_select)
    assert answer.status_code == 200
    (card,), (told,) = answer.get_json()["cards"], whole
    assert (card["summary"], "suggestions" in card, "suggestions" in told) == (told["summary"], False, True)


@pytest.mark.parametrize(
    "address",
    ["https://]h", "https://[::z]/fhir", "https://[::1", "https://a:99999999", "https://a:b", "https://\u2100.example"],
)
def test_an_address_that_no_parser_reads_is_refused_by_its_place(
    client: FlaskClient, order_select: dict[str, Any], address: str
) -> None:
    """With 400, whether anything would have been fetched from it or not."""
    for prefetch in (order_select["prefetch"], {}):
        answer = client.post(
            "/cds-services/pgx-order-select", json=order_select | {"fhirServer": address, "prefetch": prefetch}
        )
        assert answer.status_code == 400
        assert [one["diagnostics"] for one in answer.get_json()["issue"]] == [
            "/fhirServer: is no address that can be read. Mind its host and port."
        ]


@pytest.mark.parametrize("member", ["severity", "code"])
@pytest.mark.parametrize("value", [["warning"], {"value": "warning"}, 7, None])
def test_an_outcome_with_a_member_that_is_no_text_counts_as_a_failed_query(
    client: FlaskClient, order_select: dict[str, Any], member: str, value: object
) -> None:
    """That no result is on file does not follow from it; a readable warning, tried beside it, only informs."""
    issue = {"severity": "warning", "code": "informational"}
    results = order_select["prefetch"]["geneResults"]
    statuses = []
    for told in (issue, issue | {member: value}):
        outcome = {"resourceType": "OperationOutcome", "issue": [told]}
        order_select["prefetch"]["geneResults"] = {
            **results,
            "entry": [{"resource": outcome, "search": {"mode": "outcome"}}],
        }
        order_select["prefetch"]["geneResults"].pop("total", None)
        statuses.append(client.post("/cds-services/pgx-order-select", json=order_select).status_code)
    assert statuses == [200, 412]
