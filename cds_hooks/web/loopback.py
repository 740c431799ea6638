"""Without authentication only this machine is served, and nobody whom a proxy on it lets in."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address

from flask import Flask, request

from cds_hooks.errors import Fault, NotLoopbackError
from cds_hooks.web.proxy_marks import came_through_proxy


@lru_cache(maxsize=256)
def is_loopback(address: str) -> bool:
    """True for an address or name of this machine itself; a Unix socket's empty address is one, too."""
    if address in ("", "localhost"):
        return True
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def refuse_others(app: Flask) -> None:
    """Refuse every caller from another machine, and every call that came through a proxy, with 403."""

    @app.before_request
    def check() -> None:
        if not is_loopback(request.remote_addr or ""):
            mend = "Without authentication (PGX_CDS_AUTH=off) only callers on the same machine are answered."
            raise NotLoopbackError(Fault("", "the caller is on another machine", mend, "forbidden"))
        if came_through_proxy():
            # Behind a proxy every caller looks local.
            mend = "Behind a proxy the service needs authentication (PGX_CDS_AUTH=jwt)."
            raise NotLoopbackError(Fault("", "the call came through a proxy", mend, "forbidden"))
