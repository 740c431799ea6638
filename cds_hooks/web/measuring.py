"""What of a request is counted: once when it is answered, and once with all that its answer holds."""

from __future__ import annotations

import time

from flask import Flask, Response, g, request

from cds_hooks.web import metrics
from cds_hooks.web.answer import Worked
from cds_hooks.web.engine import engine
from cds_hooks.web.log import find_tenant_name


def measure_requests(app: Flask) -> None:
    """Count every answer, and the time of those that answer a hook call."""

    @app.after_request
    def measure(response: Response) -> Response:
        if "started" not in g:
            return response
        service = g.get("told", {}).get("service")
        metrics.set_audit_queue(engine().store.audit.state().queued)
        metrics.count_request(find_tenant_name(), request.endpoint, service, response.status_code)
        if g.laps.seconds and service is not None:
            metrics.observe_request(service, time.perf_counter() - g.started)
            for stage, seconds in g.laps.seconds.items():
                metrics.observe_stage(stage, seconds)
        return response


def measure_answer(worked: Worked) -> None:
    """Count cards, gaps and silences of one answer."""
    for card in worked.cards:
        metrics.count_card(card.row, card.indicator)
    for card in worked.held_back:
        metrics.count_suppressed(card.row, card.indicator)
    if worked.consent is not None:
        metrics.count_consent(worked.consent.outcome)
    for answer in worked.answers:
        for kind in sorted({gap.kind for gap in answer.gaps}):
            metrics.count_gap(kind)
        if answer.silence_kind is not None:
            metrics.count_silence(answer.silence_kind)
