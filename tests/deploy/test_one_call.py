"""A call through nginx by TLS, and what is closed to callers."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from deployment import Deployment, to_json

SELECT = "/cds-services/pgx-order-select"
HARDENING = {
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}

pytestmark = pytest.mark.deploy


def test_a_call_by_tls_is_answered_with_a_card(deployment: Deployment, hook: dict[str, Any]) -> None:
    """The caller's request id comes back, nginx adds its headers and does not tell its version."""
    answer = deployment.call(SELECT, to_json(hook), {"X-Request-Id": "from-the-ehr-1"})
    assert (answer.status, len(orjson.loads(answer.body)["cards"])) == (200, 1)
    assert answer.headers["x-request-id"] == "from-the-ehr-1"
    assert {name: answer.headers.get(name) for name in HARDENING} == HARDENING
    assert answer.headers["server"] == "nginx"
    assert "retry-after" not in answer.headers


def test_an_odd_request_id_is_replaced(deployment: Deployment, hook: dict[str, Any]) -> None:
    """What could break a log line, or carry a name, goes no further."""
    answer = deployment.call(SELECT, to_json(hook), {"X-Request-Id": "Doe, Jane"})
    assert len(answer.headers["x-request-id"]) == 32
    assert deployment.wait_for_access(answer.headers["x-request-id"])["status"] == 200
    assert "Jane" not in (deployment.folder / "access.log").read_text() + deployment.log()


@pytest.mark.parametrize("path", ["/", "/metrics", "/health", "/health/ready", "/cds-services/../metrics", "/try"])
def test_what_is_not_for_callers_is_not_found(deployment: Deployment, path: str) -> None:
    """nginx answers by itself, with an OperationOutcome."""
    answer = deployment.call(path)
    outcome = orjson.loads(answer.body)
    assert (answer.status, answer.headers["content-type"]) == (404, "application/fhir+json")
    assert (outcome["resourceType"], outcome["issue"][0]["code"]) == ("OperationOutcome", "not-found")


def test_discovery_is_open_to_a_registered_caller(deployment: Deployment) -> None:
    """With and without the slash."""
    assert [deployment.call(path).status for path in ("/cds-services", "/cds-services/")] == [200, 200]


def test_the_house_sees_health_on_a_port_of_its_own(deployment: Deployment) -> None:
    """And nothing else there."""
    assert orjson.loads(deployment.ask_inside("/health").body)["status"] == "ok"
    assert [deployment.ask_inside(path).status for path in ("/", "/cds-services", SELECT)] == [404, 404, 404]


def test_probes_and_prometheus_are_answered_on_that_port(deployment: Deployment) -> None:
    """By the service itself, to which this call looks like one of this machine."""
    asked = {path: deployment.ask_inside(path) for path in ("/health/live", "/health/ready", "/metrics")}
    assert {path: answer.status for path, answer in asked.items()} == dict.fromkeys(asked, 200)
    assert b"pgx_cds_requests_total" in asked["/metrics"].body


def test_the_log_of_nginx_holds_the_path_and_no_query(deployment: Deployment) -> None:
    """A query could hold anything."""
    deployment.call("/cds-services?patient=marked-as-secret", None, {"X-Request-Id": "with-a-query"})
    line = deployment.wait_for_access("with-a-query")
    assert {"path": "/cds-services", "method": "GET"}.items() <= line.items()
    assert "marked-as-secret" not in (deployment.folder / "access.log").read_text() + deployment.log()
