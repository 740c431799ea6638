"""`/openapi.json` describes every address of the service, no other, and by the schemas that are used."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient

from cds_hooks.content import Content
from cds_hooks.json_schema import load_validator

NOT_DESCRIBED = ("demo.", "transparency.static")
"""Endpoints for people alone: the first page and its parts."""
IN_PARTS = {"/transparency/<path:row_id>": "/transparency/{medicine}/{body}/{row}"}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    """The description as it is served."""
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    found: dict[str, Any] = answer.get_json()
    return found


def list_routes(app: Flask, content: Content) -> set[tuple[str, str]]:
    """Method and path of every route, a service's written out for each service."""
    found = set()
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(NOT_DESCRIBED):
            continue
        path = IN_PARTS.get(rule.rule, rule.rule).rstrip("/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            found |= {(method, path.replace("<service_id>", name)) for name in content.services}
    return found


def test_every_route_is_described_and_no_other(app: Flask, content: Content, document: dict[str, Any]) -> None:
    """A new route needs its entry in cds_hooks/schema/openapi.json, and the schema of its answer beside it."""
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    routes = list_routes(app, content)
    assert routes - described == set(), "write these into cds_hooks/schema/openapi.json"
    assert described - routes == set(), "take these out of cds_hooks/schema/openapi.json"


def test_the_description_is_valid_openapi(document: dict[str, Any]) -> None:
    """By the schema of OpenAPI 3.1; a spoiled one is not."""
    schemathesis.openapi.from_dict(document).validate()
    document["paths"]["/health"]["get"]["responses"] = []
    with pytest.raises(Exception, match="is not of type"):
        schemathesis.openapi.from_dict(document).validate()


@pytest.mark.parametrize("name", ["order-select", "order-sign", "patient-view", "feedback", "cards"])
def test_requests_and_answers_are_described_by_the_schemas_they_are_checked_by(
    name: str, document: dict[str, Any]
) -> None:
    """Word for word."""
    used = {key: value for key, value in load_validator(name).schema.items() if key != "$schema"}  # type: ignore[union-attr]
    assert document["components"]["schemas"][name] == used


def test_every_hook_is_called_with_its_own_schema(document: dict[str, Any]) -> None:
    """And feedback with the one of feedback."""
    called = {
        path: item["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for path, item in document["paths"].items()
        if "post" in item
    }
    hooks = ("order-select", "order-sign", "patient-view")
    assert called == {f"/cds-services/pgx-{hook}": hook for hook in hooks} | {
        f"/cds-services/pgx-{hook}/feedback": "feedback" for hook in hooks
    }


@pytest.mark.parametrize(("name", "path"), [("health", ""), ("live", "/live"), ("ready", "/ready")])
def test_health_keeps_to_its_description(client: FlaskClient, name: str, path: str) -> None:
    """As discovery and cards do (tests/test_conformance.py)."""
    assert list(load_validator(name).iter_errors(client.get(f"/health{path}").get_json())) == []
