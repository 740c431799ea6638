"""The time that one request may take, counted from its arrival; every step that waits for others shares it."""

from __future__ import annotations

import time

from flask import Flask, g

KEPT_BACK = 0.05
"""The share of the time that is left for evaluating and answering when all fetching must have ended."""


def start_deadlines(app: Flask, budget: float) -> None:
    """Give every request a deadline, `budget` seconds after its arrival. To be called before whatever may wait."""

    @app.before_request
    def start() -> None:
        g.deadline = time.monotonic() + budget * (1 - KEPT_BACK)


def deadline() -> float:
    """The moment (of the monotonic clock) by which the running request must have fetched what it needs."""
    found: float = g.deadline
    return found
