"""Several workers under gunicorn: counted together, logged in one form, and content followed by each."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from cds_hooks.web.metrics_folder import VARIABLE, prepare_folder

ROOT = Path(__file__).resolve().parents[3]
MARKER = "ZmarkerZ"


class Server:
    """gunicorn with two workers on a free port of this machine."""

    def __init__(self, folder: Path) -> None:
        self.metrics, self.overlay, self.errors = folder / "metrics", folder / "overlay", folder / "errors"
        self.overlay.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        settings = {
            "PGX_CDS_AUTH": "off",
            "PGX_CDS_DATABASE": f"sqlite:///{folder / 'records.sqlite3'}",
            "PGX_CDS_OVERLAY": str(self.overlay),
            "PGX_CDS_RELOAD": "0.1",
            VARIABLE: str(self.metrics),
            "PORT": str(self.port),
        }
        command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "app:create_app()"]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PGX_CDS_")}
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment | settings, stderr=errors)

    def get(self, path: str) -> requests.Response:
        """An answer over a connection of its own, so that any worker may give it."""
        return requests.get(self.url + path, timeout=10)

    def count(self, name: str, **labels: str) -> float:
        """A sample of /metrics; 0 where it is not there."""
        families = text_string_to_metric_families(self.get("/metrics").text)
        samples = [sample for family in families for sample in family.samples]
        return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())

    def workers(self) -> list[int]:
        """Process ids, as the log told them and as far as they live."""
        lines = [orjson.loads(line) for line in self.errors.read_text(encoding="utf-8").splitlines()]
        booted = [int(line["message"].split()[-1]) for line in lines if line["message"].startswith("Booting")]
        return [pid for pid in booted if Path(f"/proc/{pid}").exists()]

    def stop(self) -> None:
        """As an operator does."""
        self.process.terminate()
        self.process.wait(30)


def wait_for(condition: Callable[[], Any]) -> None:
    """Until it holds, or 30 seconds long."""
    for _ in range(300):
        try:
            if condition():
                return
        except (requests.ConnectionError, requests.Timeout):
            pass
        time.sleep(0.1)
    raise AssertionError("it never came to hold")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Running, and stopped in the end."""
    server = Server(tmp_path)
    try:
        wait_for(lambda: server.get("/health/ready").ok)
        yield server
    finally:
        server.stop()


def test_workers_count_together_and_keep_what_a_killed_one_counted(server: Server) -> None:
    """The sum is right from any of them; nothing is lost with a worker, and its files do not stay behind."""
    for _ in range(20):
        server.get("/cds-services")
    asked = {"endpoint": "hooks.discover", "status": "200"}
    assert [server.count("pgx_cds_requests_total", **asked) for _ in range(6)] == [20] * 6
    for _ in range(2):
        first = server.workers()[0]
        os.kill(first, signal.SIGKILL)
        wait_for(lambda gone=first: not list(server.metrics.glob(f"counter_{gone}.db")) and len(server.workers()) == 2)
        wait_for(lambda: server.count("pgx_cds_requests_total", **asked) == 20)
    server.process.send_signal(signal.SIGHUP)
    old = server.workers()
    wait_for(lambda: not set(old) & set(server.workers()) and len(server.workers()) == 2)
    server.get("/cds-services")
    assert [server.count("pgx_cds_requests_total", **asked) for _ in range(6)] == [21] * 6


def test_what_gunicorn_says_is_json_and_quotes_no_request(server: Server) -> None:
    """A request line that it refuses stands in its own message otherwise."""
    for sent in (f"GET /{MARKER} HTTX/1.1\r\n\r\n", f"GET / HTTP/1.1\r\n{MARKER}\r\n\r\n", f"{MARKER}\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.port), 5) as caller:
            caller.sendall(sent.encode())
            assert caller.recv(100).startswith(b"HTTP/1.1 400")
    server.stop()
    printed = server.errors.read_text(encoding="utf-8")
    lines = [orjson.loads(line) for line in printed.splitlines()]
    assert [line["logger"] for line in lines if line["level"] == "WARNING"] == ["gunicorn.error"] * 3
    assert MARKER not in printed


def test_every_worker_follows_the_content(server: Server) -> None:
    """A change, a broken file, and a worker that starts after a change."""
    before = server.get("/health").json()["content"]["digest"]
    (server.overlay / "policy.yaml").write_text("max_cards: 3\n", encoding="utf-8")
    wait_for(lambda: before not in {server.get("/health").json()["content"]["digest"] for _ in range(8)})
    changed = server.get("/health").json()["content"]["digest"]
    os.kill(server.workers()[0], signal.SIGKILL)
    wait_for(lambda: len(server.workers()) == 2)
    # The new one was forked from a process that holds the content of the start; it never answers from that.
    assert {server.get("/health").json()["content"]["digest"] for _ in range(12)} == {changed}
    (server.overlay / "policy.yaml").write_text("max_cards: none\n", encoding="utf-8")
    wait_for(lambda: {server.get("/health/ready").json()["content"]["state"] for _ in range(8)} == {"stale"})
    assert {server.get("/health/ready").json()["content"]["digest"] for _ in range(8)} == {changed}


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that the environment names."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "metrics"))
    prepare_folder.cache_clear()
    yield tmp_path / "metrics"
    prepare_folder.cache_clear()


def test_a_named_folder_is_made_and_emptied_once(named: Path) -> None:
    """At start; a reload of gunicorn keeps what was counted. Other files there are left alone."""
    named.mkdir()
    (named / "counter_1.db").touch()
    (named / "notes.txt").touch()
    assert prepare_folder() == named
    assert [file.name for file in named.iterdir()] == ["notes.txt"]
    (named / "counter_2.db").touch()
    assert prepare_folder() == named
    assert (named / "counter_2.db").exists()


def test_gunicorn_says_in_words_why_it_does_not_start_and_leaves_nothing(tmp_path: Path) -> None:
    """Broken content, or a database that is none: the file, what and how to mend it, and no traceback."""
    (tmp_path / "overlay").mkdir()
    (tmp_path / "overlay" / "policy.yaml").write_text("colour: red\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no database " * 100, encoding="utf-8")
    (tmp_path / "temporary").mkdir()
    wrong = {
        "PGX_CDS_OVERLAY": (tmp_path / "overlay", f"{tmp_path / 'overlay' / 'policy.yaml'}:1: the file: Additional "),
        "PGX_CDS_DATABASE": (f"sqlite:///{tmp_path / 'notes.txt'}", "The database of PGX_CDS_DATABASE cannot be used "),
    }
    given = {key: value for key, value in os.environ.items() if not key.startswith("PGX_CDS_") and key != VARIABLE}
    given |= {"PGX_CDS_AUTH": "off", "PGX_CDS_DATABASE": "sqlite://", "TMPDIR": str(tmp_path / "temporary")}
    for setting, (value, told) in wrong.items():
        command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "app:create_app()"]
        environment = given | {setting: str(value), "PORT": "0"}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode != 0
        assert done.stderr.startswith(f"pgx-cds does not start. {told}")
        assert done.stderr.count("\n") == 1
        assert list((tmp_path / "temporary").glob("pgx-cds-metrics-*")) == []
