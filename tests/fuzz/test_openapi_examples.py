"""Thousands of examples of the service's own description: no answer is a failure, and every answer keeps to it.

`make test-fuzz`; the seed is printed, and PGX_FUZZ_SEED repeats a run.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_wsgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app import create_app
from tests.fuzz.readers import SETTINGS, load_requests

pytestmark = pytest.mark.fuzz

EXAMPLES = 2_000
ROWS = ("clopidogrel/cpic/poor-acs-pci", "warfarin/cpic/algorithm", "rasburicase/cpic/avoid-deficient")
"""Ids that no example would happen on."""
REQUESTS = [request for request in load_requests() if request.get("prefetch")]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SEED = int(os.environ.get("PGX_FUZZ_SEED", random.SystemRandom().randrange(2**32)))


@pytest.fixture(scope="module")
def service() -> Flask:
    """The service, its records in memory; it may fetch from no server that there is. Callers are on this machine."""
    app = create_app(SETTINGS)
    serve = app.wsgi_app
    app.wsgi_app = lambda environ, start: serve(environ | {"REMOTE_ADDR": "127.0.0.1"}, start)  # type: ignore[method-assign]
    return app


def test_two_thousand_examples_are_answered_as_described(service: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    """Every operation, with what its schemas allow and what they do not: never a 5xx, never an undescribed answer."""
    with capsys.disabled():
        print(f"\nPGX_FUZZ_SEED={SEED}")
    operations = [found.ok() for found in from_wsgi("/openapi.json", service).get_all_operations()]
    sending = [one for one in operations if one.method == "post"]
    statuses: Counter[tuple[str, int]] = Counter()
    for operation in operations:
        share = EXAMPLES // len(sending) if operation in sending else 50
        send_examples(operation, share, statuses)
    with capsys.disabled():
        print(*(f"{label}: {status}: {times}" for (label, status), times in sorted(statuses.items())), sep="\n")
    assert statuses.total() >= EXAMPLES
    assert [one.label for one in operations if (one.label, 200) not in statuses] == []
    assert [one.label for one in sending if (one.label, 400) not in statuses] == []


def send_examples(operation: Any, share: int, statuses: Counter[tuple[str, int]]) -> None:
    """Send so many examples of one operation, sound ones and spoiled ones, and count what came back."""
    sound = operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
    spoiled = operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
    has_input = operation.method == "post" or bool(list(operation.iter_parameters()))
    telling = st.builds(make_telling, sound, st.integers(0, 10_000))

    @seed(SEED)
    @settings(
        max_examples=share,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
    )
    @given(case=st.one_of(sound, telling, spoiled) if has_input else sound)
    def send(case: Any) -> None:
        response = case.call_and_validate(checks=CHECKS)
        statuses[operation.label, response.status_code] += 1

    send()


def make_telling(case: Any, number: int) -> Any:
    """The example with what no schema leads to: the record of a patient, and the id of a row, by their number."""
    request, row = REQUESTS[number % len(REQUESTS)], ROWS[number % len(ROWS)]
    if isinstance(case.body, dict) and isinstance(case.body.get("context"), dict):
        case.body["prefetch"] = request["prefetch"]
        case.body["context"]["patientId"] = request["context"]["patientId"]
    if "row" in (case.path_parameters or {}):
        case.path_parameters |= dict(zip(("medicine", "body", "row"), row.split("/"), strict=True))
    return case
