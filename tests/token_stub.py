"""A token endpoint that answers as it is told, on a real socket of this machine, and the keys of its one client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cds_hooks.clients import Backend

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Answer = tuple[int, bytes, dict[str, str]]


def grant(token: str, expires_in: object = 300, **members: object) -> Answer:
    """A token as an endpoint grants it."""
    body = {"access_token": token, "token_type": "bearer", "expires_in": expires_in} | members
    return 200, orjson.dumps(body), {"Content-Type": "application/json"}


def refuse(error: str, status: int = 400) -> Answer:
    """A refusal in OAuth's shape."""
    return status, orjson.dumps({"error": error, "error_description": "s3cret detail"}), {}


@dataclass
class TokenStub:
    """By default it numbers its tokens: token-1, token-2, ..."""

    url: str = ""
    answer: Callable[[int], Answer] = lambda number: grant(f"token-{number}")
    forms: list[dict[str, str]] = field(default_factory=list)
    """What was posted, in the order of arrival."""
    hold: threading.Event = field(default_factory=threading.Event)
    """An answer waits until it is set."""

    def backend(self, key_file: Path, server: str, algorithm: str = "ES384") -> Backend:
        """The client's own members for this endpoint."""
        return Backend(server, self.url, "pgx-cds", key_file, "key-1", algorithm, "system/*.rs")


@contextmanager
def serve_tokens() -> Iterator[TokenStub]:
    """A running endpoint."""
    stub = TokenStub()
    stub.hold.set()
    arrived = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with arrived:
                stub.forms.append(dict(parse_qsl(body.decode())))
                number = len(stub.forms)
            stub.hold.wait(10)
            status, answer, headers = stub.answer(number)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that gave up is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_port}/token"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stub
    finally:
        stub.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()


def make_key(algorithm: str) -> PrivateKey:
    """A new private key of the algorithm's kind."""
    if algorithm == "ES384":
        return ec.generate_private_key(ec.SECP384R1())
    return rsa.generate_private_key(65_537, 2048)


def write_pem(key: PrivateKey, file: Path) -> Path:
    """The key in a PEM file."""
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(key.private_bytes(encoding, shape, serialization.NoEncryption()))
    return file
