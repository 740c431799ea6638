"""A client's public keys: a JSON Web Key Set (RFC 7517), of which only what fits is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

PublicKey = EllipticCurvePublicKey | RSAPublicKey
KeySet = Mapping[tuple[str, str], PublicKey]
"""The keys by `kid` and algorithm (ES384 or RS384)."""

_SMALLEST_RSA = 2048


class KeySetError(Exception):
    """There are no keys to be had, or they cannot be read. The message says why and quotes nothing."""


def parse_key_set(body: bytes) -> KeySet:
    """The keys of a set that may verify a token's signature; an empty set is one, too: its owner has withdrawn all.

    Left out are keys without `kid`, for another use (`use`, `key_ops`) or another algorithm, private and symmetric
    keys, RSA keys under 2048 bits, and keys of one `kid` and algorithm of which there are several. Raises KeySetError.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise KeySetError("is no JSON") from None
    listed = data.get("keys") if isinstance(data, dict) else None
    if not isinstance(listed, list):
        raise KeySetError("is no JSON Web Key Set")
    found = [pair for entry in listed if isinstance(entry, dict) for pair in _read_key(entry)]
    times = Counter(name for name, _ in found)
    return {name: key for name, key in found if times[name] == 1}


def _read_key(entry: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], PublicKey]]:
    """The key under its name, or nothing."""
    kid, algorithm = entry.get("kid"), _find_algorithm(entry)
    if not isinstance(kid, str) or not kid or algorithm is None or not _is_for_verifying(entry):
        return
    try:
        key = (ECAlgorithm if algorithm == "ES384" else RSAAlgorithm).from_jwk(dict(entry))
    except (PyJWTError, ValueError, TypeError, KeyError):
        return
    # A private key that was published is no secret any more: what it signs proves nothing.
    if isinstance(key, EllipticCurvePublicKey) or (isinstance(key, RSAPublicKey) and key.key_size >= _SMALLEST_RSA):
        yield (kid, algorithm), key


def _find_algorithm(entry: Mapping[str, Any]) -> str | None:
    """What the key is for by its kind; None where `alg` says otherwise."""
    if entry.get("kty") == "RSA":
        fitting = "RS384"
    elif (entry.get("kty"), entry.get("crv")) == ("EC", "P-384"):
        fitting = "ES384"
    else:
        return None
    return fitting if entry.get("alg", fitting) == fitting else None


def _is_for_verifying(entry: Mapping[str, Any]) -> bool:
    operations = entry.get("key_ops", ["verify"])
    return entry.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations
