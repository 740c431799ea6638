"""The headers of every page for people: nothing but this server's own files is loaded or run."""

from __future__ import annotations

from flask import Response

_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"


def guard_page(response: Response) -> Response:
    """The response with the headers that a page of strangers' text needs."""
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
