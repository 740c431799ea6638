"""The service as it is deployed: gunicorn with two workers, a database file, key files and a key server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
import requests
from fhir_stub import FhirStub, Reply, serve_stub
from registered import CHILDRENS, register_clients
from tokens import make_key_set

ROOT = Path(__file__).resolve().parents[1]
TOGETHER = 8
"""Calls that are sent at the same time, each on a connection of its own, so that both workers take some."""
ROUNDS = 40


@dataclass(frozen=True)
class Answered:
    """An answer, and the process that gave it."""

    response: requests.Response
    worker: str

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code


@dataclass(frozen=True)
class Service:
    """The running service."""

    url: str
    folder: Path
    key_server: FhirStub

    def call(self, path: str, token: str | None, body: Any = None) -> requests.Response:
        """One call on a new connection, named by an id of its own."""
        headers = {"X-Request-Id": uuid4().hex, "Connection": "close"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        method = "GET" if body is None else "POST"
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=60)

    def call_both_workers(self, call: Callable[[], requests.Response]) -> list[Answered]:
        """Call until both workers have answered at least once; every answer."""
        found: list[Answered] = []
        for _ in range(ROUNDS):
            found += self.call_at_once([call] * TOGETHER)
            if len({each.worker for each in found}) == 2:
                return found
        pytest.fail("one worker took every call")

    def call_at_once(self, calls: Sequence[Callable[[], requests.Response]]) -> list[Answered]:
        """All of them at the same time."""
        with ThreadPoolExecutor(len(calls)) as pool:
            responses = [task.result() for task in [pool.submit(call) for call in calls]]
        return [Answered(each, self.find_worker(each)) for each in responses]

    def find_worker(self, response: requests.Response) -> str:
        """The process that answered, by what the worker noted."""
        return self._find_line("trace.log", response).split()[0]

    def find_log_line(self, response: requests.Response) -> dict[str, Any]:
        """What the service logged of a request."""
        line: dict[str, Any] = orjson.loads(self._find_line("service.log", response))
        return line

    def read_log(self) -> str:
        """All that was logged."""
        return (self.folder / "service.log").read_text()

    def _find_line(self, log: str, response: requests.Response) -> str:
        # A line is written after the answer was sent.
        for _ in range(300):
            lines = (self.folder / log).read_text().splitlines(keepends=True)
            mine = [line for line in lines if response.headers["X-Request-Id"] in line and line.endswith("\n")]
            if mine:
                return mine[-1]
            time.sleep(0.02)
        pytest.fail(f"{log} says nothing of a call")


@contextmanager
def serve(folder: Path) -> Iterator[Service]:
    """gunicorn by deploy/gunicorn.conf.py on a free port, all its files in a folder; stopped in the end."""
    port = _find_port()
    with serve_stub() as key_server, (folder / "service.log").open("w") as log:
        key_server.answers["jwks.json"] = Reply(200, make_key_set(CHILDRENS))
        clients = register_clients(folder, f"{key_server.url}/jwks.json")
        command = [sys.executable, "-m", "gunicorn", "-c", "tests/conformance/gunicorn_traced.py"]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PGX_CDS_")} | {
            "PORT": str(port),
            "TRACE": str(folder / "trace.log"),
            "PGX_CDS_AUTH": "jwt",
            "PGX_CDS_CLIENTS": str(clients),
            "PGX_CDS_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "PGX_CDS_DATABASE": f"sqlite:///{folder / 'records.sqlite3'}",
        }
        process = subprocess.Popen(
            [*command, "app:create_app()"], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", process, folder / "service.log")
            yield Service(f"http://127.0.0.1:{port}", folder, key_server)
        finally:
            process.terminate()
            process.wait(30)


def _find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            requests.get(url, timeout=5)
            return
        except requests.RequestException:
            time.sleep(0.1)
    pytest.fail(log.read_text())
