"""Whatever stands inside a request, it is answered, refused, or asked to be completed: it never breaks the service."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import DRAFT, GENOTYPE, PATIENT, make_bundle

SUBJECT = {"reference": "Patient/demo-1"}
CONCEPT = {"coding": [{"system": "http://snomed.info/sct", "code": "394659003"}], "text": "x"}
WHOLE: dict[str, Any] = {
    "hook": "order-select",
    "hookInstance": "6bc883b2-b795-4dcb-b661-34884a31d472",
    "context": {
        "userId": "Practitioner/demo-9",
        "patientId": "demo-1",
        "draftOrders": {
            "resourceType": "Bundle",
            "entry": [
                {
                    "resource": DRAFT
                    | {
                        "dosageInstruction": [
                            {
                                "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
                                "doseAndRate": [{"doseQuantity": {"value": 75, "unit": "mg"}}],
                            }
                        ]
                    }
                }
            ],
        },
    },
    "prefetch": {
        "patient": PATIENT,
        "geneResults": make_bundle(GENOTYPE),
        "geneReports": make_bundle(
            {
                "resourceType": "DiagnosticReport",
                "id": "r",
                "status": "final",
                "result": [{"reference": "Observation/cyp2c19"}],
                "conclusionCode": [CONCEPT],
                "contained": [GENOTYPE | {"id": "c"}],
            }
        ),
        "conditions": make_bundle({"resourceType": "Condition", "id": "c", "code": CONCEPT, "subject": SUBJECT}),
        "procedures": None,
        "medicationRequests": make_bundle(DRAFT | {"status": "active", "id": "m", "authoredOn": "2026-01-01"}),
        "medicationStatements": None,
        "allergies": make_bundle(
            {"resourceType": "AllergyIntolerance", "id": "a", "code": CONCEPT, "patient": SUBJECT}
        ),
        "weight": make_bundle(
            {"resourceType": "Observation", "id": "w", "valueQuantity": {"value": 70, "unit": "kg", "code": "kg"}}
        ),
    },
}


def list_places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place below the root."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in children:
        yield (*path, key)
        yield from list_places(inner, (*path, key))


PLACES = sorted(list_places(WHOLE), key=str)
hostile = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, -1, 2**63, 1e308, 1e-320, "", " ", "*", "#", "\x00", "🧬", "9" * 400]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["code", "text", "reference", "value"]), inner)
    ),
    max_leaves=4,
)


def put(request: dict[str, Any], place: tuple[str | int, ...], value: object) -> None:
    """Replace what stands at a place; one that another change took away is left alone."""
    target: Any = request
    for step in place[:-1]:
        if not holds(target, step):
            return
        target = target[step]
    if holds(target, place[-1]):
        target[place[-1]] = value


def holds(value: object, step: str | int) -> bool:
    """Whether the step leads somewhere."""
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


@pytest.fixture(scope="module")
def service(app: Any) -> FlaskClient:
    """One client for all examples."""
    found: FlaskClient = app.test_client()
    return found


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), hostile), min_size=1, max_size=3))
@pytest.mark.parametrize("name", ["order-select", "patient-view"])
def test_hostile_data_never_break_the_service(
    service: FlaskClient, name: str, changes: list[tuple[tuple[str | int, ...], object]]
) -> None:
    """200 with cards that are a list, or 400, or 412."""
    request = copy.deepcopy(WHOLE) | {"hook": name}
    for place, value in changes:
        put(request, place, value)
    answer = service.post(f"/cds-services/pgx-{name}", data=orjson.dumps(request), content_type="application/json")
    assert answer.status_code in (200, 400, 412), answer.data
    assert isinstance(answer.get_json(force=True)["cards" if answer.status_code == 200 else "issue"], list)
