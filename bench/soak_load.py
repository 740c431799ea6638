"""The calls of the soak, paced and judged: every answer is right, or wrong, or excused by a fault of that moment."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from bench.bodies import DIPLOTYPES, make_request

HOOKS = ("order-select", "order-sign")
KINDS = ("prefetched",) * 15 + ("fetched",) * 3 + ("feedback", "discovery", "wrong token")
"""What each call in turn is; 15 of 21 bring everything, 3 let the service fetch everything."""


@dataclass(frozen=True)
class Target:
    """What is called, and how a token for it is made."""

    port: int
    fhir: str
    key: EllipticCurvePrivateKey
    issuer: str


@dataclass
class Tally:
    """What came of the calls; shared by the callers under one lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    """Request ids of hook calls and feedback that were answered with 200: each must be in the audit."""
    milliseconds: list[float] = field(default_factory=list)
    cards: list[Mapping[str, Any]] = field(default_factory=list)
    """A few cards of late, to report on."""
    seconds: float = 0.0
    """How long it took until every call was made: longer than planned where callers fell behind."""

    def note(self, outcome: str, spent: float) -> None:
        """Count one call."""
        with self.lock:
            self.outcomes[outcome] += 1
            self.milliseconds.append(spent * 1000)


Excuse = Callable[[str], bool]
"""Whether a fault ("fhir", "database", "worker") is going on, or was a moment ago."""


def call_for(target: Target, rate: float, callers: int, seconds: float, excuse: Excuse, tally: Tally) -> None:
    """Call at a steady rate by several callers; every call that was due is made, late ones too."""
    begin = time.monotonic()
    threads = [
        threading.Thread(target=_call_in_turn, args=(target, number, callers, rate, begin, seconds, excuse, tally))
        for number in range(callers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _call_in_turn(
    target: Target, first: int, callers: int, rate: float, begin: float, seconds: float, excuse: Excuse, tally: Tally
) -> None:
    number = first
    while (due := begin + number / rate) < begin + seconds:
        time.sleep(max(0.0, due - time.monotonic()))
        kind = KINDS[number % len(KINDS)]
        started = time.perf_counter()
        try:
            # One connection for one call, as deploy/nginx.conf hands them on: kept ones would all stay with the worker
            # that is left when another is killed.
            with closing(http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)) as connection:
                outcome = _call(connection, target, kind, number, excuse, tally)
        except (OSError, http.client.HTTPException) as error:
            outcome = _judge_break(error, kind, number, excuse, tally)
        tally.note(outcome, time.perf_counter() - started)
        number += callers


def _judge_break(error: Exception, kind: str, number: int, excuse: Excuse, tally: Tally) -> str:
    if excuse("worker"):
        return "connection lost while a worker was killed"
    with tally.lock:
        tally.wrong.append(f"{kind} {number}: connection lost without a cause ({type(error).__name__})")
    return "wrong"


def _call(
    connection: http.client.HTTPConnection, target: Target, kind: str, number: int, excuse: Excuse, tally: Tally
) -> str:
    path, body = _make_call(target, kind, number, tally)
    request_id = uuid4().hex
    headers = {"Content-Type": "application/json", "X-Request-Id": request_id, "Connection": "close"}
    headers["Authorization"] = f"Bearer {_make_token(target, path, spoiled=kind == 'wrong token')}"
    connection.request("GET" if body is None else "POST", path, body, headers)
    answer = connection.getresponse()
    data = answer.read()
    fault = _judge(kind, number, answer.status, data, excuse, tally)
    if answer.status == 200 and body is not None:
        with tally.lock:
            tally.answered.add(request_id)
    if fault is None:
        return f"{kind}: {answer.status}"
    if fault.startswith("excused"):
        return f"{kind}: {fault}"
    with tally.lock:
        tally.wrong.append(f"{kind} {number}: {answer.status}: {fault}")
    return "wrong"


def _make_token(target: Target, path: str, spoiled: bool) -> str:
    now = int(time.time())
    claims = {
        "iss": target.issuer,
        "aud": f"http://127.0.0.1:{target.port}{path}",
        "iat": now,
        "exp": now + 120,
        "jti": uuid4().hex,
    }
    token = jwt.encode(claims, target.key, "ES384", {"kid": "soak"})
    return token[:-8] + "AAAAAAAA" if spoiled else token


def _make_call(target: Target, kind: str, number: int, tally: Tally) -> tuple[str, bytes | None]:
    if kind == "discovery":
        return "/cds-services", None
    hook = HOOKS[number % 2]
    if kind == "feedback":
        with tally.lock:
            card = tally.cards[-1] if tally.cards else None
        if card is not None:
            item = {
                "card": card["uuid"],
                "outcome": "accepted",
                "acceptedSuggestions": [{"id": card["suggestions"][0]["uuid"]}],
                "outcomeTimestamp": "2026-11-25T10:00:00Z",
            }
            return f"/cds-services/pgx-{hook}/feedback", json.dumps({"feedback": [item]}).encode()
    request = make_request(f"soak-{number}", number) | {"hook": hook}
    if kind == "fetched":
        del request["prefetch"]
        request["fhirServer"] = target.fhir
    return f"/cds-services/pgx-{hook}", json.dumps(request).encode()


def _judge(kind: str, number: int, status: int, data: bytes, excuse: Excuse, tally: Tally) -> str | None:
    """None where the answer is right; "excused ..." where a fault of this moment explains it; else what is wrong."""
    if kind == "wrong token":
        return None if status == 401 else "a spoiled token was not refused"
    if status == 503 and excuse("database"):
        return "excused: 503 while the database was away"
    if kind == "fetched" and status == 412:
        return "excused: 412 while the FHIR server was away" if excuse("fhir") else "412 without a cause"
    if status != 200:
        return data.decode(errors="replace")[:300]
    if kind in ("prefetched", "fetched"):
        return _judge_cards(kind, number, json.loads(data)["cards"], excuse, tally)
    return None


def _judge_cards(kind: str, number: int, cards: list[Any], excuse: Excuse, tally: Tally) -> str | None:
    """One card, on this patient's genotype, by one and the same edition of the content."""
    if len(cards) != 1:
        return f"{len(cards)} cards"
    (card,) = cards
    findings = card["extension"]["org.pgx-cds"]["findings"]
    written = DIPLOTYPES[number % len(DIPLOTYPES)]
    row = "intermediate-acs-pci" if "*1/" in written or written == "*2/*17" else "poor-acs-pci"
    ids = {one["id"] for one in findings}
    if f"clopidogrel/cpic/{row}" not in ids:
        unfetched = kind == "fetched" and "could not be fetched" in card["summary"]
        if unfetched:
            return "excused: card says not fetched" if excuse("fhir") else "not fetched, without a cause"
        return f"rows {sorted(ids)} for {written}"
    read = {gene["diplotype"] for one in findings for gene in one["genes"] if gene["gene"] == "CYP2C19"}
    if read != {written}:
        return f"diplotypes {read} for {written}"
    statuses = {one["contentStatus"] for one in findings}
    said = {"reviewed": "Content: reviewed by this site", "transcribed": "not reviewed by a clinician"}
    if len(statuses) != 1 or said[statuses.pop()] not in card["detail"]:
        return "two editions of the content in one card"
    if card.get("suggestions"):
        with tally.lock:
            tally.cards[:] = [card]
    return None
