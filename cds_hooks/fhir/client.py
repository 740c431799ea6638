"""Read what is missing of a patient's record from the EHR's FHIR server.

Everything is bounded: the wait for a connection and for each part of an answer, the time for the whole request, the
pages of a search, the bytes of an answer, and where a link may lead. The token goes into one header of requests to
the server that it was given for, and nowhere else: no log, no exception, no message carries it, and none carries an
address with a patient's id. What went wrong comes back as a `Reason`, never as an exception.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError

from cds_hooks.fhir.bundle import Page, Reason, read_page
from cds_hooks.fhir.record import Json
from cds_hooks.hook_request import FhirAccess

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_BY_STATUS = {
    401: Reason.UNAUTHORISED,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    410: Reason.NOT_FOUND,
    429: Reason.TOO_MANY,
}
_CHUNK = 65_536
_PARALLEL = 6


@dataclass(frozen=True)
class Limits:
    """How long and how much may be read. Times in seconds, sizes in bytes."""

    timeout: float = 2.0
    budget: float = 4.0
    pages: int = 20
    size: int = 32_000_000
    hosts: tuple[str, ...] = ()
    """Host names that may be read from; empty: any."""
    ca: Path | None = None


@dataclass(frozen=True)
class FhirClient:
    """Reads from FHIR servers within its limits; one for the whole process, used by all threads."""

    limits: Limits = field(default_factory=Limits)
    session: requests.Session = field(default_factory=requests.Session, repr=False)

    def __post_init__(self) -> None:
        # Neither cookies nor the environment (netrc, proxies) may add to what is sent: many patients share the session.
        self.session.trust_env = False
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self.session.verify = str(self.limits.ca) if self.limits.ca else True
        adapter = HTTPAdapter(pool_connections=8, pool_maxsize=32)
        self.session.mount("https://", adapter)
        self.session.mount("http://", adapter)

    def start_budget(self) -> float:
        """The moment (of the monotonic clock) at which the time for one request is spent."""
        return time.monotonic() + self.limits.budget

    def fetch_all(self, access: FhirAccess, addresses: Mapping[str, str], deadline: float) -> dict[str, Page]:
        """Fetch each address (relative to the server, or a next link of its) with all its pages, side by side.

        What is not there at the deadline is answered by `Reason.TIMEOUT`.
        """
        if not addresses:
            return {}
        pool = ThreadPoolExecutor(max_workers=min(_PARALLEL, len(addresses)), thread_name_prefix="fhir")
        try:
            tasks = {key: pool.submit(self._fetch, access, address, deadline) for key, address in addresses.items()}
            wait(tasks.values(), timeout=max(0.0, deadline - time.monotonic()))
            return {key: _result(task) for key, task in tasks.items()}
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _fetch(self, access: FhirAccess, address: str, deadline: float) -> Page:
        """All pages of one address as one."""
        refused = self._refuse_server(access)
        if refused is not None:
            return Page(reason=refused)
        found: list[Json] = []
        for page in self._pages(access, address, deadline):
            found += page.resources
            if page.reason is not None:
                return Page(tuple(found), reason=page.reason)
        return Page(tuple(found))

    def _pages(self, access: FhirAccess, address: str, deadline: float) -> Iterator[Page]:
        """The pages one by one; the last one carries the reason if something is missing."""
        seen: set[str] = set()
        link: str | None = address
        while link is not None:
            url = resolve_link(access.server, link)
            if url is None:
                yield Page(reason=Reason.FOREIGN_LINK)
                return
            if url in seen or len(seen) >= self.limits.pages:
                yield Page(reason=Reason.TOO_MANY_PAGES)
                return
            seen.add(url)
            page = self._get(access, url, deadline)
            yield page
            link = page.next_link if page.reason is None else None

    def _get(self, access: FhirAccess, url: str, deadline: float) -> Page:
        left = deadline - time.monotonic()
        if left <= 0:
            return Page(reason=Reason.TIMEOUT)
        wait_for = min(self.limits.timeout, left)
        headers = {"Accept": "application/fhir+json"}
        if access.token is not None:
            headers["Authorization"] = f"Bearer {access.token}"
        try:
            response = self.session.get(url, headers=headers, timeout=wait_for, allow_redirects=False, stream=True)
            with response:
                return self._read(response, deadline)
        except (requests.Timeout, ReadTimeoutError):
            return Page(reason=Reason.TIMEOUT)
        except HTTPError:
            # urllib3's own exceptions come while the body is read, requests' before.
            return Page(reason=Reason.BROKEN_OFF)
        except (requests.RequestException, ValueError):
            return Page(reason=Reason.UNREACHABLE)

    def _read(self, response: requests.Response, deadline: float) -> Page:
        if response.status_code != 200:
            return Page(reason=_judge_status(response.status_code))
        body = bytearray()
        # read1 returns what has come so far: a server that drips single bytes must not outlast the deadline.
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > self.limits.size:
                return Page(reason=Reason.TOO_LARGE)
            if time.monotonic() > deadline:
                return Page(reason=Reason.TIMEOUT)
        try:
            return read_page(orjson.loads(bytes(body)))
        except orjson.JSONDecodeError:
            return Page(reason=Reason.NOT_JSON)

    def _refuse_server(self, access: FhirAccess) -> Reason | None:
        """A host that is not allowed, or a token that would travel in the clear."""
        parts = urlsplit(access.server)
        host = (parts.hostname or "").lower()
        if self.limits.hosts and host not in self.limits.hosts:
            return Reason.HOST_NOT_ALLOWED
        plain = parts.scheme.lower() == "http" and host not in (*_LOOPBACK, *self.limits.hosts)
        return Reason.NO_TLS if plain and access.token is not None else None


def resolve_link(server: str, link: str) -> str | None:
    """The absolute address of a query or of a next link; None where it leaves the server's host or base path."""
    base = urlsplit(server)
    try:
        url = urljoin(f"{server}/", link)
        parts = urlsplit(url)
        same_host = (parts.scheme, parts.hostname, parts.port) == (base.scheme, base.hostname, base.port)
    except ValueError:
        return None
    inside = parts.path == base.path or parts.path.startswith(f"{base.path.rstrip('/')}/")
    climbs = ".." in parts.path.split("/") or "%2e" in parts.path.lower()
    return url if same_host and inside and not climbs and "@" not in parts.netloc else None


def _judge_status(status: int) -> Reason:
    if 300 <= status < 400:
        return Reason.REDIRECT
    return _BY_STATUS.get(status, Reason.SERVER_ERROR if status >= 500 else Reason.REFUSED)


def _result(task: Future[Page]) -> Page:
    return task.result() if task.done() else Page(reason=Reason.TIMEOUT)
