"""Cross-origin calls (https://fetch.spec.whatwg.org/#http-cors-protocol): the CDS Hooks sandbox runs in a browser.

Credentials (cookies) are never allowed; tokens travel in the Authorization header, which is.
"""

from __future__ import annotations

from flask import Flask, Response, request

_METHODS = "GET, POST, OPTIONS"
_HEADERS = "authorization, content-type, x-request-id"
_SECONDS_REMEMBERED = "600"


def allow_origins(app: Flask, origins: tuple[str, ...]) -> None:
    """Answer preflights on every path, and mark every answer for the allowed origins."""

    @app.before_request
    def answer_preflight() -> Response | None:
        if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
            return None
        return Response(status=204)

    @app.after_request
    def mark(response: Response) -> Response:
        origin = request.headers.get("Origin")
        if origin is None:
            return response
        if "*" not in origins:
            response.vary.add("Origin")
        if "*" in origins or origin in origins:
            response.headers["Access-Control-Allow-Origin"] = "*" if "*" in origins else origin
            response.headers["Access-Control-Expose-Headers"] = "x-request-id"
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = _METHODS
                response.headers["Access-Control-Allow-Headers"] = _HEADERS
                response.headers["Access-Control-Max-Age"] = _SECONDS_REMEMBERED
        return response
