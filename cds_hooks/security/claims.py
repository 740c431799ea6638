"""The claims of a client's token (CDS Hooks 2.0.1, "Trusting CDS Clients"; RFC 7519): read, then judged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import orjson

from cds_hooks.clients import Client
from cds_hooks.security.refusal import Refusal, TokenRefusedError

LEEWAY = 10
"""Seconds by which the clocks of caller and service may differ."""


@dataclass(frozen=True)
class Claims:
    """What a token says. Times are in seconds since 1970."""

    issuer: str
    audiences: tuple[str, ...]
    expires: float
    issued: float
    token_id: str
    not_before: float | None = None
    tenant: str | None = None


def read_claims(payload: bytes) -> Claims:
    """The claims, each of its type. Raises TokenRefusedError where one is missing or of another type."""
    try:
        data = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise TokenRefusedError(Refusal.MALFORMED) from None
    if not isinstance(data, dict):
        raise TokenRefusedError(Refusal.MALFORMED)
    tenant, not_before = data.get("tenant"), data.get("nbf")
    return Claims(
        issuer=_read_text(data.get("iss")),
        audiences=_read_audiences(data.get("aud")),
        expires=_read_time(data.get("exp")),
        issued=_read_time(data.get("iat")),
        token_id=_read_text(data.get("jti")),
        not_before=None if not_before is None else _read_time(not_before),
        tenant=None if tenant is None else _read_text(tenant),
    )


def check_claims(claims: Claims, client: Client, audience: str, now: float) -> None:
    """Raise TokenRefusedError unless the token is meant for this address and for now, and short-lived enough."""
    if not {audience, *client.audiences}.intersection(claims.audiences):
        raise TokenRefusedError(Refusal.AUDIENCE, client.name)
    if claims.expires <= now - LEEWAY:
        raise TokenRefusedError(Refusal.EXPIRED, client.name)
    if max(claims.issued, claims.not_before or 0) > now + LEEWAY:
        raise TokenRefusedError(Refusal.FUTURE, client.name)
    if not 0 < claims.expires - claims.issued <= client.max_lifetime:
        raise TokenRefusedError(Refusal.LIFETIME, client.name)


def _read_text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TokenRefusedError(Refusal.CLAIMS)
    return value


def _read_audiences(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise TokenRefusedError(Refusal.CLAIMS)
    return tuple(_read_text(each) for each in listed)


def _read_time(value: Any) -> float:
    # True is a number to Python; text that looks like one is not a NumericDate.
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TokenRefusedError(Refusal.CLAIMS)
    return float(value)
