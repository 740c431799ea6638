"""Whole requests and their whole answers, kept side by side in tests/golden/<service>/<what the case shows>/.

`request.json` is what the EHR sends. `response.json` is the answer to a 200; a refusal is kept as
`response-<status>.json`. What changes from call to call (uuids) or from edit to edit (the version of a content file)
is replaced by a word. After a change that is meant to change answers, read the difference and keep it:

    python -m pytest tests/test_flow.py --write-goldens && git diff tests/golden
"""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from samples import SETTINGS

from app import create_app
from cds_hooks.content import Content

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.parent.relative_to(GOLDEN).as_posix() for path in GOLDEN.glob("*/*/request.json"))
TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def golden_client(content: Content) -> FlaskClient:
    """The service on the day that the goldens are dated to."""
    app = create_app(SETTINGS, content)
    app.extensions["pgx-cds"] = dataclasses.replace(app.extensions["pgx-cds"], today=lambda: TODAY)
    return app.test_client()


def steady(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer without what differs from call to call or from edit to edit; one uuid has one word."""
    words: dict[str, str] = {}
    for card_number, card in enumerate(answer.get("cards", ()), 1):
        card["uuid"] = words.setdefault(card["uuid"], f"card {card_number}")
        for number, suggestion in enumerate(card.get("suggestions", ()), 1):
            suggestion["uuid"] = words.setdefault(suggestion["uuid"], f"suggestion {card_number}.{number}")
        card["extension"]["org.pgx-cds"]["content"] = "of all content"
        for finding in card["extension"]["org.pgx-cds"]["findings"]:
            finding["contentVersion"] = "of the drug's file"
            for estimate in finding.get("estimates", ()):
                estimate["contentVersion"] = "of the formula's file"
    return answer


@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_the_golden_one(case: str, golden_client: FlaskClient, request: pytest.FixtureRequest) -> None:
    """Every member of the answer, card for card."""
    service, folder = case.partition("/")[0], GOLDEN / case
    body = (folder / "request.json").read_bytes()
    answer = golden_client.post(f"/cds-services/{service}", data=body, content_type="application/json")
    name = "response.json" if answer.status_code == 200 else f"response-{answer.status_code}.json"
    found = steady(answer.json)
    if request.config.getoption("--write-goldens"):
        for old in folder.glob("response*.json"):
            old.unlink()
        (folder / name).write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    assert [path.name for path in folder.glob("response*.json")] == [name]
    assert found == orjson.loads((folder / name).read_bytes())


def test_every_service_has_goldens(content: Content) -> None:
    """And no golden is left for a service that is gone."""
    assert {case.partition("/")[0] for case in CASES} == set(content.services)
