"""A FHIR server that misbehaves as it is told, on a real socket of this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, BinaryIO
from urllib.parse import unquote

import orjson


@dataclass(frozen=True)
class Reply:
    """One answer. `length` overrides Content-Length; `hang` sends nothing until the server stops; `write` writes the
    whole answer by itself, and stops when its event is set."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    hang: bool = False
    drip: bool = False
    write: Callable[[BinaryIO, threading.Event], None] | None = None


def json_reply(data: object, status: int = 200) -> Reply:
    """JSON as FHIR servers send it."""
    return Reply(status, orjson.dumps(data), {"Content-Type": "application/fhir+json"})


@dataclass
class FhirStub:
    """Answers by resource type ("Observation"), or by type and id; what nothing is set for is an empty searchset."""

    url: str = ""
    answers: dict[str, Reply | Callable[[str], Reply]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Decoded path and query of every request, in the order of arrival."""
    tokens: list[str | None] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def answer(self, target: str) -> Reply:
        """The reply to a request's target."""
        path = target.partition("?")[0].strip("/")
        kind = path.partition("/")[0]
        set_up = self.answers.get(path) or self.answers.get(kind)
        if set_up is None:
            return json_reply({"resourceType": "Bundle", "type": "searchset", "total": 0})
        return set_up(target) if callable(set_up) else set_up


def _make_handler(stub: FhirStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = unquote(self.path).removeprefix("/fhir/")
            stub.asked.append(target)
            stub.tokens.append(self.headers["Authorization"])
            reply = stub.answer(target)
            if reply.hang:
                stub.stopped.wait(10)
                return
            if reply.write is not None:
                reply.write(self.wfile, stub.stopped)
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
            self.end_headers()
            self._send(reply)

        def _send(self, reply: Reply) -> None:
            if not reply.drip:
                self.wfile.write(reply.body)
                return
            for at in range(len(reply.body)):
                if stub.stopped.wait(0.05):
                    return
                self.wfile.write(reply.body[at : at + 1])

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that gave up is what these tests are about."""


@contextmanager
def serve_stub() -> Iterator[FhirStub]:
    """A running stub; its base address ends with /fhir."""
    stub = FhirStub()
    server = _QuietServer(("127.0.0.1", 0), _make_handler(stub))
    stub.url = f"http://127.0.0.1:{server.server_port}/fhir"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stub
    finally:
        stub.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
