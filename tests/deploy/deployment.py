"""The service as it is put up: nginx and gunicorn as processes, on the shipped configurations.

Only what is a matter of the machine is replaced in them: ports, the server's name, folders.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson
from certificate import write_certificate

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
PATIENCE = 30.0
"""Seconds after which something has hung; nothing is measured by it."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Deployment:
    """A running nginx before a running gunicorn. `port`: for callers, by TLS; `inside`: health and metrics."""

    port: int
    inside: int
    behind: int
    certificate: Path
    folder: Path
    gunicorn: subprocess.Popen[bytes]
    make_token: Callable[[str], str] | None

    def connect(self) -> ssl.SSLSocket:
        """A connection by TLS, nothing sent."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        return context.wrap_socket(plain, server_hostname="localhost")

    def authorize(self, path: str) -> dict[str, str]:
        """The header of a call by a registered client."""
        return {"Authorization": f"Bearer {self.make_token(path)}"} if self.make_token else {}

    def call(
        self,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        identity: Path | None = None,
    ) -> Answer:
        """One call through nginx: POST where there is a body. `identity`.crt and .key: a certificate of the caller."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        if identity is not None:
            context.load_cert_chain(identity.with_suffix(".crt"), identity.with_suffix(".key"))
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=PATIENCE, context=context)
        sent = {"Content-Type": "application/json", **self.authorize(path), **(headers or {})}
        return _ask(connection, path, body, sent)

    def ask_inside(self, path: str) -> Answer:
        """One call to nginx's port for the house."""
        return _ask(http.client.HTTPConnection("127.0.0.1", self.inside, timeout=PATIENCE), path, None, {})

    def wait_for_access(self, request_id: str) -> dict[str, object]:
        """The line of nginx's log on a request; it is written after the answer was sent."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for line in (self.folder / "access.log").read_bytes().splitlines():
                read: dict[str, object] = orjson.loads(line)
                if read["request_id"] == request_id:
                    return read
            time.sleep(0.05)
        raise AssertionError(f"nginx has not logged {request_id}")

    def workers(self) -> frozenset[int]:
        """Process ids of gunicorn's workers."""
        pid = self.gunicorn.pid
        return frozenset(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))

    def log(self) -> str:
        """What gunicorn and the service have written."""
        return (self.folder / "gunicorn.log").read_text()


def _ask(connection: http.client.HTTPConnection, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
    try:
        connection.request("GET" if body is None else "POST", path, body, dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def find_ports(count: int) -> list[int]:
    """Ports that are free now, all different."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def replace_all(text: str, words: Mapping[str, str]) -> str:
    """A configuration with some words replaced, each of which must be there."""
    for old, new in words.items():
        assert old in text, f"{old} is no longer in the shipped configuration"
        text = text.replace(old, new)
    return text


def write_nginx(folder: Path, port: int, inside: int, behind: int) -> Path:
    """The shipped configuration of nginx for a folder and ports of this machine."""
    words = {
        "127.0.0.1:5000": f"127.0.0.1:{behind}",
        "listen 443": f"listen 127.0.0.1:{port}",
        "listen 8081": f"listen 127.0.0.1:{inside}",
        "cds.example.org": "localhost",
        "/etc/nginx/": f"{folder}/",
        "/var/log/nginx/": f"{folder}/",
    }
    (folder / "pgx-cds.conf").write_text(replace_all((DEPLOY / "nginx.conf").read_text(), words))
    words = {"/tmp/": f"{folder}/", "/etc/nginx/conf.d/": f"{folder}/"}
    main = folder / "nginx.conf"
    main.write_text(replace_all((DEPLOY / "nginx-main.conf").read_text(), words))
    return main


@contextmanager
def serve_nginx(main: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """nginx on a configuration, until the end of the block."""
    rights = "user root; " if os.geteuid() == 0 else ""
    command = ["nginx", "-c", str(main), "-e", "stderr", "-g", f"{rights}daemon off;"]
    with (main.parent / "nginx.log").open("wb") as log, end_of(_start(command, log, {})) as process:
        wait_until(lambda: _listens(port), process, main.parent / "nginx.log")
        yield process


@contextmanager
def serve_gunicorn(folder: Path, port: int, settings: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """gunicorn on the shipped configuration, until the end of the block."""
    command = [sys.executable, "-m", "gunicorn", "-c", str(DEPLOY / "gunicorn.conf.py"), "app:create_app()"]
    environment = {"PORT": str(port), "PGX_CDS_DATABASE": f"sqlite:///{folder}/records.sqlite3", **settings}
    with (folder / "gunicorn.log").open("wb") as log, end_of(_start(command, log, environment)) as process:
        wait_until(lambda: _answers(port), process, folder / "gunicorn.log")
        yield process


def make_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment, with these settings of the service and no others."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PGX_CDS_")} | settings


def _start(command: list[str], log: BinaryIO, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env=make_environment(settings))


@contextmanager
def end_of(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End a process with the block, if it has not ended."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(holds: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when something holds; fail with the log when the process has ended or half a minute is over."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        return _ask(connection, "/health", None, {}).status == 200
    except OSError:
        return False


@contextmanager
def serve(folder: Path, settings: Mapping[str, str], callers: Callers | None) -> Iterator[Deployment]:
    """nginx and gunicorn together."""
    port, inside, behind = find_ports(3)
    (folder / "pgx-cds").mkdir()
    certificate = write_certificate(folder / "pgx-cds", "tls")
    main = write_nginx(folder, port, inside, behind)
    own, make_token = callers(folder, f"https://localhost:{port}") if callers else ({}, None)
    with serve_gunicorn(folder, behind, {**settings, **own}) as gunicorn, serve_nginx(main, port):
        yield Deployment(port, inside, behind, certificate, folder, gunicorn, make_token)


Callers = Callable[[Path, str], tuple[Mapping[str, str], Callable[[str], str]]]
"""Registers a client in a folder for a public address: settings, and what makes its tokens for a path."""


def to_json(data: object) -> bytes:
    """As it is sent."""
    return orjson.dumps(data)
