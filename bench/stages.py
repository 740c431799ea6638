"""Microseconds of each stage of one request, in process, by the flow that the service runs.

What recording a call costs is measured by bench/audit.py.
"""

from __future__ import annotations

import statistics
from datetime import date

import orjson

from bench.bodies import make_bodies
from cds_hooks.clients import LOCAL, make_local_client
from cds_hooks.fhir.validation import warm_up
from cds_hooks.hook_request import parse_request
from cds_hooks.records.store import open_store
from cds_hooks.settings import Settings
from cds_hooks.tenant import Tenant, build_tenants
from cds_hooks.web.answer import work_out
from cds_hooks.web.laps import Laps
from cds_hooks.web.repeated_cards import Repetition

ROUNDS = 200
TODAY = date(2026, 11, 23)
WORDS = {
    "parse": "parse and check the request",
    "record": "collect the record",
    "consent": "decide on consent",
    "facts": "read the facts",
    "evaluate": "evaluate",
    "cards": "make cards",
    "repeats": "know cards again",
    "check": "check what is sent",
    "write": "write JSON",
}
"""Each stage of the flow in words."""


def measure_stages(size: int) -> dict[str, float]:
    """Stage -> microseconds, the median of many requests of about `size` bytes."""
    settings = Settings()
    tenant = build_tenants([make_local_client(settings)], settings)[LOCAL]
    repetition = Repetition(b"a key of the benchmark's own", open_store("sqlite://").engine)
    warm_up()
    rounds = [_answer_once(body, tenant, repetition) for body in make_bodies(size, ROUNDS)]
    return {WORDS[stage]: statistics.median(each[stage] for each in rounds) * 1e6 for stage in rounds[0]}


def _answer_once(body: bytes, tenant: Tenant, repetition: Repetition) -> dict[str, float]:
    service, laps = tenant.content.services["pgx-order-select"], Laps()
    request = parse_request(body, service.hook)
    laps.end("parse")
    answer = work_out(request, service, tenant, TODAY, repetition, laps).to_json()
    laps.end("check")
    orjson.dumps(answer)
    laps.end("write")
    if not answer["cards"]:
        raise RuntimeError("the answer has no card: the benchmark would measure nothing")
    return laps.seconds
