"""What tests of the whole service share: the content as shipped, an app on it, and requests to begin from."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fhir_stub import FhirStub, serve_stub
from flask import Flask
from flask.testing import FlaskClient
from samples import DRAFT, GENOTYPE, PATIENT, SETTINGS, make_bundle

from app import create_app
from cds_hooks.content import Content, load_content


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--write-goldens` keeps the answers of today as the golden ones: for a change that is meant to change them."""
    parser.addoption("--write-goldens", action="store_true", help="rewrite tests/golden/*/*/response*.json")


@pytest.fixture(scope="session", autouse=True)
def _quiet_end() -> Iterator[None]:
    """The audits of all apps end with the process; nobody reads what they log then."""
    yield
    logging.disable(logging.CRITICAL)


@pytest.fixture(scope="session")
def content() -> Content:
    """The shipped content."""
    return load_content(SETTINGS)


@pytest.fixture(scope="session")
def app(content: Content) -> Flask:
    """The service on the shipped content, its records in memory."""
    return create_app(SETTINGS, content)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """An HTTP client of the service."""
    return app.test_client()


@pytest.fixture
def bundle() -> Callable[..., dict[str, Any]]:
    """Builds a searchset of resources."""
    return make_bundle


@pytest.fixture
def order_select() -> dict[str, Any]:
    """A whole order-select request: clopidogrel for a patient whose CYP2C19 is *2/*2, everything prefetched."""
    return copy.deepcopy(
        {
            "hook": "order-select",
            "hookInstance": "6bc883b2-b795-4dcb-b661-34884a31d472",
            "context": {
                "userId": "Practitioner/demo-9",
                "patientId": "demo-1",
                "selections": ["MedicationRequest/draft-1"],
                "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": DRAFT}]},
            },
            "prefetch": {
                "patient": PATIENT,
                "geneResults": make_bundle(GENOTYPE),
                "geneReports": make_bundle(),
                "conditions": None,
                "procedures": None,
                "medicationRequests": make_bundle(),
                "medicationStatements": None,
                "allergies": make_bundle(),
                "weight": None,
                "measures": None,
            },
        }
    )


@pytest.fixture
def fhir_stub() -> Iterator[FhirStub]:
    """A FHIR server on loopback that answers as the test tells it."""
    with serve_stub() as stub:
        yield stub
