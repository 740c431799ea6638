"""Workers end: told to (SIGTERM) nothing is lost, killed (SIGKILL) at most what was not yet stored."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from audit_samples import wait_until
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.pool import NullPool

from cds_hooks.records.audit_check import check_audit
from cds_hooks.records.revision import upgrade
from cds_hooks.records.tables import AUDIT_EVENT

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def service(engine: Engine, url: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """gunicorn with two workers, and its port."""
    upgrade(engine)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PGX_CDS_AUTH": "off", "PGX_CDS_DATABASE": url, "PORT": str(port)}
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "--log-level", "warning"]
    process = subprocess.Popen([*command, "app:create_app()"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    wait_until(lambda: answers(port), 60)
    yield process, port
    process.terminate()
    process.wait(timeout=40)


def answers(port: int) -> bool:
    """Whether the service is there."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/cds-services", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def fire(port: int, body: dict[str, Any], count: int) -> list[str]:
    """Request ids of the calls that were answered by 200."""
    answered = []
    for number in range(count):
        try:
            answer = requests.post(
                f"http://127.0.0.1:{port}/cds-services/pgx-order-select",
                json=body,
                headers={"X-Request-Id": f"call-{number}"},
                timeout=10,
            )
        except requests.RequestException:
            continue
        if answer.status_code == 200:
            answered.append(f"call-{number}")
    return answered


def stored(url: str) -> set[str]:
    """Request ids in the audit."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        bodies = connection.execute(select(AUDIT_EVENT.c.body)).scalars().all()
    return {body.partition('"requestId":"')[2].partition('"')[0] for body in bodies}


def faults(url: str) -> list[str]:
    """What verify finds."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return [str(fault) for fault in check_audit(connection).faults]


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    """Process ids of the workers."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(child) for child in children]


def test_nothing_is_lost_when_the_service_is_told_to_end(
    service: tuple[subprocess.Popen[bytes], int], url: str, order_select: dict[str, Any]
) -> None:
    """The last answer's row is stored although its window had not passed."""
    process, port = service
    answered = fire(port, order_select, 40)
    process.terminate()
    process.wait(timeout=40)
    assert len(answered) == 40
    assert stored(url) == set(answered)
    assert faults(url) == []


def test_only_the_last_moment_is_lost_when_a_worker_is_killed(
    service: tuple[subprocess.Popen[bytes], int], url: str, order_select: dict[str, Any]
) -> None:
    """What was answered before the window is stored, and the chains are whole."""
    process, port = service
    answered = fire(port, order_select, 40)
    time.sleep(0.5)  # many times the window
    for worker in workers_of(process):
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: answers(port), 60)
    after = fire(port, order_select, 5)
    process.terminate()
    process.wait(timeout=40)
    assert len(answered) == 40
    assert stored(url) == {*answered, *after}
    assert faults(url) == []
