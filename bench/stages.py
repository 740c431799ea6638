"""Microseconds of each stage of one request, in process."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from typing import Any

import orjson

from bench.bodies import make_bodies
from cards.from_findings import make_cards
from cds_hooks.content import Content, load_content
from cds_hooks.fhir.client import FhirClient, Limits
from cds_hooks.fhir.patient_facts import read_patient_facts
from cds_hooks.fhir.prefetch import collect_record
from cds_hooks.fhir.validation import warm_up
from cds_hooks.hook_request import parse_request
from cds_hooks.settings import Settings
from cds_hooks.web.answer import Worked
from knowledge.evaluate import evaluate

ROUNDS = 200
TODAY = date(2026, 11, 23)


def measure_stages(size: int) -> dict[str, float]:
    """Stage -> microseconds, the median of many requests of about `size` bytes."""
    content = load_content(Settings())
    warm_up()
    spent: dict[str, list[float]] = {}
    for body in make_bodies(size, ROUNDS):
        _answer_once(body, content, spent)
    return {stage: sorted(times)[len(times) // 2] * 1e6 for stage, times in spent.items()}


def _answer_once(body: bytes, content: Content, spent: dict[str, list[float]]) -> None:
    def timed(stage: str, work: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        result = work()
        spent.setdefault(stage, []).append(time.perf_counter() - start)
        return result

    service = content.services["pgx-order-select"]
    request = timed("parse and check the request", lambda: parse_request(body, service.hook))
    record = timed("collect the record", lambda: collect_record(request, service, FhirClient(Limits())))
    facts = timed("read the facts", lambda: read_patient_facts(record, content.library, content.names, TODAY))
    answers = timed("evaluate", lambda: evaluate(facts, content.library, content.policy))
    cards = timed("make cards", lambda: make_cards(answers, content.cards))
    answer = timed("check what is sent", lambda: Worked(record, facts, answers, cards).to_json())
    timed("write JSON", lambda: orjson.dumps(answer))
    if not answer["cards"]:
        raise RuntimeError("the answer has no card: the benchmark would measure nothing")
