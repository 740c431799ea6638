"""What callers notice of reloads, ends and deaths."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import IncompleteRead
from typing import Any

import orjson
import pytest
from deployment import Deployment, to_json, wait_until
from fhir_stub import FhirStub, Reply, json_reply

SELECT = "/cds-services/pgx-order-select"
CALLERS = 6
CALLS = 50
BROKEN_OFF = 0
"""In place of a status: the answer had begun and did not end."""

pytestmark = pytest.mark.deploy


def call_meanwhile(deployment: Deployment, body: bytes, happen: Callable[[], None]) -> Counter[int]:
    """The statuses of 300 calls by 6 callers; something happens when a third of them is answered."""
    statuses: list[int] = []

    def call_often() -> None:
        for _ in range(CALLS):
            try:
                statuses.append(deployment.call(SELECT, body).status)
            except IncompleteRead:
                statuses.append(BROKEN_OFF)

    with ThreadPoolExecutor(CALLERS) as pool:
        running = [pool.submit(call_often) for _ in range(CALLERS)]
        while len(statuses) < CALLERS * CALLS / 3 and not all(each.done() for each in running):
            time.sleep(0.005)
        happen()
        for each in running:
            each.result()
    return Counter(statuses)


def has_new_workers(deployment: Deployment, gone: frozenset[int]) -> Callable[[], bool]:
    """Whether two workers are there and none of those that should be gone."""
    return lambda: len(deployment.workers()) == 2 and not deployment.workers() & gone


def test_a_reload_under_load_loses_no_call(own_deployment: Deployment, hook: dict[str, Any]) -> None:
    """HUP: new workers take over while the old ones finish."""
    before = own_deployment.workers()
    answered = call_meanwhile(
        own_deployment, to_json(hook), lambda: os.kill(own_deployment.gunicorn.pid, signal.SIGHUP)
    )
    assert answered == {200: CALLERS * CALLS}
    log = own_deployment.folder / "gunicorn.log"
    wait_until(has_new_workers(own_deployment, before), own_deployment.gunicorn, log)


def test_a_killed_worker_takes_only_its_own_calls_with_it(own_deployment: Deployment, hook: dict[str, Any]) -> None:
    """Those under way get a 503, or an answer that is seen to be cut where its headers were sent already, at most one a
    caller; the worker is replaced and everything is answered again."""
    killed = min(own_deployment.workers())
    answered = call_meanwhile(own_deployment, to_json(hook), lambda: os.kill(killed, signal.SIGKILL))
    assert set(answered) <= {200, 503, BROKEN_OFF}
    assert answered[503] + answered[BROKEN_OFF] <= CALLERS
    log = own_deployment.folder / "gunicorn.log"
    wait_until(has_new_workers(own_deployment, frozenset({killed})), own_deployment.gunicorn, log)
    assert [own_deployment.call(SELECT, to_json(hook)).status for _ in range(20)] == [200] * 20


def test_the_end_waits_for_what_is_under_way(
    own_deployment: Deployment, hook: dict[str, Any], fhir_stub: FhirStub
) -> None:
    """TERM: a call that waits for a FHIR server is still answered; the next one is told that nobody is there."""
    asked, term_sent = threading.Event(), threading.Event()

    def answer_late(_: str) -> Reply:
        asked.set()
        term_sent.wait(10)
        time.sleep(0.3)
        return json_reply({"resourceType": "Bundle", "type": "searchset", "total": 0})

    fhir_stub.answers["AllergyIntolerance"] = answer_late
    del hook["prefetch"]["allergies"]
    hook["fhirServer"] = fhir_stub.url
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(own_deployment.call, SELECT, to_json(hook))
        assert asked.wait(10)
        own_deployment.gunicorn.send_signal(signal.SIGTERM)
        term_sent.set()
        answer = under_way.result()
    assert (answer.status, len(orjson.loads(answer.body)["cards"])) == (200, 1)
    assert own_deployment.gunicorn.wait(30) == 0
    refused = own_deployment.call(SELECT, to_json(hook))
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    assert orjson.loads(refused.body)["issue"][0]["code"] == "transient"
