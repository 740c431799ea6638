"""Browser-based clients such as the CDS Hooks sandbox may call the service from allowed origins."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app import create_app
from cds_hooks.content import Content
from cds_hooks.settings import Settings

PREFLIGHT = {
    "Origin": "https://sandbox.example.org",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type",
}


@pytest.mark.parametrize(
    "path", ["/cds-services", "/cds-services/pgx-order-select", "/cds-services/pgx-order-select/feedback", "/health"]
)
def test_a_preflight_is_answered_on_every_path(client: FlaskClient, path: str) -> None:
    """Authorization and content-type may be sent; credentials (cookies) may not."""
    answer = client.options(path, headers=PREFLIGHT)
    allowed = {name: value for name, value in answer.headers.items() if name.startswith("Access-Control-")}
    assert (answer.status_code, allowed) == (
        204,
        {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
            "Access-Control-Allow-Headers": "authorization, content-type, x-request-id",
            "Access-Control-Expose-Headers": "x-request-id",
            "Access-Control-Max-Age": "600",
        },
    )


def test_refusals_are_readable_from_other_origins_too(client: FlaskClient) -> None:
    """A browser hides an answer without the header, and the tester with it the reason."""
    answer = client.post("/cds-services/no-such-service", headers={"Origin": "https://sandbox.example.org"})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (404, "*")


@pytest.mark.parametrize(
    ("origin", "allowed"), [("https://ehr.example.org", "https://ehr.example.org"), ("https://other.example.org", None)]
)
def test_only_named_origins_are_allowed_when_some_are_named(content: Content, origin: str, allowed: str | None) -> None:
    """The origin itself is sent back, and caches are told that the answer depends on it."""
    settings = Settings(database="sqlite://", cors_origins=("https://ehr.example.org",))
    answer = create_app(settings, content).test_client().get("/cds-services", headers={"Origin": origin})
    assert (answer.headers.get("Access-Control-Allow-Origin"), answer.headers["Vary"]) == (allowed, "Origin")


def test_nothing_is_added_when_no_browser_asks(client: FlaskClient) -> None:
    """EHRs call from servers."""
    assert "Access-Control-Allow-Origin" not in client.get("/cds-services").headers
