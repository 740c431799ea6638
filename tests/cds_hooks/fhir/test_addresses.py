"""Which addresses are public, how a server's must be written, and where a link may lead."""

from __future__ import annotations

import pytest

from cds_hooks.fhir.addresses import Server, is_public, read_server, resolve_link

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1",
    "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1",
]  # fmt: skip
PUBLIC = [
    "8.8.8.8", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808",
]  # fmt: skip


@pytest.mark.parametrize("address", [*PRIVATE, "", "localhost", "2130706433", "0x7f.1", "127.1"])
def test_an_address_that_is_not_public_is_told(address: str) -> None:
    """Loopback, private, link-local, shared, reserved, multicast, each also inside an IPv6 address; and no address."""
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_told(address: str) -> None:
    """Also the neighbours of private ranges, and one that an IPv6 address stands for."""
    assert is_public(address)


@pytest.mark.parametrize(
    ("address", "server"),
    [
        ("https://a.example", Server("https", "a.example", None, "")),
        ("https://A.Example:8443/fhir/R4", Server("https", "a.example", 8443, "/fhir/R4")),
        ("http://[::1]:80/fhir", Server("http", "::1", 80, "/fhir")),
        ("https://a.example/t/~x/fhir%20r4", Server("https", "a.example", None, "/t/~x/fhir%20r4")),
    ],
)
def test_a_plain_address_is_taken_apart(address: str, server: Server) -> None:
    """Scheme, host, port, path."""
    assert read_server(address) == server


@pytest.mark.parametrize(
    "address",
    [
        "ftp://a.example/fhir",
        "file:///etc/passwd",
        "gopher://a.example",
        "//a.example/fhir",
        "https://user@a.example/fhir",
        "https://user:pw@a.example/fhir",
        "https://a.example@b.example/fhir",
        "https://a.example\\@b.example/fhir",
        "https://a.example\\.b.example/fhir",
        "https://a.example/fhir?x=1",
        "https://a.example/fhir#x",
        "https://a.example /fhir",
        "https://a.example\t/fhir",
        "https://a.example\n/fhir",
        "https://a.example/fhir\r\nHost: b.example",
        "https://a。example/fhir",
        "https://ａ.example/fhir",
        "https://пример.example/fhir",
        "https://a%2eexample/fhir",
        "https://a.example:0/fhir",
        "https://a.example:99999/fhir",
        "https://a.example:8x/fhir",
        "https://[::1/fhir",
        "https://[fe80::1%25eth0]/fhir",
        "https://a.example/fhir/../admin",
        "https://a.example/fhir/%2e%2E/admin",
        "https://a.example/fhir/..%2Fadmin",
        "https://a.example/fhir/..;/admin",
        "https://a.example/fhir/%252e%252e/admin",
        "https://a.example/fhir%00",
        "https://a.example/.",
        "https:///fhir",
        "https://",
        "",
    ],
)
def test_an_address_that_is_not_plainly_written_is_refused(address: str) -> None:
    """What two parsers may read differently is read by none."""
    assert read_server(address) is None


@pytest.mark.parametrize(
    ("link", "resolved"),
    [
        ("Observation?page=2", "https://a.example/fhir/Observation?page=2"),
        ("https://a.example/fhir?_getpages=1", "https://a.example/fhir?_getpages=1"),
        ("HTTPS://A.EXAMPLE/fhir/Observation?page=2", "https://A.EXAMPLE/fhir/Observation?page=2"),
        ("?_getpages=1", "https://a.example/fhir/?_getpages=1"),
        ("https://b.example/fhir/Observation", None),
        ("http://a.example/fhir/Observation", None),
        ("https://a.example:8443/fhir/Observation", None),
        ("https://a.example./fhir/Observation", None),
        ("https://a.example/admin", None),
        ("https://a.example/fhirwall/Observation", None),
        ("https://a.example/fhir/%2e%2e/admin", None),
        ("https://a.example/fhir/%2E./admin", None),
        ("https://a.example/fhir/..%2fadmin", None),
        ("https://a.example/fhir/..;/admin", None),
        ("https://a.example/fhir/%252e%252e/admin", None),
        (
            "Observation?code=http%3A%2F%2Floinc.org%7C1&t=%252e",
            "https://a.example/fhir/Observation?code=http%3A%2F%2Floinc.org%7C1&t=%252e",
        ),
        ("../admin", None),
        ("//b.example/fhir/Observation", None),
        ("/\\b.example/fhir/Observation", None),
        ("\\\\b.example/fhir", None),
        ("https:\\\\b.example\\fhir", None),
        ("https://user@a.example/fhir/Observation", None),
        ("https://a.example\\@b.example/fhir/Observation", None),
        ("https://a.example:port/fhir/Observation", None),
        ("ht\ntps://b.example/fhir", None),
        ("https://a.example/fhir/Observation\r\nX: y", None),
        ("file:///etc/passwd", None),
        ("data:application/fhir+json,{}", None),
        ("http://169.254.169.254/latest/meta-data", None),
    ],
)
def test_a_link_is_followed_only_inside_the_servers_address(link: str, resolved: str | None) -> None:
    """Same scheme, host and port, and below the same path."""
    assert resolve_link("https://a.example/fhir", link) == resolved
