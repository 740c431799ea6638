"""Connections to FHIR servers: none to a private address unless allowed, and none that outlasts its request.

A name is looked up and judged before anything is connected, so that neither an answer nor its time tells what listens
inside; and the address that was really reached is judged again before a byte is sent, because a name may have led
elsewhere the second time (DNS rebinding).
"""

from __future__ import annotations

import logging
import socket
import threading
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from cds_hooks.fhir.addresses import is_public

_THREAD = threading.local()


class PrivateAddressError(HTTPError):
    """The name leads to an address that may not be read from. Carries none of the two."""


class Exchange:
    """What one thread is reading; another may break it off."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._broken = False

    def start(self) -> None:
        """From here on, connections of this thread belong to this exchange."""
        _THREAD.exchange = self

    def hold(self, used: socket.socket | None) -> None:
        """Remember the socket in use."""
        with self._lock:
            self._socket = used
            if self._broken:
                self._shut()

    def release(self) -> None:
        """Forget the socket: it went back to the pool, where the next one to use it is somebody else."""
        with self._lock:
            self._socket = None

    def break_off(self) -> None:
        """End whatever waits for the socket: a server that drips must not keep a thread."""
        with self._lock:
            self._broken = True
            self._shut()

    def _shut(self) -> None:
        if self._socket is None:
            return
        try:
            # Not SSLSocket's own: that one waits for the peer, or takes the cipher from under the reading thread.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        except OSError:
            return


def make_session(private: bool, ca: Path | None) -> requests.Session:
    """A session for many patients and threads; `private` allows private addresses, `ca` replaces certifi's authorities.

    Neither cookies nor the environment (netrc, proxies) add to what is sent, and no redirect is followed.
    """
    session = _Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    session.verify = str(ca) if ca else True
    adapter = _Adapter(_OPEN if private else _PUBLIC)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    # urllib3 warns of malformed headers with the whole address, patient included: it may not.
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
    return session


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: requests would read the body of a redirect whole, without any limit, though it is not to follow it."""


class _Watched:
    """A connection whose socket the thread's exchange knows."""

    sock: Any
    _dns_host: str
    port: int

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        _hold(made)
        return made

    def connect(self) -> None:
        """Connect, and hold the socket that TLS made of the first one."""
        super().connect()  # type: ignore[misc]
        _hold(self.sock)

    def request(self, *arguments: Any, **named: Any) -> None:
        """Send a request, maybe over a connection that an earlier thread made."""
        if self.sock is not None:
            _hold(self.sock)
        super().request(*arguments, **named)  # type: ignore[misc]


class _Public(_Watched):
    """A connection to public addresses only."""

    def _new_conn(self) -> socket.socket:
        _require_public_name(self._dns_host, self.port)
        made = super()._new_conn()
        try:
            reached = made.getpeername()[0]
        except OSError:
            reached = ""
        if not is_public(reached):
            made.close()
            raise PrivateAddressError
        return made


def _require_public_name(host: str, port: int) -> None:
    """Raise PrivateAddressError unless every address of the name is public; a name that is none is urllib3's affair."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return
    if not all(is_public(str(address[0])) for *_, address in found):
        raise PrivateAddressError


def _hold(used: socket.socket | None) -> None:
    exchange = getattr(_THREAD, "exchange", None)
    if exchange is not None:
        exchange.hold(used)


class _OpenHttp(_Watched, HTTPConnection):
    pass


class _OpenHttps(_Watched, HTTPSConnection):
    pass


class _PublicHttp(_Public, HTTPConnection):
    pass


class _PublicHttps(_Public, HTTPSConnection):
    pass


class _OpenHttpPool(HTTPConnectionPool):
    ConnectionCls = _OpenHttp


class _OpenHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _OpenHttps


class _PublicHttpPool(HTTPConnectionPool):
    ConnectionCls = _PublicHttp


class _PublicHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHttps


_OPEN = {"http": _OpenHttpPool, "https": _OpenHttpsPool}
_PUBLIC = {"http": _PublicHttpPool, "https": _PublicHttpsPool}


class _Adapter(HTTPAdapter):
    """requests' adapter over the given kinds of pools."""

    def __init__(self, pools: dict[str, type[HTTPConnectionPool]]) -> None:
        self._pools = pools
        super().__init__(pool_connections=8, pool_maxsize=32)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """The pools of this adapter, made as requests makes its own."""
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = self._pools
