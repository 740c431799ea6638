"""A token is believed when everything about it is right, and refused for the one thing that is not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from tokens import Signer, decode, encode, make_signer, sign, sign_parts, sign_symmetric

from cds_hooks.clients import Client
from cds_hooks.security.callers import Caller, Callers
from cds_hooks.security.key_set import KeySetError, PublicKey
from cds_hooks.security.refusal import Refusal, TokenRefusedError
from cds_hooks.security.token import LONGEST, VerifiedToken, verify_token

NOW = 1_800_000_000.0
ISSUER = "https://ehr.example.org"
URL = f"{ISSUER}/jwks.json"
AUDIENCE = "https://cds.example.org/cds-services/pgx-order-sign"
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "iat": NOW - 1, "exp": NOW + 100, "jti": "one"}
EC, RSA = make_signer("ec"), make_signer("rsa", "RS384")
STRANGER = make_signer("ec-of-another")
CLIENT = Client(name="general", consent="ehr", issuer=ISSUER, keys_url=URL, audiences=("urn:cds",))


class Keys:
    """Keys at hand."""

    def __init__(self, *signers: Signer) -> None:
        self.keys: dict[tuple[str, str], PublicKey] = {
            (signer.kid, signer.algorithm): signer.private.public_key() for signer in signers
        }

    def find(self, kid: str, algorithm: str) -> PublicKey | None:
        """One of them."""
        return self.keys.get((kid, algorithm))


class NoKeys:
    """A key server that never answered."""

    def find(self, kid: str, algorithm: str) -> PublicKey | None:
        """Nothing is known."""
        raise KeySetError("no keys could be fetched")


CALLERS = Callers([Caller(CLIENT, Keys(EC, RSA))])


def verify(token: str, callers: Callers = CALLERS) -> VerifiedToken:
    """The verdict on a token that comes at NOW."""
    return verify_token(token, callers, AUDIENCE, NOW)


def reason(token: str, callers: Callers = CALLERS) -> tuple[Refusal, str | None]:
    """Why a token is refused, and whose it says it is."""
    with pytest.raises(TokenRefusedError) as caught:
        verify(token, callers)
    return caught.value.reason, caught.value.client


@pytest.mark.parametrize("signer", [EC, RSA], ids=lambda signer: signer.algorithm)
def test_a_token_is_believed_when_everything_is_right(signer: Signer) -> None:
    """Its client, its digest, and the second from which it is too old."""
    digest = hashlib.sha256(f"{ISSUER}\0one".encode()).hexdigest()
    assert verify(sign(signer, CLAIMS)) == VerifiedToken(CLIENT, digest, NOW + 110)


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({"aud": ["https://other.example.org", AUDIENCE]}, {}),
        ({"aud": "urn:cds"}, {}),
        ({}, {"typ": "jwt"}),
        ({}, {"jku": URL}),
        ({"exp": NOW - 9, "iat": NOW - 60}, {}),
        ({"iat": NOW + 9}, {}),
        ({"nbf": NOW + 9}, {}),
        ({"iat": NOW - 200, "exp": NOW + 100}, {}),
        ({"iat": NOW - 0.5, "exp": NOW + 0.5}, {}),
        ({"tenant": "any"}, {}),
    ],
)
def test_a_token_is_believed_at_the_edge_of_what_is_allowed(claims: dict[str, Any], header: dict[str, Any]) -> None:
    """Each of these is as far as one may go."""
    assert verify(sign(EC, CLAIMS | claims, **header)).client == CLIENT


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"aud": f"{AUDIENCE}/"}, Refusal.AUDIENCE),
        ({"aud": "https://cds.example.org"}, Refusal.AUDIENCE),
        ({"aud": ["https://other.example.org"]}, Refusal.AUDIENCE),
        ({"exp": NOW - 10, "iat": NOW - 60}, Refusal.EXPIRED),
        ({"iat": NOW + 11}, Refusal.FUTURE),
        ({"nbf": NOW + 11}, Refusal.FUTURE),
        ({"iat": NOW - 201, "exp": NOW + 100}, Refusal.LIFETIME),
        ({"iat": NOW + 5, "exp": NOW + 5}, Refusal.LIFETIME),
        ({"iat": -1e300, "exp": NOW + 5}, Refusal.LIFETIME),
        ({"exp": 1e300}, Refusal.LIFETIME),
        ({"iss": "https://other.example.org"}, Refusal.CLIENT),
        ({"iss": f"{ISSUER}/"}, Refusal.CLIENT),
        ({"iss": [ISSUER]}, Refusal.CLAIMS),
        ({"aud": []}, Refusal.CLAIMS),
        ({"aud": [AUDIENCE, 1]}, Refusal.CLAIMS),
        ({"aud": {}}, Refusal.CLAIMS),
        ({"exp": str(NOW + 100)}, Refusal.CLAIMS),
        ({"exp": True}, Refusal.CLAIMS),
        ({"iat": None}, Refusal.CLAIMS),
        ({"nbf": "soon"}, Refusal.CLAIMS),
        ({"jti": 1}, Refusal.CLAIMS),
        ({"jti": ""}, Refusal.CLAIMS),
        ({"tenant": 1}, Refusal.CLAIMS),
    ],
)
def test_a_token_is_refused_for_its_claims(claims: dict[str, Any], expected: Refusal) -> None:
    """One step beyond what is allowed, or of a wrong type."""
    assert reason(sign(EC, CLAIMS | claims))[0] == expected


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "iat", "jti"])
def test_a_token_is_refused_when_a_claim_is_missing(name: str) -> None:
    """None of the five can be done without."""
    without = {key: value for key, value in CLAIMS.items() if key != name}
    assert reason(sign(EC, without)) == (Refusal.CLAIMS, None)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"typ": None}, Refusal.TYPE),
        ({"typ": "at+jwt"}, Refusal.TYPE),
        ({"typ": 1}, Refusal.TYPE),
        ({"kid": None}, Refusal.KEY_ID),
        ({"kid": ""}, Refusal.KEY_ID),
        ({"kid": "unknown"}, Refusal.KEY),
        ({"kid": "rsa"}, Refusal.KEY),
        ({"jku": "https://elsewhere.example.org/jwks.json"}, Refusal.KEY_ADDRESS),
        ({"jku": None, "alg": None}, Refusal.ALGORITHM),
        ({"alg": "none"}, Refusal.ALGORITHM),
        ({"alg": "ES256"}, Refusal.ALGORITHM),
        ({"alg": "RS384"}, Refusal.KEY),
        ({"alg": ["ES384"]}, Refusal.ALGORITHM),
        ({"crit": ["b64"]}, Refusal.MALFORMED),
        ({"crit": ["exp"]}, Refusal.MALFORMED),
    ],
)
def test_a_token_is_refused_for_its_header(header: dict[str, Any], expected: Refusal) -> None:
    """Whatever it says of its key and its algorithm, nothing of it is followed."""
    assert reason(sign(EC, CLAIMS, **header))[0] == expected


def test_a_jku_of_null_is_no_address_and_is_refused() -> None:
    """Present is present; and a client of a key file has no address at all."""
    header = {"typ": "JWT", "alg": "ES384", "kid": "ec", "jku": None}
    token = sign_parts(EC, header, orjson.dumps(CLAIMS))
    filed = Client(name="filed", consent="ehr", issuer=ISSUER)
    assert reason(token) == (Refusal.KEY_ADDRESS, "general")
    assert reason(token, Callers([Caller(filed, Keys(EC))])) == (Refusal.KEY_ADDRESS, "filed")


def test_a_token_without_signature_is_refused() -> None:
    """alg "none", with an empty signature as the standard has it."""
    header = encode(orjson.dumps({"typ": "JWT", "alg": "none", "kid": "ec"}))
    assert reason(f"{header}.{encode(orjson.dumps(CLAIMS))}.") == (Refusal.ALGORITHM, "general")


@pytest.mark.parametrize("algorithm", ["HS256", "RS384"])
def test_a_public_key_is_no_secret_to_sign_with(algorithm: str) -> None:
    """Neither under the symmetric algorithm's own name, nor under that of the key."""
    token = sign_symmetric(RSA.pem, {"typ": "JWT", "alg": algorithm, "kid": "rsa"}, CLAIMS)
    assert reason(token)[0] == (Refusal.ALGORITHM if algorithm == "HS256" else Refusal.SIGNATURE)


def _change_payload(token: str) -> str:
    header, payload, signature = token.split(".")
    return f"{header}.{encode(decode(payload).replace(b'one', b'two'))}.{signature}"


def _change_signature(token: str) -> str:
    signed, _, signature = token.rpartition(".")
    changed = bytearray(decode(signature))
    changed[5] ^= 1
    return f"{signed}.{encode(bytes(changed))}"


def _change_header(token: str) -> str:
    header, _, rest = token.partition(".")
    changed = decode(header)[:-1] + b',"x":1}'
    return f"{encode(changed)}.{rest}"


@pytest.mark.parametrize("signer", [EC, RSA], ids=lambda signer: signer.algorithm)
@pytest.mark.parametrize("change", [_change_payload, _change_signature, _change_header])
def test_a_token_is_refused_when_anything_was_changed(signer: Signer, change: Callable[[str], str]) -> None:
    """Of payload, signature or header."""
    token = sign(signer, CLAIMS)
    assert verify(token).client == CLIENT
    assert reason(change(token)) == (Refusal.SIGNATURE, "general")


def test_a_token_is_refused_when_another_signed_it() -> None:
    """The kid is the client's, the key is not."""
    stranger = Signer("ec", "ES384", STRANGER.private)
    assert reason(sign(stranger, CLAIMS)) == (Refusal.SIGNATURE, "general")


def test_a_key_of_one_client_signs_nothing_for_another() -> None:
    """A key is looked up among those of the issuer alone."""
    other = Client(name="other", consent="ehr", issuer="https://other.example.org", keys_url=URL)
    both = Callers([Caller(CLIENT, Keys(EC)), Caller(other, Keys(STRANGER))])
    assert verify(sign(STRANGER, CLAIMS | {"iss": other.issuer}), both).client == other
    assert reason(sign(STRANGER, CLAIMS), both) == (Refusal.KEY, "general")


def test_an_algorithm_that_the_client_does_not_use_is_refused() -> None:
    """Though its key would do."""
    strict = Client(name="strict", consent="ehr", issuer=ISSUER, keys_url=URL, algorithms=("ES384",))
    callers = Callers([Caller(strict, Keys(EC, RSA))])
    assert verify(sign(EC, CLAIMS), callers).client == strict
    assert reason(sign(RSA, CLAIMS), callers) == (Refusal.ALGORITHM, "strict")


def test_clients_of_one_issuer_are_told_apart_by_their_tenant() -> None:
    """A tenant that nobody has is nobody's, not the one's without tenant."""
    north = Client(name="north", consent="ehr", issuer=ISSUER, tenant="n")
    plain = Client(name="plain", consent="ehr", issuer=ISSUER)
    callers = Callers([Caller(north, Keys(EC)), Caller(plain, Keys(EC))])
    assert verify(sign(EC, CLAIMS | {"tenant": "n"}), callers).client == north
    assert verify(sign(EC, CLAIMS), callers).client == plain
    assert reason(sign(EC, CLAIMS | {"tenant": "s"}), callers) == (Refusal.CLIENT, None)


def test_a_client_with_a_tenant_is_not_reached_without_it() -> None:
    """Also where its issuer has no other client."""
    callers = Callers([Caller(Client(name="north", consent="ehr", issuer=ISSUER, tenant="n"), Keys(EC))])
    assert reason(sign(EC, CLAIMS), callers) == (Refusal.CLIENT, None)


def test_a_token_is_refused_when_no_keys_are_to_be_had() -> None:
    """It cannot be told whether it is good."""
    assert reason(sign(EC, CLAIMS), Callers([Caller(CLIENT, NoKeys())])) == (Refusal.NO_KEYS, "general")


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b.c", "ä.ö.ü", "x" * 100, "null", f"{encode(b'[]')}.{encode(b'{}')}.x", f"{encode(b'{}')}.."],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    """By its form."""
    assert reason(token) == (Refusal.MALFORMED, None)


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b'{"iss": NaN}', b"\xff", b'"text"', b"[" * 3000])
def test_a_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    """Signed or not."""
    header = {"typ": "JWT", "alg": "ES384", "kid": "ec"}
    assert reason(sign_parts(EC, header, payload)) == (Refusal.MALFORMED, None)


def test_a_long_token_is_not_looked_at() -> None:
    """A good one that would fit, but for its length."""
    claims = CLAIMS | {"note": "x" * LONGEST}
    assert reason(sign(EC, claims)) == (Refusal.TOO_LONG, None)
