"""`make bench-audit`: what the audit costs: none, batched and synchronous, alternating in one run; prints Markdown.

The same request of 5 kB over HTTP with gunicorn (2 processes, 8 threads) and SQLite on disk; then the cost of one event
in process, and of verifying.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from flask import Flask
from sqlalchemy import func, select

from app import create_app
from bench.bodies import make_bodies
from bench.load import Figures, fire
from bench.run import check_answer, serve
from cds_hooks.records.audit_check import check_audit
from cds_hooks.records.audit_event import CallEntry, CardEntry, ReadEntry, describe_call
from cds_hooks.records.store import Store, open_store
from cds_hooks.records.tables import AUDIT_EVENT
from cds_hooks.records.writer_rules import WriterRules

MODES = ("none", "batched", "sync")
SIZE, BODIES, CONNECTIONS, SECONDS, ROUNDS = 5_000, 64, (1, 16), 4, 5
EVENTS = 20_000


def create_silent_app() -> Flask:
    """The service that records no call: the yardstick."""
    app = create_app()
    patch.object(Store, "record", lambda *_: None).start()
    return app


def main() -> int:
    """Measure and print."""
    print(
        "| connections | "
        + " | ".join(f"{mode} req/s | p50 / p99 ms" for mode in MODES)
        + " | batched / none | sync / none |"
    )
    print("|" + "---|" * (2 * len(MODES) + 3))
    bodies = make_bodies(SIZE, BODIES)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        ports = {}
        for mode in MODES:
            os.environ["PGX_CDS_AUDIT"] = "sync" if mode == "sync" else "batched"
            app = "bench.audit:create_silent_app()" if mode == "none" else "app:create_app()"
            ports[mode] = servers.enter_context(serve(app, 12, f"sqlite:///{folder}/{mode}.sqlite3"))
            check_answer(ports[mode], bodies[0])
        for connections in CONNECTIONS:
            print(measure(ports, bodies, connections, Path(folder)), flush=True)
    print("\n| in process, SQLite on disk | |\n|---|---|")
    for name, figure in measure_in_process():
        print(f"| {name} | {figure} |")
    return 0


def measure(ports: dict[str, int], bodies: list[bytes], connections: int, folder: Path) -> str:
    """One row of the table, medians of the rounds."""
    found: dict[str, list[Figures]] = {mode: [] for mode in MODES}
    for _ in range(ROUNDS):
        for mode, port in ports.items():
            found[mode].append(fire(port, bodies, connections, SECONDS, folder))
    rates = {mode: statistics.median(one.per_second for one in each) for mode, each in found.items()}
    cells = [str(connections)]
    for mode, each in found.items():
        p50, p99 = (statistics.median(getattr(one, name) for one in each) for name in ("p50_ms", "p99_ms"))
        cells += [f"{rates[mode]:.0f}", f"{p50:.1f} / {p99:.1f}"]
    cells += [f"{rates[mode] / rates['none']:.2f}" for mode in ("batched", "sync")]
    return f"| {' | '.join(cells)} |"


def measure_in_process() -> list[tuple[str, str]]:
    """What one event costs the request, how fast rows are stored, and how fast they are verified."""
    card = CardEntry("1b6f4e4e-6d0e-4b6e-9a55-0c1f0a0e6a01", "critical", ("clopidogrel/cpic/poor-acs-pci",))
    read = ReadEntry("Observation", "search", "fhir.example.org", "ok", 12.0, ("patient", "code"))
    call = CallEntry("pgx-order-sign", "order-sign", "6bc883b2", "Practitioner/1", "p", "d" * 64, (card,), (), (read,))
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/records.sqlite3", WriterRules(limit=EVENTS))
        begin = time.perf_counter()
        for _ in range(EVENTS):
            store.record(describe_call("local", "r", call))
        queued = time.perf_counter() - begin
        store.audit.close()
        stored = time.perf_counter() - begin
        begin = time.perf_counter()
        for _ in range(200):
            store.audit.record(describe_call("local", "r", call), wait=True)
        waited = time.perf_counter() - begin
        store.audit.close()
        begin = time.perf_counter()
        with store.engine.connect() as connection:
            verdict = check_audit(connection)
            length = connection.execute(select(func.avg(func.length(AUDIT_EVENT.c.body)))).scalar_one()
        verified = time.perf_counter() - begin
    if verdict.faults or verdict.rows != EVENTS + 200:
        raise RuntimeError("the audit is not whole")
    return [
        ("one event, batched: what the request waits", f"{queued / EVENTS * 1e6:.0f} µs"),
        ("one event, sync: what the request waits", f"{waited / 200 * 1e6:.0f} µs"),
        ("rows stored a second by one writer", f"{EVENTS / stored:,.0f}"),
        ("rows verified a second", f"{verdict.rows / verified:,.0f}"),
        ("length of a row's body", f"{length:.0f} bytes"),
    ]


if __name__ == "__main__":
    sys.exit(main())
