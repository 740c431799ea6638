"""Slow senders, big bodies and smuggled requests end at nginx."""

from __future__ import annotations

import contextlib
import re
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from deployment import DEPLOY, Deployment, to_json

from cds_hooks.settings import Settings

SELECT = "/cds-services/pgx-order-select"
SLOW = 60
LIMIT = Settings().body_limit

pytestmark = pytest.mark.deploy


@contextlib.contextmanager
def send_slowly(deployment: Deployment, beginning: bytes) -> Iterator[None]:
    """60 connections on which the beginning of a request was sent; a byte a second follows until the block ends."""
    over = threading.Event()

    def drip(connections: list[ssl.SSLSocket]) -> None:
        while not over.wait(1):
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.sendall(b" ")

    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(deployment.connect()) for _ in range(SLOW)]
        for connection in connections:
            connection.sendall(beginning)
        dripping = threading.Thread(target=drip, args=(connections,))
        dripping.start()
        try:
            yield
        finally:
            over.set()
            dripping.join()
        assert [read_all(connection) for connection in connections] == [b""] * SLOW


@pytest.mark.parametrize(
    "beginning",
    [
        b"POST /cds-services/pgx-order-select HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        b"POST /cds-services/pgx-order-select HTTP/1.1\r\nHost: localhost\r\n"
        b'Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"hook":',
    ],
    ids=["header", "body"],
)
def test_60_slow_senders_hold_nobody_up(deployment: Deployment, hook: dict[str, Any], beginning: bytes) -> None:
    """More than gunicorn's 16 threads, and none of them takes one. When nothing more comes, nginx closes them."""
    with send_slowly(deployment, beginning):
        assert [deployment.call(SELECT, to_json(hook)).status for _ in range(5)] == [200] * 5


def read_all(connection: ssl.SSLSocket) -> bytes:
    """Everything until the other side closes; TimeoutError when it does not."""
    received = b""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while part := connection.recv(65536):
            received += part
    return received


def test_nginx_and_the_service_take_bodies_of_the_same_size() -> None:
    """The number in the configuration is the setting's default."""
    found = re.findall(r"client_max_body_size (\d+);", Path(DEPLOY / "nginx.conf").read_text())
    assert found[0] == str(LIMIT)


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "chunked"])
def test_a_body_over_the_limit_is_refused_and_one_below_it_is_read(deployment: Deployment, chunked: bool) -> None:
    """413 either way; the one below reaches the service, which says that it is no hook request."""
    for size, status, code in ((LIMIT + 1, 413, "too-long"), (LIMIT - 1, 400, "required")):
        received = send_body(deployment, size, chunked)
        assert received.startswith(f"HTTP/1.1 {status} ".encode())
        outcome = orjson.loads(received.partition(b"\r\n\r\n")[2])
        assert (outcome["resourceType"], outcome["issue"][0]["code"]) == ("OperationOutcome", code)


def send_body(deployment: Deployment, size: int, chunked: bool) -> bytes:
    """The whole answer to a body of spaces around an empty object."""
    body = b"{}".ljust(size)
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    token = "".join(f"{name}: {value}\r\n" for name, value in deployment.authorize(SELECT).items())
    head = f"POST {SELECT} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (size, body) if chunked else body
    with deployment.connect() as connection:
        with contextlib.suppress(OSError):  # nginx may answer and close before everything was sent
            connection.sendall(f"{head}{token}{framing}\r\n\r\n".encode() + sent)
        return read_all(connection)


SMUGGLED = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    ("framing", "status"),
    [
        (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n{}{}", b"400"),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", b"501"),
        (b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"Content-Length: +4\r\n\r\n{}  ", b"400"),
    ],
    ids=["both lengths", "two lengths", "two encodings", "unknown encoding", "space before colon", "signed length"],
)
def test_a_request_whose_end_is_in_doubt_is_refused(deployment: Deployment, framing: bytes, status: bytes) -> None:
    """One answer, and what was hidden behind the body is not taken for a request."""
    head = b"POST /cds-services/pgx-order-select HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with deployment.connect() as connection:
        connection.sendall(head + framing + SMUGGLED)
        received = read_all(connection)
    assert received.split(b" ")[1:2] == [status]
    assert received.count(b"HTTP/1.1 ") == 1


def test_a_header_of_100_kb_and_a_call_without_tls_are_refused(deployment: Deployment) -> None:
    """400 with an OperationOutcome; the service sees neither."""
    answer = deployment.call("/cds-services", None, {"X-Long": "x" * 100_000})
    assert (answer.status, orjson.loads(answer.body)["issue"][0]["code"]) == (400, "invalid")
