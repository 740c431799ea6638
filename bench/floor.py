"""The floor: a bare Flask app that parses the same body and returns a constant of the answer's size."""

from __future__ import annotations

import os

import orjson
from flask import Flask, Response, request


def create_app() -> Flask:
    """The app; the size of its answer comes from BENCH_ANSWER_BYTES."""
    app = Flask(__name__)
    answer = b'{"cards":[]}'.ljust(int(os.environ.get("BENCH_ANSWER_BYTES", "12")))

    @app.post("/cds-services/pgx-order-select")
    def answer_constantly() -> Response:
        orjson.loads(request.get_data(cache=False))
        return Response(answer, content_type="application/json")

    @app.get("/health")
    def report_health() -> str:
        return "ok"

    return app
