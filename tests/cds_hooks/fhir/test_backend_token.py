"""Tokens of the service's own: asked for by the rules of SMART Backend Services, kept, renewed, and never told."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fhir_stub import FhirStub, Reply, json_reply
from token_stub import Answer, TokenStub, grant, make_key, refuse, serve_tokens, write_pem

from cds_hooks.clients import Backend, ClientsError
from cds_hooks.fhir.backend_token import BackendTokens
from cds_hooks.fhir.bundle import Page, Reason
from cds_hooks.fhir.client import FhirClient, Limits
from cds_hooks.hook_request import FhirAccess

ES384, RS384 = make_key("ES384"), make_key("RS384")
ONE, TWO = ({"resourceType": "Observation", "id": str(number)} for number in (1, 2))
Builder = Callable[..., dict[str, Any]]


class Clock:
    """A clock that stands until it is set forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def token_stub() -> Iterator[TokenStub]:
    """A token endpoint that answers as the test tells it."""
    with serve_tokens() as stub:
        yield stub


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """The client's private key."""
    return write_pem(ES384, tmp_path / "key.pem")


@pytest.fixture
def clock() -> Clock:
    """The holder's clock."""
    return Clock()


@pytest.fixture
def tokens(token_stub: TokenStub, fhir_stub: FhirStub, pem: Path, clock: Clock) -> BackendTokens:
    """The holder for the stub."""
    return BackendTokens(token_stub.backend(pem, fhir_stub.url), timeout=1, clock=clock)


def soon(seconds: float = 3) -> float:
    """A deadline."""
    return time.monotonic() + seconds


def fetch(tokens: BackendTokens, access: FhirAccess, *addresses: str) -> list[Page]:
    """Searches with whatever token is due."""
    client = FhirClient(Limits(private=True, timeout=1, budget=3), tokens)
    found = client.fetch_all(access, {address: address for address in addresses}, client.start_budget())
    return [found[address] for address in addresses]


@pytest.mark.parametrize(("algorithm", "key"), [("ES384", ES384), ("RS384", RS384)])
@pytest.mark.parametrize("shape", ["PEM", "JWK"])
def test_the_assertion_is_what_smart_asks_for(
    token_stub: TokenStub, tmp_path: Path, algorithm: str, key: Any, shape: str
) -> None:
    """A form post, signed by the client's key, for this endpoint, for at most five minutes, with an id of its own."""
    file = write_pem(key, tmp_path / "key")
    if shape == "JWK":
        file.write_text(json.dumps(jwt.get_algorithm_by_name(algorithm).to_jwk(key, as_dict=True)))
    holder = BackendTokens(token_stub.backend(file, "https://fhir.example.org/r4", algorithm))
    assert holder.obtain(soon()) == "token-1"
    assert BackendTokens(token_stub.backend(file, "https://x.example", algorithm)).obtain(soon()) == "token-2"
    (first, second) = token_stub.forms
    assertions = [form.pop("client_assertion") for form in (first, second)]
    assert first == {
        "grant_type": "client_credentials",
        "scope": "system/*.rs",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    assert jwt.get_unverified_header(assertions[0]) == {"alg": algorithm, "kid": "key-1", "typ": "JWT"}
    claims, others = (
        jwt.decode(text, key.public_key(), algorithms=[algorithm], audience=token_stub.url) for text in assertions
    )
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("pgx-cds", "pgx-cds", token_stub.url)
    assert 0 < claims["exp"] - claims["iat"] <= 300
    assert claims["jti"] != others["jti"]


def test_a_token_is_kept_until_shortly_before_its_end(
    tokens: BackendTokens, token_stub: TokenStub, clock: Clock
) -> None:
    """Of a long-lived one the last half minute is not used."""
    assert [tokens.obtain(soon()), tokens.obtain(soon())] == ["token-1", "token-1"]
    clock.now += 269
    assert tokens.obtain(soon()) == "token-1"
    clock.now += 1
    assert (tokens.obtain(soon()), len(token_stub.forms)) == ("token-2", 2)


def test_of_a_short_lived_token_half_its_life_is_used(
    tokens: BackendTokens, token_stub: TokenStub, clock: Clock
) -> None:
    """It is not asked for anew at every call."""
    token_stub.answer = lambda number: grant(f"token-{number}", 20)
    assert tokens.obtain(soon()) == "token-1"
    clock.now += 9
    assert tokens.obtain(soon()) == "token-1"
    clock.now += 1
    assert tokens.obtain(soon()) == "token-2"


def test_one_thread_asks_for_all(tokens: BackendTokens, token_stub: TokenStub) -> None:
    """Twenty calls that come at once lead to one exchange."""
    token_stub.hold.clear()
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(tokens.obtain, soon()) for _ in range(20)]
        while not token_stub.forms:
            time.sleep(0.01)
        token_stub.hold.set()
        assert {one.result() for one in waiting} == {"token-1"}
    assert len(token_stub.forms) == 1


REFUSALS: dict[str, tuple[Answer, str]] = {
    "refused": (refuse("invalid_client", 401), "it refused (401, invalid_client)"),
    "odd error": (refuse("<script>", 400), "it refused (400, no error code)"),
    "redirect": ((302, b"{}", {"Location": "http://127.0.0.1:9/"}), "it refused (302, no error code)"),
    "refused in HTML": ((403, b"<html>", {}), "it refused (403, no error code)"),
    "server error": ((500, b"{}", {}), "it refused (500, no error code)"),
    "HTML": ((200, b"<html>", {}), "its answer was no JSON, or too large"),
    "a list": ((200, b"[]", {}), "its answer has no token that can be sent"),
    "no token": (grant(""), "its answer has no token that can be sent"),
    "token of two lines": (grant("a\r\nX: y"), "its answer has no token that can be sent"),
    "token is a number": ((200, b'{"access_token": 1}', {}), "its answer has no token that can be sent"),
    "another kind": (grant("t", token_type="DPoP"), "its token is no bearer token"),
    "no life": (grant("t", None), "its answer does not say how long the token lives (expires_in)"),
    "no life left": (grant("t", 0), "its answer does not say how long the token lives (expires_in)"),
    "too large": (grant("t", padding="x" * 70_000), "its answer was no JSON, or too large"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_failure_is_a_reason_and_a_line_for_the_operator(
    tokens: BackendTokens, token_stub: TokenStub, fhir_stub: FhirStub, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    """Nothing is asked of the FHIR server; the log says what the endpoint did, and quotes no word of it."""
    logger = logging.getLogger("cds_hooks.fhir.backend_token")
    logger.addHandler(caplog.handler)
    answer, why = REFUSALS[case]
    token_stub.answer = lambda _: answer
    try:
        assert fetch(tokens, FhirAccess(fhir_stub.url), "Observation") == [Page(reason=Reason.NO_OWN_TOKEN)]
    finally:
        logger.removeHandler(caplog.handler)
    told = {(record.__dict__["client_id"], record.__dict__["token_endpoint"]) for record in caplog.records}
    assert (told, fhir_stub.asked) == ({("pgx-cds", why)}, [])
    assert "s3cret" not in caplog.text


def test_a_failed_endpoint_is_left_alone_for_a_while(
    tokens: BackendTokens, token_stub: TokenStub, clock: Clock
) -> None:
    """Ten queries of one call are not ten attempts."""
    token_stub.answer = lambda number: refuse("invalid_client", 401) if number == 1 else grant(f"token-{number}")
    assert [tokens.obtain(soon()) for _ in range(3)] == [Reason.NO_OWN_TOKEN] * 3
    assert len(token_stub.forms) == 1
    clock.now += 5
    assert tokens.obtain(soon()) == "token-2"


def test_an_endpoint_that_is_not_there_is_a_reason(pem: Path) -> None:
    """No exception, whatever the network does."""
    backend = Backend(
        "https://fhir.example.org", "http://127.0.0.1:9/token", "pgx-cds", pem, "key-1", "ES384", "system/*.rs"
    )
    assert BackendTokens(backend).obtain(soon()) is Reason.NO_OWN_TOKEN


def test_a_slow_endpoint_is_out_of_time(tokens: BackendTokens, token_stub: TokenStub, fhir_stub: FhirStub) -> None:
    """Nobody waits longer than the call may take, neither who asks nor who waits for the one that asks."""
    token_stub.hold.clear()
    client = FhirClient(Limits(private=True, timeout=1, budget=0.3), tokens)
    addresses = {"genes": "Observation", "conditions": "Condition"}
    found = client.fetch_all(FhirAccess(fhir_stub.url), addresses, client.start_budget())
    assert {key: page.resources for key, page in found.items()} == {"genes": (), "conditions": ()}
    assert {page.reason for page in found.values()} <= {Reason.TIMEOUT, Reason.NO_OWN_TOKEN_YET}
    token_stub.hold.set()
    assert str(tokens.obtain(soon())).startswith("token-")


def test_the_own_token_is_sent_when_the_call_brings_none(
    tokens: BackendTokens, fhir_stub: FhirStub, bundle: Builder
) -> None:
    """To the server that it is for."""
    fhir_stub.answers["Observation"] = json_reply(bundle(ONE))
    assert fetch(tokens, FhirAccess(fhir_stub.url), "Observation") == [Page((ONE,))]
    assert fhir_stub.tokens == ["Bearer token-1"]


def test_the_calls_own_token_goes_first(
    tokens: BackendTokens, token_stub: TokenStub, fhir_stub: FhirStub, bundle: Builder
) -> None:
    """It is the user's; where it is refused, no other takes its place."""
    fhir_stub.answers |= {"Observation": json_reply(bundle(ONE)), "Condition": Reply(401)}
    pages = fetch(tokens, FhirAccess(fhir_stub.url, "users"), "Observation", "Condition")
    assert pages == [Page((ONE,)), Page(reason=Reason.UNAUTHORISED)]
    assert (set(fhir_stub.tokens), token_stub.forms) == ({"Bearer users"}, [])


@pytest.mark.parametrize("server", ["{url}/other", "{url}x", "{host}"])
def test_the_own_token_goes_to_no_other_server(
    tokens: BackendTokens, token_stub: TokenStub, fhir_stub: FhirStub, server: str
) -> None:
    """Not even to another path of the same host."""
    address = server.format(url=fhir_stub.url, host=fhir_stub.url.removesuffix("/fhir"))
    fetch(tokens, FhirAccess(address), "Observation")
    assert (fhir_stub.tokens, token_stub.forms) == ([None], [])


def test_a_call_without_a_server_is_read_from_the_own_one(tokens: BackendTokens, fhir_stub: FhirStub) -> None:
    """A server that the call names stays; a client without tokens of its own has none to offer."""
    named = FhirAccess("https://fhir.example.org", "t")
    with_own, without = FhirClient(Limits(), tokens), FhirClient(Limits())
    assert with_own.choose_access(None) == FhirAccess(fhir_stub.url)
    assert (with_own.choose_access(named), without.choose_access(named), without.choose_access(None)) == (
        named,
        named,
        None,
    )


def answer_only(stub: FhirStub, token: str, page: dict[str, Any]) -> None:
    """Let the server take one token alone."""
    stub.answers["Observation"] = lambda _: json_reply(page) if stub.tokens[-1] == f"Bearer {token}" else Reply(401)


def test_a_refused_token_is_renewed_once(
    tokens: BackendTokens, fhir_stub: FhirStub, bundle: Builder, clock: Clock
) -> None:
    """The server has forgotten the token before its time."""
    tokens.obtain(soon())
    clock.now += 60
    answer_only(fhir_stub, "token-2", bundle(ONE))
    assert fetch(tokens, FhirAccess(fhir_stub.url), "Observation") == [Page((ONE,))]
    assert fhir_stub.tokens == ["Bearer token-1", "Bearer token-2"]


def test_a_token_that_ends_in_the_middle_of_paging_is_renewed(
    tokens: BackendTokens, fhir_stub: FhirStub, bundle: Builder, clock: Clock
) -> None:
    """The page is asked for again, and nothing is missing."""
    tokens.obtain(soon())
    clock.now += 60
    pages = {
        ("Bearer token-1", "Observation"): bundle(ONE, link=[{"relation": "next", "url": "Observation?page=2"}]),
        ("Bearer token-2", "Observation?page=2"): bundle(TWO),
    }

    def answer(target: str) -> Reply:
        found = pages.get((str(fhir_stub.tokens[-1]), target))
        return json_reply(found) if found else Reply(401)

    fhir_stub.answers["Observation"] = answer
    assert fetch(tokens, FhirAccess(fhir_stub.url), "Observation") == [Page((ONE, TWO))]
    assert fhir_stub.asked == ["Observation", "Observation?page=2", "Observation?page=2"]


def test_a_server_that_refuses_every_token_is_asked_twice_and_no_more(
    tokens: BackendTokens, token_stub: TokenStub, fhir_stub: FhirStub, clock: Clock
) -> None:
    """A token that was only just issued is not better for being issued again."""
    tokens.obtain(soon())
    clock.now += 60
    fhir_stub.answers["Observation"] = Reply(401)
    for _ in range(3):
        assert fetch(tokens, FhirAccess(fhir_stub.url), "Observation") == [Page(reason=Reason.UNAUTHORISED)]
    assert (fhir_stub.tokens[:2], len(fhir_stub.tokens), len(token_stub.forms)) == (
        ["Bearer token-1", "Bearer token-2"],
        4,
        2,
    )


def wrong_keys(folder: Path) -> dict[str, Path]:
    """Files that hold no key for ES384."""
    public = orjson.dumps(jwt.get_algorithm_by_name("ES384").to_jwk(ES384.public_key(), as_dict=True))
    (folder / "public.jwk").write_bytes(public)
    (folder / "words.pem").write_text("-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n")
    (folder / "empty").touch()
    return {
        "another curve": write_pem(ec.generate_private_key(ec.SECP256R1()), folder / "p256.pem"),
        "another kind": write_pem(RS384, folder / "rsa.pem"),
        "public": folder / "public.jwk",
        "no key": folder / "words.pem",
        "empty": folder / "empty",
        "no file": folder / "none",
    }


@pytest.mark.parametrize("case", ["another curve", "another kind", "public", "no key", "empty", "no file"])
def test_a_key_that_does_not_fit_stops_the_start(tmp_path: Path, token_stub: TokenStub, case: str) -> None:
    """The fault names the file and what belongs there, and quotes nothing of it."""
    file = wrong_keys(tmp_path)[case]
    with pytest.raises(ClientsError) as caught:
        BackendTokens(token_stub.backend(file, "https://fhir.example.org"))
    assert [fault.where for fault in caught.value.faults] == ["/backend/key_file"]
    assert "s3cret" not in str(caught.value)


def test_a_short_rsa_key_stops_the_start(tmp_path: Path, token_stub: TokenStub) -> None:
    """Below 2048 bits none is used."""
    file = write_pem(rsa.generate_private_key(65_537, 1024), tmp_path / "short.pem")
    with pytest.raises(ClientsError):
        BackendTokens(token_stub.backend(file, "https://fhir.example.org", "RS384"))


def test_no_token_shows_in_what_is_printed(tokens: BackendTokens, fhir_stub: FhirStub) -> None:
    """Whoever prints a client or an access sees neither the call's token nor the service's own."""
    token = str(tokens.obtain(soon()))
    client = FhirClient(Limits(), tokens)
    access = FhirAccess(fhir_stub.url, "users-t0ken")
    shown = "".join(map(repr, (client, tokens, vars(tokens), access, replace(access, server="x"))))
    assert token not in shown
    assert "users-t0ken" not in shown
