"""Addresses that may be read from: how one must be written, where a link may lead, which hosts are public.

An address is taken apart here once, strictly: whatever two parsers could read differently is refused. What a name leads
to is judged where the connection is made (`cds_hooks.fhir.connections`), because a name may lead elsewhere each time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urljoin, urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Names of this machine."""

_SERVER = re.compile(
    r"(?P<scheme>https?)://(?P<host>[0-9a-z._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/[0-9a-z._~!$&'()*+,;=:%-]*)*)",
    re.IGNORECASE | re.ASCII,
)
_ODD = re.compile(r"[\x00-\x20\x7f\\]")
_ONE_LEVEL_UP = re.compile(r"(?:^|/)\.{1,2}(?:[/;]|$)|%(?:2e|2f|5c|25|00)", re.IGNORECASE)
"""A step up in a path, or an encoded dot, slash, percent or null, which a server may decode to one; a query may hold
them."""

_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/3",
        "168.63.129.16/32",
        "2001::/23", "2001:db8::/32", "3fff::/20",
    )
)  # fmt: skip
"""IANA's special-purpose address registries (RFC 6890 and later), multicast, reserved; 168.63.129.16 is public in form
only: a cloud's own service of every machine. IPv6 is taken from 2000::/3 alone, which leaves out the rest."""
_GLOBAL_UNICAST = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Server:
    """A base address in its parts, scheme and host in lower case; IPv6 without brackets."""

    scheme: str
    host: str
    port: int | None
    path: str


def read_server(address: str) -> Server | None:
    """The parts of a FHIR server's base address; None where it is not plainly written (user, query, odd letters)."""
    found = _SERVER.fullmatch(address)
    if found is None or _ONE_LEVEL_UP.search(found["path"]):
        return None
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65_536:
        return None
    return Server(found["scheme"].lower(), found["host"].strip("[]").lower(), port, found["path"])


def resolve_link(server: str, link: str) -> str | None:
    """The absolute address of a query or of a next link; None where it leaves the server's host or base path."""
    base = urlsplit(server)
    if _ODD.search(link):
        return None
    try:
        url = urljoin(f"{server}/", link)
        parts, sent = urlsplit(url), parse_url(url)
        aim = (base.scheme, base.hostname, base.port)
        # requests takes the address apart by urllib3's parser: both must see the same host.
        same_host = aim == (parts.scheme, parts.hostname, parts.port)
        same_host = same_host and aim == (sent.scheme, (sent.host or "").strip("[]"), sent.port)
    except (ValueError, LocationParseError):
        return None
    inside = parts.path == base.path or parts.path.startswith(f"{base.path.rstrip('/')}/")
    return url if same_host and inside and not _ONE_LEVEL_UP.search(parts.path) and "@" not in parts.netloc else None


def is_public(address: str) -> bool:
    """Whether an IP address (as a socket tells it) is one of the public network.

    An IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64) is judged as what it leads to.
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        return _is_public_v6(found)
    return found.is_global and not any(found in network for network in _NOT_PUBLIC if network.version == 4)


def _is_public_v6(address: IPv6Address) -> bool:
    inner = _inner(address)
    if inner is not None:
        return is_public(str(inner))
    special = any(address in network for network in _NOT_PUBLIC if network.version == 6)
    return address in _GLOBAL_UNICAST and address.is_global and not special


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
