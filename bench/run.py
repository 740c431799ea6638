"""`make bench`: the service beside the floor, alternating in one run; prints the tables of bench/README.md."""

from __future__ import annotations

import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from pathlib import Path

import requests

from bench.bodies import make_bodies
from bench.load import Figures, fire
from bench.stages import measure_stages

ROOT = Path(__file__).resolve().parents[1]
SIZES = (5_000, 50_000, 500_000)
CONNECTIONS = (1, 8)
SECONDS, ROUNDS, BODIES = 4, 3, 64
SERVICE, FLOOR = "app:create_app()", "bench.floor:create_app()"


def main() -> int:
    """Measure and print Markdown."""
    print(
        f"Measured on {date.today()}: {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
    )
    print(f"gunicorn {version('gunicorn')} (2 processes, 8 threads), Flask {version('flask')}, wrk;")
    print(f"medians of {ROUNDS} rounds of {SECONDS} seconds.\n")
    print("| body | connections | service req/s | p50 / p99 ms | floor req/s | p50 / p99 ms | service / floor |")
    print("|---|---|---|---|---|---|---|")
    for size in SIZES:
        for row in compare(size):
            print(row, flush=True)
    print("\n| stage (50 kB, in process) | µs |\n|---|---|")
    for stage, spent in measure_stages(50_000).items():
        print(f"| {stage} | {spent:.0f} |")
    return 0


def compare(size: int) -> Iterator[str]:
    """One row for each number of connections."""
    bodies = make_bodies(size, BODIES)
    with tempfile.TemporaryDirectory() as folder, serve(SERVICE, 12) as ours:
        length = check_answer(ours, bodies[0])
        with serve(FLOOR, length) as floor:
            for connections in CONNECTIONS:
                measured: dict[int, list[Figures]] = {ours: [], floor: []}
                for _ in range(ROUNDS):
                    for port, figures in measured.items():
                        figures.append(fire(port, bodies, connections, SECONDS, Path(folder)))
                yield render(len(bodies[0]), connections, measured[ours], measured[floor])


def render(size: int, connections: int, ours: list[Figures], floor: list[Figures]) -> str:
    """One row of the table, medians of the rounds."""

    def median(figures: list[Figures], name: str) -> float:
        return float(statistics.median(getattr(one, name) for one in figures))

    cells = [f"{size / 1000:.0f} kB", str(connections)]
    for figures in (ours, floor):
        cells.append(f"{median(figures, 'per_second'):.0f}")
        cells.append(f"{median(figures, 'p50_ms'):.1f} / {median(figures, 'p99_ms'):.1f}")
    cells.append(f"{median(ours, 'per_second') / median(floor, 'per_second'):.2f}")
    return f"| {' | '.join(cells)} |"


def check_answer(port: int, body: bytes) -> int:
    """The length of the service's answer. Raises RuntimeError where it holds no card."""
    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"http://127.0.0.1:{port}/cds-services/pgx-order-select", body, headers=headers, timeout=10)
    if answer.status_code != 200 or not answer.json()["cards"]:
        raise RuntimeError(f"the service answered {answer.status_code} without a card")
    return len(answer.content)


@contextmanager
def serve(app: str, length: int, database: str = "sqlite://") -> Iterator[int]:
    """gunicorn with an app on a free loopback port."""
    port = find_port()
    settings = {"PGX_CDS_AUTH": "off", "PGX_CDS_DATABASE": database, "PGX_CDS_LOG_LEVEL": "WARNING"}
    environment = {**os.environ, **settings, "PORT": str(port), "BENCH_ANSWER_BYTES": str(length)}
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "--log-level", "warning", app]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=40)


def find_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when the server answers. Raises RuntimeError where it does not within half a minute."""
    for _ in range(150):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            requests.get(f"http://127.0.0.1:{port}/health", timeout=1)
            return
        except requests.ConnectionError:
            time.sleep(0.2)
    raise RuntimeError("the server does not answer")


if __name__ == "__main__":
    sys.exit(main())
