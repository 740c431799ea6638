"""Every call needs a token, but for health and rules, and whatever is wrong with one, the answer is the same."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from registered import CHILDREN, CHILDRENS, EC, GENERAL, PUBLIC_URL, RSA, make_settings
from tokens import make_claims, make_signer, sign
from werkzeug.test import TestResponse

from app import create_app
from cds_hooks.content import Content
from cds_hooks.records.tables import TOKEN

DISCOVERY = "/cds-services"
SELECT = "/cds-services/pgx-order-select"
FEEDBACK = f"{SELECT}/feedback"
ITEM = {"feedback": [{"card": "c-1", "outcome": "overridden", "outcomeTimestamp": "2026-02-01T10:30:00Z"}]}


@pytest.fixture(scope="module")
def guarded(content: Content, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The service with two registered clients."""
    return create_app(make_settings(tmp_path_factory.mktemp("guarded")), content)


@pytest.fixture
def caller(guarded: Flask) -> FlaskClient:
    """Somebody who calls it, from another machine."""
    client = guarded.test_client()
    client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    return client


def bear(path: str, **changes: Any) -> dict[str, str]:
    """The header of a good token for a path."""
    return {"Authorization": f"Bearer {sign(EC, make_claims(GENERAL, PUBLIC_URL + path, **changes))}"}


def check_refused(answer: TestResponse) -> None:
    """The one answer that says nothing."""
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.get_json() == {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "login"}]}


def read_line(printed: str) -> dict[str, Any]:
    """The last line of the log on a request."""
    parsed = [orjson.loads(line) for line in printed.splitlines()]
    line: dict[str, Any] = [each for each in parsed if each.get("message") != "audit anchor"][-1]
    return line


@pytest.mark.parametrize("signer", [EC, RSA], ids=lambda signer: signer.algorithm)
def test_discovery_hooks_and_feedback_are_answered_with_a_token(
    caller: FlaskClient, order_select: dict[str, Any], signer: Any
) -> None:
    """Each call brings a token for its own address."""
    statuses = []
    for path, body in ((DISCOVERY, None), (SELECT, order_select), (FEEDBACK, ITEM)):
        token = sign(signer, make_claims(GENERAL, [PUBLIC_URL + path, "https://other.example.org"]))
        statuses.append(
            caller.open(path, method="POST" if body else "GET", json=body, headers={"Authorization": f"bearer {token}"})
        )
    assert [each.status_code for each in statuses] == [200, 200, 200]


@pytest.mark.parametrize(
    "path",
    [
        DISCOVERY,
        f"{DISCOVERY}/",
        SELECT,
        FEEDBACK,
        "/",
        "/nowhere",
        "/healthy",
        "/health/",
        "/transparency",
        "/openapi",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD", "DELETE"])
def test_nothing_is_answered_without_a_token(caller: FlaskClient, method: str, path: str) -> None:
    """Nobody learns which addresses there are."""
    answer = caller.open(path, method=method)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_an_unknown_address_is_named_to_a_known_caller(caller: FlaskClient) -> None:
    """With a token one gets the usual answers."""
    assert [caller.get(path, headers=bear(path)).status_code for path in ("/nowhere", SELECT)] == [404, 405]


def test_health_and_preflights_need_no_token(caller: FlaskClient) -> None:
    """Browsers and probes send none; a preflight is one only with its headers."""
    preflight = {"Origin": "https://ehr.example.org", "Access-Control-Request-Method": "POST"}
    assert caller.get("/health").status_code == 200
    assert caller.options(SELECT, headers=preflight).status_code == 204
    check_refused(caller.options(SELECT, headers={"Origin": "https://ehr.example.org"}))


@pytest.mark.parametrize(
    ("header", "reason", "claimed"),
    [
        (None, "no bearer token", None),
        ("", "no bearer token", None),
        ("Bearer", "no bearer token", None),
        ("Bearer  ", "no bearer token", None),
        ("Basic Z2VuZXJhbDpzZWNyZXQ=", "no bearer token", None),
        ("Bearer x.y.z", "no JSON Web Token", None),
        ("Bearer \xff", "no JSON Web Token", None),
        (f"Bearer {'x' * 9000}", "too long", None),
        (bear(SELECT)["Authorization"], "meant for another address", "general"),
        (bear(DISCOVERY, exp=time.time() - 60)["Authorization"], "expired", "general"),
        (f"{bear(DISCOVERY)['Authorization']}, Bearer x", "no JSON Web Token", None),
    ],
)
def test_every_refusal_looks_the_same_and_its_reason_is_in_the_log(
    caller: FlaskClient, capsys: pytest.CaptureFixture[str], header: str | None, reason: str, claimed: str | None
) -> None:
    """Neither the answer nor the log holds anything of the token."""
    answer = caller.get(DISCOVERY, headers={} if header is None else {"Authorization": header})
    check_refused(answer)
    line = read_line(capsys.readouterr().err)
    assert (line["status"], line["refused"], line["claimed_client"]) == (401, reason, claimed)
    assert not [part for part in (header or "").split(".") if len(part) > 20 and part in orjson.dumps(line).decode()]


def test_the_log_names_the_client_that_was_served(caller: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    """By the name it was registered under."""
    header = bear(DISCOVERY)
    assert caller.get(DISCOVERY, headers=header).status_code == 200
    printed = capsys.readouterr().err
    assert read_line(printed)["tenant"] == "general"
    assert not [part for part in header["Authorization"].split(".") if part in printed]


def test_a_token_serves_one_call(caller: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    """The second one is refused like any other."""
    header = bear(DISCOVERY)
    assert caller.get(DISCOVERY, headers=header).status_code == 200
    check_refused(caller.get(DISCOVERY, headers=header))
    assert read_line(capsys.readouterr().err)["refused"] == "used before"


def test_a_token_that_was_refused_uses_nothing_up(caller: FlaskClient) -> None:
    """Nobody can burn the ids of others by guessing them."""
    claims = make_claims(GENERAL, PUBLIC_URL + DISCOVERY)
    stranger = make_signer("stranger")
    for wrong in (
        sign(stranger, claims, kid=EC.kid),
        sign(EC, {**claims, "aud": "urn:other"}),
        sign(EC, claims, typ="x"),
    ):
        check_refused(caller.get(DISCOVERY, headers={"Authorization": f"Bearer {wrong}"}))
    right = {"Authorization": f"Bearer {sign(EC, claims)}"}
    assert caller.get(DISCOVERY, headers=right).status_code == 200


def test_the_same_jti_of_two_issuers_are_two_tokens(caller: FlaskClient) -> None:
    """Each issuer counts for itself."""
    statuses = []
    for signer, issuer in ((EC, GENERAL), (CHILDRENS, CHILDREN)):
        claims = make_claims(issuer, PUBLIC_URL + DISCOVERY, jti="42", exp=int(time.time()) + 50)
        statuses.append(caller.get(DISCOVERY, headers={"Authorization": f"Bearer {sign(signer, claims)}"}).status_code)
    assert statuses == [200, 200]


def test_each_client_is_answered_from_its_own_content(caller: FlaskClient, order_select: dict[str, Any]) -> None:
    """One sees what needs an action, the other also what needs none."""
    order_select["prefetch"]["geneResults"]["entry"][0]["resource"]["valueCodeableConcept"]["text"] = "*1/*1"
    shown = []
    for signer, issuer in ((EC, GENERAL), (CHILDRENS, CHILDREN)):
        claims = make_claims(issuer, PUBLIC_URL + SELECT, exp=int(time.time()) + 50)
        answer = caller.post(SELECT, json=order_select, headers={"Authorization": f"Bearer {sign(signer, claims)}"})
        shown.append([card["indicator"] for card in answer.get_json()["cards"]])
    assert shown == [[], ["info"]]


def test_a_call_is_not_answered_when_it_cannot_be_seen_whether_its_token_was_used(
    content: Content, tmp_path: Path
) -> None:
    """503: it may be sent again; a wrong token is still refused."""
    app = create_app(make_settings(tmp_path), content)
    TOKEN.drop(app.extensions["pgx-cds"].store.engine)
    caller = app.test_client()
    answer = caller.get(DISCOVERY, headers=bear(DISCOVERY))
    assert (answer.status_code, answer.get_json()["issue"][0]["code"]) == (503, "transient")
    check_refused(caller.get(DISCOVERY, headers=bear(SELECT)))


def test_what_a_rule_rests_on_needs_no_token(caller: FlaskClient) -> None:
    """A clinician's browser follows the card's link and brings none; it is content, of no patient. Nor does the
    description of the addresses."""
    page = caller.get("/transparency/clopidogrel/cpic/poor-acs-pci", headers={"Accept": "text/html"})
    assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
    assert caller.get("/openapi.json").status_code == 200
    for path in ("/transparency/no/such/rule", "/transparency/../cds-services", "/transparency//cds-services"):
        assert caller.get(path).status_code in (308, 404)
