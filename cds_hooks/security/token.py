"""One client's token (CDS Hooks 2.0.1, "Trusting CDS Clients"): whose it is, and whether it may be believed.

What costs nothing is looked at first, then the key is looked up, then the signature is verified. Whether the token was
used before is asked last, by `replay`: a token that is refused for anything else uses nothing up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jwt import PyJWS
from jwt.exceptions import PyJWTError

from cds_hooks.clients import Client
from cds_hooks.security.callers import Caller, Callers
from cds_hooks.security.claims import LEEWAY, check_claims, read_claims
from cds_hooks.security.key_set import KeySetError, PublicKey
from cds_hooks.security.refusal import Refusal, TokenRefusedError

LONGEST = 8_192
"""Characters of the longest token that is looked at."""

_ALGORITHMS = ["ES384", "RS384"]
_JWS = PyJWS(algorithms=_ALGORITHMS)


@dataclass(frozen=True)
class VerifiedToken:
    """A token that may be believed, unless it was used before."""

    client: Client
    digest: str
    """SHA-256 of issuer and jti, in hexadecimal digits."""
    expires: float
    """The second from which it is refused for its age."""


def verify_token(token: str, callers: Callers, audience: str, now: float) -> VerifiedToken:
    """The token's client, when everything about it is right. Raises TokenRefusedError.

    `audience`: the address that was called; `now`: seconds since 1970.
    """
    header, payload = _read(token)
    claims = read_claims(payload)
    caller = callers.find(claims.issuer, claims.tenant)
    if caller is None:
        raise TokenRefusedError(Refusal.CLIENT)
    kid, algorithm = _check_header(header, caller.client)
    check_claims(claims, caller.client, audience, now)
    _verify_signature(token, algorithm, _find_key(caller, kid, algorithm), caller.client)
    digest = hashlib.sha256(f"{claims.issuer}\0{claims.token_id}".encode()).hexdigest()
    return VerifiedToken(caller.client, digest, claims.expires + LEEWAY)


def _read(token: str) -> tuple[Mapping[str, Any], bytes]:
    """Header and payload, of which nothing is proven yet."""
    if len(token) > LONGEST:
        raise TokenRefusedError(Refusal.TOO_LONG)
    try:
        parts = _JWS.decode_complete(token, options={"verify_signature": False})
    except (PyJWTError, ValueError):
        raise TokenRefusedError(Refusal.MALFORMED) from None
    return parts["header"], parts["payload"]


def _check_header(header: Mapping[str, Any], client: Client) -> tuple[str, str]:
    """`kid` and `alg`, when the header is one that this client may send."""
    kid, algorithm, kind = header.get("kid"), header.get("alg"), header.get("typ")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise TokenRefusedError(Refusal.TYPE, client.name)
    if not isinstance(algorithm, str) or algorithm not in client.algorithms or algorithm not in _ALGORITHMS:
        raise TokenRefusedError(Refusal.ALGORITHM, client.name)
    if not isinstance(kid, str) or not kid:
        raise TokenRefusedError(Refusal.KEY_ID, client.name)
    if "jku" in header and (client.keys_url is None or header["jku"] != client.keys_url):
        raise TokenRefusedError(Refusal.KEY_ADDRESS, client.name)
    return kid, algorithm


def _find_key(caller: Caller, kid: str, algorithm: str) -> PublicKey:
    try:
        key = caller.keys.find(kid, algorithm)
    except KeySetError:
        raise TokenRefusedError(Refusal.NO_KEYS, caller.client.name) from None
    if key is None:
        raise TokenRefusedError(Refusal.KEY, caller.client.name)
    return key


def _verify_signature(token: str, algorithm: str, key: PublicKey, client: Client) -> None:
    try:
        _JWS.decode_complete(token, key, algorithms=[algorithm])
    except (PyJWTError, ValueError):
        raise TokenRefusedError(Refusal.SIGNATURE, client.name) from None
