"""Black box: every wrong token is refused and every right one served, by both workers."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import pytest
from deployed import ROUNDS, Answered, Service
from registered import CHILDREN, CHILDRENS, EC, GENERAL, RSA
from tokens import Signer, decode, encode, make_claims, make_key_set, make_signer, sign, sign_symmetric

CLAIMS = "a claim (iss, aud, exp, iat, jti; tenant, nbf) is missing or of a wrong type"
pytestmark = pytest.mark.blackbox

DISCOVERY = "/cds-services"
HEALTH = "/health"
SELECT = "/cds-services/pgx-order-select"
FEEDBACK = f"{SELECT}/feedback"
ITEM = {"feedback": [{"card": "c-1", "outcome": "overridden", "outcomeTimestamp": "2026-02-01T10:30:00Z"}]}
REFUSED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "login"}]}
STRANGER = make_signer("stranger")

Make = Callable[[str], str | None]
"""Makes a token for an address."""


def _claims(aud: str | list[str], **changes: Any) -> dict[str, Any]:
    return make_claims(GENERAL, aud, **changes)


def _tamper_payload(aud: str) -> str:
    header, payload, signature = sign(EC, _claims(aud, jti="x" * 32)).split(".")
    return f"{header}.{encode(decode(payload).replace(b'x' * 32, b'y' * 32))}.{signature}"


def _tamper_signature(aud: str) -> str:
    signed, _, signature = sign(RSA, _claims(aud)).rpartition(".")
    changed = bytearray(decode(signature))
    changed[0] ^= 1
    return f"{signed}.{encode(bytes(changed))}"


def _unsigned(aud: str) -> str:
    header = orjson.dumps({"typ": "JWT", "alg": "none", "kid": EC.kid})
    return f"{encode(header)}.{encode(orjson.dumps(_claims(aud)))}."


def _leave_out(name: str, aud: str) -> str:
    return sign(EC, {key: value for key, value in _claims(aud).items() if key != name})


def _now() -> int:
    return int(time.time())


def _ask(service: Service, path: str, make: Callable[[], str | None], body: Any = None) -> list[Answered]:
    """The answers of both workers, each call with a token made for it."""
    return service.call_both_workers(lambda: service.call(path, make(), body))


def _sign_for(signer: Signer, issuer: str, audience: str | list[str], **header: Any) -> str:
    """A right token, short-lived enough for either client."""
    return sign(signer, make_claims(issuer, audience, exp=_now() + 50), **header)


WRONG: dict[str, tuple[Make, str]] = {
    "no token": (lambda _: None, "no bearer token"),
    "no JWT": (lambda _: "t0k3n", "no JSON Web Token"),
    "alg none": (_unsigned, "algorithm not allowed"),
    "HS256 with the public key as its secret": (
        lambda aud: sign_symmetric(RSA.pem, {"typ": "JWT", "alg": "HS256", "kid": RSA.kid}, _claims(aud)),
        "algorithm not allowed",
    ),
    "HMAC under the name RS384": (
        lambda aud: sign_symmetric(RSA.pem, {"typ": "JWT", "alg": "RS384", "kid": RSA.kid}, _claims(aud)),
        "wrong signature",
    ),
    "another type": (lambda aud: sign(EC, _claims(aud), typ="at+jwt"), "typ is not JWT"),
    "no kid": (lambda aud: sign(EC, _claims(aud), kid=None), "no kid"),
    "unknown kid": (lambda aud: sign(EC, _claims(aud), kid="made-up"), "no such key"),
    "unknown kid of a key server": (
        lambda aud: sign(CHILDRENS, make_claims(CHILDREN, aud, exp=_now() + 50), kid="made-up"),
        "no such key",
    ),
    "foreign jku": (
        lambda aud: sign(CHILDRENS, make_claims(CHILDREN, aud, exp=_now() + 50), jku="https://evil.example.org/jwks"),
        "jku is not the registered one",
    ),
    "jku where keys stand in a file": (
        lambda aud: sign(EC, _claims(aud), jku="https://general.example.org/jwks"),
        "jku is not the registered one",
    ),
    "wrong issuer": (
        lambda aud: sign(EC, make_claims("https://evil.example.org", aud)),
        "no client of this issuer and tenant",
    ),
    "wrong audience": (lambda aud: sign(EC, _claims(f"{aud}/other")), "meant for another address"),
    "the base address as audience": (
        lambda aud: sign(EC, _claims(aud.partition("/cds")[0])),
        "meant for another address",
    ),
    "expired": (lambda aud: sign(EC, _claims(aud, iat=_now() - 100, exp=_now() - 20)), "expired"),
    "from the future": (lambda aud: sign(EC, _claims(aud, iat=_now() + 60, exp=_now() + 120)), "from the future"),
    "not yet valid": (lambda aud: sign(EC, _claims(aud, nbf=_now() + 60)), "from the future"),
    "too long-lived": (lambda aud: sign(EC, _claims(aud, exp=_now() + 3600)), "lives too long"),
    "too long-lived for this client": (
        lambda aud: sign(CHILDRENS, make_claims(CHILDREN, aud, exp=_now() + 120)),
        "lives too long",
    ),
    "tampered payload": (_tamper_payload, "wrong signature"),
    "tampered signature": (_tamper_signature, "wrong signature"),
    "another's signature": (lambda aud: sign(STRANGER, _claims(aud), kid=EC.kid), "wrong signature"),
    "the right key of another client": (lambda aud: sign(CHILDRENS, _claims(aud)), "no such key"),
    **{f"without {name}": (partial(_leave_out, name), CLAIMS) for name in ("iss", "aud", "exp", "iat", "jti")},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_token_is_refused_by_both_workers(service: Service, order_select: dict[str, Any], name: str) -> None:
    """On discovery, hook and feedback, by the same bare answer; only the log knows why."""
    make, reason = WRONG[name]
    for path, body in ((DISCOVERY, None), (SELECT, order_select), (FEEDBACK, ITEM)):
        for each in _ask(service, path, partial(make, service.url + path), body):
            assert (each.status, each.response.headers["WWW-Authenticate"]) == (401, "Bearer")
            assert each.response.json() == REFUSED
            assert service.find_log_line(each.response)["refused"] == reason


@pytest.mark.parametrize(
    ("signer", "issuer"), [(EC, GENERAL), (RSA, GENERAL), (CHILDRENS, CHILDREN)], ids=["ES384", "RS384", "key server"]
)
def test_a_right_token_is_served_by_both_workers(
    service: Service, order_select: dict[str, Any], signer: Signer, issuer: str
) -> None:
    """On discovery, hook and feedback; keys of a file and of a key server; aud as text and as list."""
    jku = {"jku": f"{service.key_server.url}/jwks.json"} if signer is CHILDRENS else {}
    for path, body in ((DISCOVERY, None), (SELECT, order_select), (FEEDBACK, ITEM)):
        aud = service.url + path
        for audience in (aud, ["https://other.example.org", aud]):
            answers = _ask(service, path, partial(_sign_for, signer, issuer, audience, **jku), body)
            assert {each.status for each in answers} == {200}


def test_a_token_is_served_once_and_refused_by_the_other_worker(service: Service) -> None:
    """Used on one worker, then on both."""
    token = sign(EC, _claims(service.url + DISCOVERY))
    first = service.call(DISCOVERY, token)
    assert first.status_code == 200
    answers = _ask(service, DISCOVERY, lambda: token)
    others = {each.worker for each in answers} - {service.find_worker(first)}
    assert ({each.status for each in answers}, len(others)) == ({401}, 1)
    assert {service.find_log_line(each.response)["refused"] for each in answers} == {"used before"}


def test_a_token_is_served_once_when_all_use_it_at_the_same_time(service: Service) -> None:
    """Twenty calls at once, again and again until both workers have had a token between them."""
    for _ in range(ROUNDS):
        call = partial(service.call, DISCOVERY, sign(RSA, _claims(service.url + DISCOVERY)))
        answers = service.call_at_once([call] * 20)
        assert sorted(each.status for each in answers) == [200] + [401] * 19
        if len({each.worker for each in answers}) == 2:
            return
    pytest.fail("one worker took every call")


def test_each_client_is_answered_from_its_own_content(service: Service, order_select: dict[str, Any]) -> None:
    """One sees what needs an action, the other also what needs none."""
    order_select["prefetch"]["geneResults"]["entry"][0]["resource"]["valueCodeableConcept"]["text"] = "*1/*1"
    for signer, issuer, expected in ((EC, GENERAL, []), (CHILDRENS, CHILDREN, ["info"])):
        make = partial(_sign_for, signer, issuer, service.url + SELECT)
        for each in _ask(service, SELECT, make, order_select):
            assert [card["indicator"] for card in each.response.json()["cards"]] == expected


def test_a_key_that_is_put_into_the_file_is_known_to_both_workers(service: Service) -> None:
    """Without a restart."""
    new = make_signer("general-new")
    make = partial(_sign_for, new, GENERAL, service.url + DISCOVERY)
    assert {each.status for each in _ask(service, DISCOVERY, make)} == {401}
    (service.folder / "general.json").write_bytes(make_key_set(EC, RSA, new))
    assert {each.status for each in _ask(service, DISCOVERY, make)} == {200}


def test_health_needs_no_token_and_no_log_holds_one(service: Service) -> None:
    """After a good token, and one that was refused."""
    good, bad = (sign(EC, _claims(service.url + path)) for path in (DISCOVERY, SELECT))
    calls = ((HEALTH, None), (DISCOVERY, good), (DISCOVERY, bad))
    answers = [service.call(path, token) for path, token in calls]
    assert [each.status_code for each in answers] == [200, 200, 401]
    assert [service.find_log_line(each)["status"] for each in answers[1:]] == [200, 401]
    logged = service.read_log()
    assert [part for token in (good, bad) for part in token.split(".") if part in logged] == []
