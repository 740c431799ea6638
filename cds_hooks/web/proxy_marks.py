"""The headers by which a proxy tells of itself: the address that such a call comes from is the proxy's."""

from __future__ import annotations

from flask import request

MARKS = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


def came_through_proxy() -> bool:
    """Whether the request carries any of the marks."""
    return any(name in request.headers for name in MARKS)
