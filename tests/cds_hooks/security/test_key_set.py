"""Of a key set only keys that fit are kept."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from tokens import Signer, make_key_set, make_signer

from cds_hooks.security.key_set import KeySetError, parse_key_set

EC, RSA = make_signer("ec"), make_signer("rsa", "RS384")


def kept(*keys: object) -> list[tuple[str, str]]:
    """Ids and algorithms of what is kept."""
    return list(parse_key_set(orjson.dumps({"keys": keys})))


def test_keys_of_both_kinds_are_kept() -> None:
    """By kid and algorithm, as the very keys."""
    found = parse_key_set(make_key_set(EC, RSA))
    assert list(found) == [("ec", "ES384"), ("rsa", "RS384")]
    assert found[("ec", "ES384")] == EC.private.public_key()
    assert found[("rsa", "RS384")] == RSA.private.public_key()


def test_two_keys_may_share_an_id_when_their_kind_differs() -> None:
    """RFC 7517, 4.5; two of one kind cannot be told apart, and neither is used."""
    again = make_signer("ec", "RS384")
    assert kept(EC.jwk, again.jwk) == [("ec", "ES384"), ("ec", "RS384")]
    assert kept(EC.jwk, {**make_signer("x").jwk, "kid": "ec"}, RSA.jwk) == [("rsa", "RS384")]


@pytest.mark.parametrize(
    "changes",
    [
        {"use": "enc"},
        {"alg": "RS384"},
        {"alg": "ES256"},
        {"alg": None},
        {"key_ops": ["encrypt"]},
        {"key_ops": "verify"},
        {"kid": ""},
        {"kid": 1},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"crv": "P-256"},
        {"x": "AAAA"},
        {"y": None},
    ],
)
def test_a_key_is_left_out_when_it_does_not_fit(changes: dict[str, Any]) -> None:
    """The other keys of the set stay."""
    assert kept(EC.jwk | changes, RSA.jwk) == [("rsa", "RS384")]


@pytest.mark.parametrize("name", ["use", "alg"])
def test_a_key_that_does_not_say_what_it_is_for_is_kept(name: str) -> None:
    """Both members are optional."""
    assert kept({key: value for key, value in EC.jwk.items() if key != name}) == [("ec", "ES384")]


def test_weak_keys_are_left_out() -> None:
    """RSA under 2048 bits, and a curve that belongs to no algorithm of ours."""
    p256 = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True)
    assert kept(make_signer("short", "RS384", 1024).jwk, {**p256, "kid": "p256"}, "text", RSA.jwk) == [("rsa", "RS384")]


@pytest.mark.parametrize("signer", [EC, RSA], ids=lambda signer: signer.algorithm)
def test_a_private_key_is_left_out(signer: Signer) -> None:
    """Once published, it proves nothing about who signed."""
    kind = ECAlgorithm if signer.algorithm == "ES384" else RSAAlgorithm
    private = kind.to_jwk(signer.private, as_dict=True)
    assert kept({**signer.jwk, **private, "key_ops": ["verify"]}) == []
    assert kept(signer.jwk) == [(signer.kid, signer.algorithm)]


def test_an_empty_set_withdraws_every_key() -> None:
    """It is a set like any other."""
    assert kept() == []


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"keys": {}}', b"null"])
def test_what_is_no_key_set_is_an_error(body: bytes) -> None:
    """And not an empty set."""
    with pytest.raises(KeySetError):
        parse_key_set(body)
