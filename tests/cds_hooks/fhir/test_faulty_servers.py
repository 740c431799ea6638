"""What a broken or hostile FHIR server sends: each fault has its own words, ends in time, and costs bounded memory."""

from __future__ import annotations

import gzip
import threading
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

import orjson
import pytest
from fhir_stub import FhirStub, Reply, json_reply

from cds_hooks.fhir.bundle import Page, Reason
from cds_hooks.fhir.client import FhirClient, Limits
from cds_hooks.hook_request import FhirAccess

TOKEN = "t0p-s3cret"
ONE, TWO = ({"resourceType": "Observation", "id": str(number)} for number in (1, 2))
Builder = Callable[..., dict[str, Any]]
Writer = Callable[[BinaryIO, threading.Event], None]
SIZE = 1_000_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n"


def fetch(stub: FhirStub, timeout: float = 0.3, budget: float = 0.6, size: int = SIZE) -> Page:
    """One search on the stub."""
    client = FhirClient(Limits(private=True, timeout=timeout, budget=budget, pages=3, size=size))
    access = FhirAccess(stub.url, TOKEN)
    return client.fetch_all(access, {"key": "Observation?patient=demo-1"}, client.start_budget())["key"]


def write(*parts: bytes) -> Reply:
    """A whole answer as it stands, after which the connection ends."""
    return Reply(write=lambda out, _: out.write(b"".join(parts)) and None)


def repeat(head: bytes, part: bytes) -> Reply:
    """An answer that never ends, as fast as it is taken."""

    def go_on(out: BinaryIO, stopped: threading.Event) -> None:
        out.write(head)
        while not stopped.is_set():
            out.write(part)

    return Reply(write=go_on)


def drip(head: bytes, part: bytes) -> Reply:
    """An answer that never ends, byte after byte."""

    def go_on(out: BinaryIO, stopped: threading.Event) -> None:
        out.write(head)
        while not stopped.wait(0.05):
            out.write(part)
            out.flush()

    return Reply(write=go_on)


def pack(data: bytes, times: int = 1) -> bytes:
    """gzip, as often as asked."""
    for _ in range(times):
        data = gzip.compress(data)
    return data


FAULTS = {
    "a connection that ends at once": (write(), Reason.UNREACHABLE),
    "no HTTP": (write(b"SSH-2.0-OpenSSH_9.2\r\n"), Reason.UNREACHABLE),
    "half a head": (write(HEAD), Reason.NOT_JSON),
    "cut in the middle of the body": (
        write(HEAD, b'Content-Length: 999\r\n\r\n{"resourceType": "Bundle", "entry": ['),
        Reason.BROKEN_OFF,
    ),
    "cut in the middle of a chunk": (
        write(HEAD, b'Transfer-Encoding: chunked\r\n\r\nff\r\n{"resourceType"'),
        Reason.BROKEN_OFF,
    ),
    "a chunk whose length is no number": (
        write(HEAD, b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
        Reason.BROKEN_OFF,
    ),
    "chunks without an end": (
        repeat(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"2000\r\n" + b" " * 8192 + b"\r\n"),
        Reason.TOO_LARGE,
    ),
    "a body without an end": (repeat(HEAD + b"\r\n", b" " * 8192), Reason.TOO_LARGE),
    "too many headers": (
        write(b"HTTP/1.1 200 OK\r\n", *(b"X-%d: y\r\n" % number for number in range(200)), b"\r\n{}"),
        Reason.UNREACHABLE,
    ),
    "a header without an end": (repeat(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 8192), Reason.UNREACHABLE),
    "a status line without an end": (repeat(b"HTTP/1.1 200 ", b"y" * 8192), Reason.UNREACHABLE),
    "headers that drip": (drip(b"HTTP/1.1 200 OK\r\nX: ", b"y"), Reason.TIMEOUT),
    "a status that drips": (drip(b"HTTP/1.1 200 ", b"y"), Reason.TIMEOUT),
    "chunks that drip": (drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"), Reason.TIMEOUT),
    "interim answers without an end": (repeat(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), Reason.TIMEOUT),
    "a gzip that is none": (write(HEAD, b"Content-Encoding: gzip\r\n\r\n{}"), Reason.BROKEN_OFF),
    "a gzip that is cut": (
        write(HEAD, b"Content-Encoding: gzip\r\n\r\n", pack(orjson.dumps({"resourceType": "Bundle"}))[:-12]),
        Reason.NOT_JSON,
    ),
    "a gzip bomb": (write(HEAD, b"Content-Encoding: gzip\r\n\r\n", pack(b" " * 30 * SIZE)), Reason.TOO_LARGE),
    "a gzip bomb inside a gzip": (
        write(HEAD, b"Content-Encoding: gzip, gzip\r\n\r\n", pack(b" " * 30 * SIZE, 2)),
        Reason.TOO_LARGE,
    ),
    "a deflate bomb": (
        write(HEAD, b"Content-Encoding: deflate\r\n\r\n", zlib.compress(b" " * 30 * SIZE)),
        Reason.TOO_LARGE,
    ),
    "many gzips in a row": (write(HEAD, b"Content-Encoding: " + b"gzip, " * 20 + b"gzip\r\n\r\n{}"), Reason.BROKEN_OFF),
    "an encoding that nobody knows": (write(HEAD, b"Content-Encoding: x-own\r\n\r\n\x01\x02"), Reason.NOT_JSON),
    "deeply nested lists": (write(HEAD, b"\r\n", b"[" * 100_000), Reason.NOT_JSON),
    "deeply nested and closed": (write(HEAD, b"\r\n", b'{"a":' * 5000, b"1", b"}" * 5000), Reason.NOT_JSON),
    "letters that are no UTF-8": (write(HEAD, b'\r\n{"resourceType": "Bundle\xff"}'), Reason.NOT_JSON),
    "XML": (
        write(b'HTTP/1.1 200 OK\r\nContent-Type: application/fhir+xml\r\n\r\n<Bundle xmlns="http://hl7.org/fhir"/>'),
        Reason.NOT_JSON,
    ),
    "HTML that calls itself FHIR": (write(HEAD, b"\r\n<!doctype html><title>Sign in</title>"), Reason.NOT_JSON),
    "a Bundle whose entries are none": (
        json_reply({"resourceType": "Bundle", "entry": {"resource": ONE}}),
        Reason.NOT_FHIR,
    ),
    "a redirect with a bomb": (
        write(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Encoding: gzip\r\n\r\n", pack(b" " * 30 * SIZE)),
        Reason.REDIRECT,
    ),
    "a redirect without an end": (
        repeat(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b" " * 8192),
        Reason.REDIRECT,
    ),
    "an error without an end": (repeat(b"HTTP/1.1 500 Oh\r\n\r\n", b" " * 8192), Reason.SERVER_ERROR),
    "another protocol": (write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"), Reason.REFUSED),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_told_apart_and_ends(fhir_stub: FhirStub, fault: str) -> None:
    """Nothing raises, nothing is taken for an empty answer."""
    fhir_stub.answers["Observation"], reason = FAULTS[fault]
    assert fetch(fhir_stub) == Page(reason=reason)


@pytest.mark.parametrize("media", ["application/json", "text/plain", "text/html; charset=latin-1", ""])
def test_json_is_read_whatever_it_is_called(fhir_stub: FhirStub, bundle: Builder, media: str) -> None:
    """The body decides: servers and their proxies name it in many ways."""
    fhir_stub.answers["Observation"] = Reply(200, orjson.dumps(bundle(ONE)), {"Content-Type": media})
    assert fetch(fhir_stub) == Page((ONE,))


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
def test_a_packed_answer_is_unpacked(fhir_stub: FhirStub, bundle: Builder, encoding: str) -> None:
    """The good case beside the bombs."""
    body = pack(orjson.dumps(bundle(ONE)), encoding.count("gzip"))
    fhir_stub.answers["Observation"] = Reply(200, body, {"Content-Encoding": encoding})
    assert fetch(fhir_stub) == Page((ONE,))


@pytest.mark.parametrize(
    ("head", "reason"),
    [(HEAD, Reason.TOO_LARGE), (b"HTTP/1.1 302 Found\r\nLocation: /\r\n", Reason.REDIRECT)],
    ids=["answer", "redirect"],
)
def test_a_bomb_takes_no_more_memory_than_an_answer_may(fhir_stub: FhirStub, head: bytes, reason: Reason) -> None:
    """A hundred megabytes out of a hundred kilobytes: what is unpacked stays below a few times the limit."""
    body = pack(b" " * 100 * SIZE)
    fhir_stub.answers["Observation"] = write(head, b"Content-Encoding: gzip\r\n\r\n", body)
    tracemalloc.start()
    try:
        assert fetch(fhir_stub, 5, 10) == Page(reason=reason)
        assert tracemalloc.get_traced_memory()[1] < 8 * SIZE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_what_came_before_a_failing_page_is_kept(fhir_stub: FhirStub, bundle: Builder, status: int) -> None:
    """The token may end in the middle of paging: a part is never taken for the whole."""
    reasons = {
        401: Reason.UNAUTHORISED,
        403: Reason.FORBIDDEN,
        429: Reason.TOO_MANY,
        500: Reason.SERVER_ERROR,
    }
    first = json_reply(bundle(ONE, link=[{"relation": "next", "url": "Observation?page=2"}]))
    fhir_stub.answers["Observation"] = lambda target: Reply(status) if "page" in target else first
    assert fetch(fhir_stub) == Page((ONE,), reason=reasons[status])
    assert len(fhir_stub.asked) == 2


def test_what_came_before_a_page_that_hangs_is_kept(fhir_stub: FhirStub, bundle: Builder) -> None:
    """Also where the request's time ends while the page is awaited."""
    first = json_reply(bundle(ONE, link=[{"relation": "next", "url": "Observation?page=2"}]))
    fhir_stub.answers["Observation"] = lambda target: Reply(hang=True) if "page" in target else first
    assert fetch(fhir_stub) == Page((ONE,), reason=Reason.TIMEOUT)
    assert fetch(fhir_stub, timeout=30) == Page((ONE,), reason=Reason.TIMEOUT)


@pytest.mark.parametrize("fault", ["headers that drip", "chunks that drip", "interim answers without an end"])
def test_no_thread_outlasts_its_request(fhir_stub: FhirStub, fault: str) -> None:
    """A server that always sends a little more does not keep what waits for it: the connection is broken off."""
    fhir_stub.answers["Observation"] = FAULTS[fault][0]
    before = set(threading.enumerate())
    fetch(fhir_stub)
    left = [one for one in set(threading.enumerate()) - before if one.name.startswith("fhir")]
    for thread in left:
        thread.join(10)
    assert [one for one in left if one.is_alive()] == []


def test_breaking_off_one_query_leaves_the_others_alone(fhir_stub: FhirStub, bundle: Builder) -> None:
    """Connections go back to a pool that all requests share."""
    fhir_stub.answers |= {"Observation": json_reply(bundle(ONE)), "Condition": FAULTS["headers that drip"][0]}
    client = FhirClient(Limits(private=True, timeout=0.3, budget=0.4))
    for _ in range(3):
        pages = client.fetch_all(
            FhirAccess(fhir_stub.url), {"genes": "Observation", "conditions": "Condition"}, client.start_budget()
        )
        assert pages == {"genes": Page((ONE,)), "conditions": Page(reason=Reason.TIMEOUT)}


def test_a_malformed_header_is_not_logged_with_the_patient(
    fhir_stub: FhirStub, bundle: Builder, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The HTTP library warns of such headers, and quotes the whole address."""
    body = orjson.dumps(bundle(ONE))
    fhir_stub.answers["Observation"] = write(b"HTTP/1.1 200 OK\r\nX: y\r\n: none\r\nno colon\r\n\r\n", body)
    fetch(fhir_stub)
    assert fhir_stub.asked == ["Observation?patient=demo-1"]
    assert "demo-1" not in caplog.text + capsys.readouterr().err
