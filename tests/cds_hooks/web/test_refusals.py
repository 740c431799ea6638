"""Every failure is answered by its status and an OperationOutcome."""

from __future__ import annotations

from flask import Flask

from cds_hooks.web.refusals import register_handlers


def test_recursion_is_answered_as_deep_nesting() -> None:
    """Whoever nests data to exhaust the stack gets 400."""
    app = Flask(__name__)
    register_handlers(app)

    @app.get("/")
    def overflow() -> str:
        raise RecursionError

    answer = app.test_client().get("/")
    assert (answer.status_code, answer.get_json(force=True)["issue"][0]["diagnostics"]) == (
        400,
        "the JSON is nested too deeply. No FHIR resource needs this.",
    )
