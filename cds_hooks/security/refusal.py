"""Why a token is refused: for the log alone. The caller is told nothing but that it is."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """The reasons, as they stand in the log."""

    MISSING = "no bearer token"
    TOO_LONG = "too long"
    MALFORMED = "no JSON Web Token"
    TYPE = "typ is not JWT"
    ALGORITHM = "algorithm not allowed"
    KEY_ID = "no kid"
    KEY_ADDRESS = "jku is not the registered one"
    CLAIMS = "a claim (iss, aud, exp, iat, jti; tenant, nbf) is missing or of a wrong type"
    CLIENT = "no client of this issuer and tenant"
    AUDIENCE = "meant for another address"
    EXPIRED = "expired"
    FUTURE = "from the future"
    LIFETIME = "lives too long"
    KEY = "no such key"
    NO_KEYS = "the client's keys cannot be had"
    SIGNATURE = "wrong signature"
    REPLAYED = "used before"


class TokenRefusedError(Exception):
    """A token that is not taken. `client` names the client that it claims to come from, where there is one."""

    def __init__(self, reason: Refusal, client: str | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.client = client
