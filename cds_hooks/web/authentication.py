"""Who calls: every request brings a token of a registered client (CDS Hooks 2.0.1, "Trusting CDS Clients").

A request without a good token gets one and the same 401, whatever is wrong with it; the reason stands in the
request's log line. Open to all are only the addresses that machines of the house ask, and what the rules rest on.
"""

from __future__ import annotations

import time

import orjson
from flask import Flask, Response, g, request

from cds_hooks.security.callers import Callers
from cds_hooks.security.refusal import Refusal, TokenRefusedError
from cds_hooks.security.replay import UsedTokens
from cds_hooks.security.token import verify_token
from cds_hooks.web.log import tell
from cds_hooks.web.metrics import count_authentication_failure
from cds_hooks.web.refusals import OUTCOME_TYPE

OPEN = frozenset({"/health", "/health/live", "/health/ready", "/metrics", "/openapi.json"})
"""Paths that need no token. Preflights need none either: browsers send none with them."""
OPEN_BELOW = "/transparency/"
"""Below it nothing needs a token: content, that clinicians' browsers open from a card."""

_BODY = orjson.dumps({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "login"}]})


def authenticate_callers(app: Flask, callers: Callers, used: UsedTokens, public_url: str) -> None:
    """Ask every request for its token, known address or not, and name its client in `g.client`.

    `public_url`: the base address under which callers reach the service; with the path it is the token's audience.
    """

    @app.before_request
    def check() -> Response | None:
        if request.path in OPEN or request.path.startswith(OPEN_BELOW):
            return None
        try:
            token = _read_bearer(request.headers.get("Authorization", ""))
            verified = verify_token(token, callers, public_url + request.path, time.time())
            used.use(verified)
        except TokenRefusedError as refused:
            count_authentication_failure(refused.reason)
            tell(refused=refused.reason.value, claimed_client=refused.client)
            return Response(_BODY, status=401, headers={"WWW-Authenticate": "Bearer"}, content_type=OUTCOME_TYPE)
        g.client = verified.client.name
        return None


def _read_bearer(header: str) -> str:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenRefusedError(Refusal.MISSING)
    return token.strip()
