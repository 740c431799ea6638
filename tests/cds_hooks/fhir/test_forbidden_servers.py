"""Server-side request forgery: whatever a request or a link names, no byte reaches a server that may not be asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from fhir_stub import FhirStub, Reply, json_reply

from cds_hooks.fhir.bundle import Page, Reason
from cds_hooks.fhir.client import FhirClient, Limits
from cds_hooks.hook_request import FhirAccess

TOKEN = "t0p-s3cret"
ONE = {"resourceType": "Observation", "id": "1"}
Builder = Callable[..., dict[str, Any]]


@dataclass
class Forbidden:
    """A listener on loopback that nobody may talk to: how often it was connected to, and what it was sent."""

    port: int
    connections: int = 0
    received: bytearray = field(default_factory=bytearray)
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when the first caller has gone."""


@pytest.fixture
def forbidden() -> Iterator[Forbidden]:
    """A running one, on IPv4 and IPv6."""
    listener = socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    found = Forbidden(listener.getsockname()[1])

    def listen() -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            found.connections += 1
            with caller:
                caller.settimeout(5)
                while chunk := caller.recv(4096):
                    found.received += chunk
            found.ended.set()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    yield found
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def ask(limits: Limits, server: str, address: str = "Observation?patient=demo-1") -> Page:
    """One search with a token."""
    client = FhirClient(limits)
    return client.fetch_all(FhirAccess(server, TOKEN), {"key": address}, client.start_budget())["key"]


SPELLINGS = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "localhost",
    "LOCALHOST", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "0",
]  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
def test_a_private_address_is_not_asked_however_it_is_written(forbidden: Forbidden, host: str) -> None:
    """Even where every host may be asked, and even where this very one is listed: it is not so much as connected to."""
    server = f"https://{host}:{forbidden.port}/fhir"
    for hosts in (None, (host.strip("[]").lower(),)):
        assert ask(Limits(timeout=1, budget=2, hosts=hosts), server) == Page(reason=Reason.PRIVATE_ADDRESS)
    assert (forbidden.connections, forbidden.received) == (0, b"")


@pytest.mark.parametrize("host", ["127.0.0.1.", "localhost."])
def test_a_dot_at_the_end_leads_nowhere_else(forbidden: Forbidden, host: str) -> None:
    """Not every machine looks such a name up; none that does may get through."""
    page = ask(Limits(timeout=1, budget=2), f"https://{host}:{forbidden.port}/fhir")
    assert page.reason in (Reason.PRIVATE_ADDRESS, Reason.UNREACHABLE)
    assert (forbidden.connections, forbidden.received) == (0, b"")


def test_a_private_address_is_asked_when_the_site_allows_it(fhir_stub: FhirStub, bundle: Builder) -> None:
    """The good case: a FHIR server inside the hospital."""
    fhir_stub.answers["Observation"] = json_reply(bundle(ONE))
    assert ask(Limits(timeout=1, budget=2, hosts=("127.0.0.1",), private=True), fhir_stub.url) == Page((ONE,))


def test_a_private_port_that_is_closed_looks_like_one_that_is_open() -> None:
    """The reason does not tell what listens inside."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert ask(Limits(timeout=1, budget=2), f"https://127.0.0.1:{port}/fhir") == Page(reason=Reason.PRIVATE_ADDRESS)


@pytest.mark.parametrize(
    "found",
    ["10.0.0.5", "169.254.169.254", "100.64.0.1", "fd00:ec2::254", "fe80::1", "::ffff:192.168.0.1", "64:ff9b::a00:5"],
)
def test_a_name_that_leads_inside_is_not_asked(monkeypatch: pytest.MonkeyPatch, found: str) -> None:
    """A listed, harmless name: one private address among its addresses is enough to refuse it."""
    answers = [(socket.AF_INET, 1, 6, "", (text, 443)) for text in ("93.184.216.34", found)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("nothing may be connected to"))
    limits = Limits(timeout=1, budget=2, hosts=("fhir.example.org",))
    assert ask(limits, "https://fhir.example.org/fhir") == Page(reason=Reason.PRIVATE_ADDRESS)


def test_a_name_that_leads_elsewhere_the_second_time_is_sent_nothing(
    monkeypatch: pytest.MonkeyPatch, forbidden: Forbidden
) -> None:
    """DNS rebinding: public when it is looked up, loopback when it is connected to. No byte is sent, no greeting."""
    asked: list[str] = []

    def look_up(host: str, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, forbidden.port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    limits = Limits(timeout=1, budget=2, hosts=("fhir.example.org",))
    server = f"https://fhir.example.org:{forbidden.port}/fhir"
    assert ask(limits, server) == Page(reason=Reason.PRIVATE_ADDRESS)
    assert asked == ["fhir.example.org"] * 2
    assert forbidden.ended.wait(5)
    assert forbidden.received == b""


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        ("https://127.0.0.1:{port}/fhir", Reason.HOST_NOT_ALLOWED),
        ("https://fhir.example.org.:{port}/fhir", Reason.HOST_NOT_ALLOWED),
        ("https://fhir.example.org.evil.example:{port}/fhir", Reason.HOST_NOT_ALLOWED),
        ("https://evil-fhir.example.org:{port}/fhir", Reason.HOST_NOT_ALLOWED),
        ("https://example.org:{port}/fhir", Reason.HOST_NOT_ALLOWED),
        ("https://fhir.example.org@127.0.0.1:{port}/fhir", Reason.ODD_ADDRESS),
        ("https://127.0.0.1:{port}\\@fhir.example.org/fhir", Reason.ODD_ADDRESS),
        ("https://127.0.0.1:{port}#@fhir.example.org/fhir", Reason.ODD_ADDRESS),
        ("https://127.0.0.1:{port}?@fhir.example.org/fhir", Reason.ODD_ADDRESS),
        ("https://fhir。example.org:{port}/fhir", Reason.ODD_ADDRESS),
        ("ftp://fhir.example.org:{port}/fhir", Reason.ODD_ADDRESS),
        ("http://fhir.example.org:{port}/fhir", Reason.NO_TLS),
    ],
)
def test_only_listed_hosts_are_asked(forbidden: Forbidden, server: str, reason: Reason) -> None:
    """Whole names only, and no address in which another host could be read."""
    limits = Limits(timeout=1, budget=2, hosts=("fhir.example.org",))
    assert ask(limits, server.format(port=forbidden.port)) == Page(reason=reason)
    assert (forbidden.connections, forbidden.received) == (0, b"")


def test_nothing_is_asked_when_no_host_is_allowed(fhir_stub: FhirStub) -> None:
    """An empty list is no list of everything."""
    limits = Limits(timeout=1, budget=2, hosts=(), private=True)
    assert (ask(limits, fhir_stub.url), fhir_stub.asked) == (Page(reason=Reason.HOST_NOT_ALLOWED), [])


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:{port}/fhir/Observation",
        "http://localhost:{port}/fhir/Observation",
        "//127.0.0.1:{port}/fhir",
        "http://127.0.0.1:{own}@127.0.0.1:{port}/fhir",
        "http://127.0.0.1:{own}\\@127.0.0.1:{port}/fhir",
        "/\\127.0.0.1:{port}/fhir",
        "https://127.0.0.1:{own}/fhir/Observation",
        "http://127.0.0.1:{own}/admin",
        "http://127.0.0.1:{own}/fhir/../admin",
        "http://127.0.0.1:{own}/fhir/%2e%2e/admin",
        "file:///etc/passwd",
    ],
)
def test_a_link_out_of_the_server_is_not_followed(
    fhir_stub: FhirStub, forbidden: Forbidden, bundle: Builder, link: str
) -> None:
    """Neither to another host or port, nor out of the base path: not with the token, and not without it."""
    own = fhir_stub.url.partition("127.0.0.1:")[2].partition("/")[0]
    url = link.format(port=forbidden.port, own=own)
    fhir_stub.answers["Observation"] = json_reply(bundle(ONE, link=[{"relation": "next", "url": url}]))
    assert ask(Limits(timeout=1, budget=2, private=True), fhir_stub.url) == Page((ONE,), reason=Reason.FOREIGN_LINK)
    assert (len(fhir_stub.asked), forbidden.connections, forbidden.received) == (1, 0, b"")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(fhir_stub: FhirStub, forbidden: Forbidden, status: int) -> None:
    """No kind of it, and nowhere to."""
    fhir_stub.answers["Observation"] = Reply(status, headers={"Location": f"http://127.0.0.1:{forbidden.port}/fhir"})
    assert ask(Limits(timeout=1, budget=2, private=True), fhir_stub.url) == Page(reason=Reason.REDIRECT)
    assert (forbidden.connections, forbidden.received) == (0, b"")


def test_neither_proxies_nor_netrc_of_the_environment_take_part(
    fhir_stub: FhirStub, forbidden: Forbidden, bundle: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way to the server is the one that was judged."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{forbidden.port}")
    fhir_stub.answers["Observation"] = json_reply(bundle(ONE))
    assert ask(Limits(timeout=1, budget=2, private=True), fhir_stub.url) == Page((ONE,))
    assert forbidden.connections == 0
