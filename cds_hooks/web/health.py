"""How the service is: for people (`/health`) and for what starts and stops it (`/health/live`, `/health/ready`).

Nobody needs a token for these, so they tell no more than is needed: no path, no name of a client, no address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import orjson
from flask import Blueprint, Response

from cds_hooks.tenant import CDS_HOOKS_VERSION
from cds_hooks.web.engine import engine
from cds_hooks.web.live_tenants import ContentState
from knowledge.library import Library

_JSON = "application/json"
_SHORT = 12

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def report_health() -> Response:
    """Say that the service runs, on which content and version, and whether its store answers."""
    state, stored = engine().tenants.state, engine().store.is_reachable()
    health = {
        "status": "ok" if stored else "failing",
        "version": find_version(),
        "cdsHooks": CDS_HOOKS_VERSION,
        "content": _describe_content(state.libraries) | _describe_faults(state),
        "database": "ok" if stored else "unreachable",
    }
    return Response(orjson.dumps(health), status=200 if stored else 503, content_type=_JSON)


@blueprint.get("/health/live")
def report_live() -> Response:
    """Say that the process answers; a process that does not is to be started anew."""
    return Response(b'{"status":"live"}', content_type=_JSON)


@blueprint.get("/health/ready")
def report_ready() -> Response:
    """Say whether calls may be sent here: content is loaded, and what has to be recorded can be.

    Old content that stays because its files are broken answers as before, and is ready.
    """
    state, stored = engine().tenants.state, engine().store.is_reachable()
    ready = {
        "status": "ready" if stored else "not ready",
        "version": find_version(),
        "content": {"digest": _join_digests(state.libraries), "state": "current"} | _describe_faults(state),
        "storage": "ok" if stored else "unreachable",
        "audit": _describe_audit(),
    }
    return Response(orjson.dumps(ready), status=200 if stored else 503, content_type=_JSON)


def _describe_audit() -> dict[str, Any]:
    """Whether this worker's last attempt to write the audit succeeded, and how many rows wait: so a full disk shows."""
    writer = engine().store.audit.state()
    return {"state": "ok" if writer.error is None else "failing", "queued": writer.queued}


@cache
def find_version() -> str:
    """The installed project's version; "unknown" where it runs without being installed."""
    try:
        return version("pgx-cds")
    except PackageNotFoundError:
        return "unknown"


def _describe_content(libraries: Sequence[Library]) -> dict[str, Any]:
    digest = _join_digests(libraries)
    return {
        "version": digest[:_SHORT],
        "digest": digest,
        "genes": len({gene for library in libraries for gene in library.genes}),
        "drugs": len({drug for library in libraries for drug in library.drugs}),
    }


def _join_digests(libraries: Sequence[Library]) -> str:
    """The digest of the content; where clients have contents of their own, one digest over all of theirs."""
    digests = [library.digest for library in libraries]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _describe_faults(state: ContentState) -> dict[str, Any]:
    """That files are broken and older content answers; nothing while all is well."""
    if state.broken_since is None:
        return {}
    since = state.broken_since.isoformat(timespec="seconds")
    return {"state": "stale", "brokenSince": since, "faults": len(state.faults)}
