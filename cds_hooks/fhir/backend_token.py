"""Tokens of the service's own, for calls that bring none: SMART Backend Services, one holder a client.

A signed assertion (private_key_jwt, RFC 7523) is traded for an access token at the client's token endpoint, by the
rules of https://hl7.org/fhir/smart-app-launch/STU2/backend-services.html. The token lives in memory alone. The endpoint
comes from the operator's file of clients and from nowhere else, so no caller can choose it.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import orjson
import requests
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from urllib3.exceptions import HTTPError, ReadTimeoutError

from cds_hooks.answer_body import read_body
from cds_hooks.clients import Backend, ClientsError
from cds_hooks.errors import Fault
from cds_hooks.fhir.bundle import Reason
from cds_hooks.fhir.connections import make_session

_LOG = logging.getLogger(__name__)
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME = 120
"""Seconds that an assertion lives; the limit is 300, and clocks differ."""
_MARGIN = 30.0
"""Seconds before its end at which a token is no longer used; of a short-lived one half its life."""
_PAUSE = 5.0
"""Seconds in which a failed endpoint is not asked again, and a token that was just issued is not renewed."""
_SIZE = 65_536
_SMALLEST_RSA = 2048
_TOKEN = re.compile(r"[!-~]{1,16384}")
_CODE = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True)
class _Held:
    """A token, and the moments (of the clock) at which it came and at which it is no longer used."""

    value: str = field(repr=False)
    since: float
    until: float


class BackendTokens:
    """Gets tokens and keeps the last one until shortly before it ends. Used by all threads; one asks at a time."""

    def __init__(
        self,
        backend: Backend,
        timeout: float = 2.0,
        ca: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ClientsError where the private key cannot be used."""
        self.server = backend.fhir_server.rstrip("/")
        self._backend = backend
        self._timeout = timeout
        self._clock = clock
        self._key = _read_key(backend)
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._failed: tuple[float, Reason] | None = None
        # The operator names the endpoint, and may name one inside.
        self._session = make_session(private=True, ca=ca)

    def obtain(self, deadline: float) -> str | Reason:
        """A token that is good for now; the reason where none could be had by the deadline (monotonic clock)."""
        held = self._held
        if held is not None and self._clock() < held.until:
            return held.value
        return self._get(deadline, None)

    def renew(self, refused: str, deadline: float) -> str | Reason:
        """A token other than the one that a server refused. One that was only just issued is not renewed."""
        return self._get(deadline, refused)

    def _get(self, deadline: float, refused: str | None) -> str | Reason:
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return Reason.NO_OWN_TOKEN_YET
        try:
            held, now = self._held, self._clock()
            # Another thread may have got one while this one waited.
            if held is not None and now < held.until and held.value != refused:
                return held.value
            if held is not None and held.value == refused and now < held.since + _PAUSE:
                return Reason.NO_OWN_TOKEN
            if self._failed is not None and now < self._failed[0] + _PAUSE:
                return self._failed[1]
            return self._ask(deadline)
        finally:
            self._lock.release()

    def _ask(self, deadline: float) -> str | Reason:
        """Ask the endpoint, and keep what came of it."""
        left = deadline - time.monotonic()
        if left <= 0:
            return Reason.NO_OWN_TOKEN_YET
        self._held = None
        asked_at = self._clock()
        got = self._exchange(min(self._timeout, left), deadline)
        if isinstance(got, Reason):
            if got is Reason.NO_OWN_TOKEN or left >= self._timeout:
                # One that was only given too little time may be asked again at once.
                self._failed = (self._clock(), got)
            return got
        token, lifetime = got
        self._failed = None
        self._held = _Held(token, asked_at, asked_at + lifetime - min(_MARGIN, lifetime / 2))
        return token

    def _exchange(self, wait_for: float, deadline: float) -> tuple[str, float] | Reason:
        form = {
            "grant_type": "client_credentials",
            "scope": self._backend.scope,
            "client_assertion_type": _ASSERTION,
            "client_assertion": self._sign(),
        }
        headers = {"Accept": "application/json"}
        try:
            response = self._session.post(
                self._backend.token_url,
                data=form,
                headers=headers,
                timeout=wait_for,
                allow_redirects=False,
                stream=True,
            )
            with response:
                body = bytearray()
                read_body(response, body, _SIZE, deadline)
                return self._read(response.status_code, bytes(body))
        except (requests.Timeout, ReadTimeoutError, TimeoutError):
            return self._fail(Reason.NO_OWN_TOKEN_YET, "it did not answer in time")
        except (requests.RequestException, HTTPError, OSError):
            if time.monotonic() >= deadline:
                # It was this side that broke it off.
                return self._fail(Reason.NO_OWN_TOKEN_YET, "it did not answer in time")
            return self._fail(Reason.NO_OWN_TOKEN, "it could not be reached, or broke off")
        except ValueError:
            return self._fail(Reason.NO_OWN_TOKEN, "its answer was no JSON, or too large")

    def _sign(self) -> str:
        now = int(time.time())
        name = self._backend.client_id
        claims = {
            "iss": name,
            "sub": name,
            "aud": self._backend.token_url,
            "iat": now,
            "exp": now + _LIFETIME,
            "jti": str(uuid4()),
        }
        return jwt.encode(claims, self._key, algorithm=self._backend.algorithm, headers={"kid": self._backend.key_id})

    def _read(self, status: int, body: bytes) -> tuple[str, float] | Reason:
        """Token and lifetime of an answer. Raises ValueError where it is no JSON."""
        if status != 200:
            code = _read_object(body, lenient=True).get("error")
            named = code if isinstance(code, str) and _CODE.fullmatch(code) else "no error code"
            return self._fail(Reason.NO_OWN_TOKEN, f"it refused ({status}, {named})")
        answer = _read_object(body)
        token, kind, lifetime = (answer.get(name) for name in ("access_token", "token_type", "expires_in"))
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            return self._fail(Reason.NO_OWN_TOKEN, "its answer has no token that can be sent")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            return self._fail(Reason.NO_OWN_TOKEN, "its token is no bearer token")
        if isinstance(lifetime, bool) or not isinstance(lifetime, int) or lifetime <= 0:
            return self._fail(Reason.NO_OWN_TOKEN, "its answer does not say how long the token lives (expires_in)")
        return token, float(lifetime)

    def _fail(self, reason: Reason, why: str) -> Reason:
        """The reason, and a line in the log for the operator: neither token nor assertion, nothing of a patient."""
        _LOG.warning("no token of its own", extra={"client_id": self._backend.client_id, "token_endpoint": why})
        return reason


def _read_object(body: bytes, lenient: bool = False) -> dict[str, Any]:
    """The JSON object in a body, {} for other JSON. Raises ValueError where it is no JSON, unless `lenient`."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        if not lenient:
            raise
        return {}
    return data if isinstance(data, dict) else {}


def _read_key(backend: Backend) -> EllipticCurvePrivateKey | RSAPrivateKey:
    """The private key, PEM or JWK, of the kind that the algorithm asks for."""
    mend = "ES384 takes a private key on curve P-384, RS384 an RSA key of 2048 bits or more, as PEM or JWK."
    try:
        text = backend.key_file.read_text(encoding="utf-8")
        algorithm = jwt.get_algorithm_by_name(backend.algorithm)
        key = algorithm.from_jwk(json.loads(text)) if text.lstrip().startswith("{") else algorithm.prepare_key(text)
    except (OSError, ValueError, TypeError, jwt.PyJWTError) as error:
        fault = Fault("/backend/key_file", f"holds no key that can be used ({type(error).__name__})", mend)
        raise ClientsError(backend.key_file, (fault,)) from None
    fits = (
        isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP384R1)
        if backend.algorithm == "ES384"
        else isinstance(key, RSAPrivateKey) and key.key_size >= _SMALLEST_RSA
    )
    if not fits or not isinstance(key, EllipticCurvePrivateKey | RSAPrivateKey):
        fault = Fault("/backend/key_file", f"holds no private key for {backend.algorithm}", mend)
        raise ClientsError(backend.key_file, (fault,))
    return key
