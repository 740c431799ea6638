"""Read what is missing of a patient's record from the EHR's FHIR server.

Everything is bounded: the wait for a connection and for each part of an answer, the time for the whole request, the
pages of a search, the bytes of an answer, where a link may lead, and which hosts and addresses are asked at all. The
token goes into one header of requests to the server that it was given for, and nowhere else: no log, no exception, no
message carries it, and none carries an address with a patient's id. What went wrong comes back as a `Reason`, never as
an exception.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from cds_hooks.answer_body import BodyTooLargeError, read_body
from cds_hooks.fhir.addresses import LOOPBACK, read_server, resolve_link
from cds_hooks.fhir.backend_token import BackendTokens
from cds_hooks.fhir.bundle import Page, Reason, read_page
from cds_hooks.fhir.connections import Exchange, PrivateAddressError, make_session
from cds_hooks.fhir.reads import ReadLog, describe
from cds_hooks.fhir.record import Json
from cds_hooks.hook_request import FhirAccess

_BY_STATUS = {
    401: Reason.UNAUTHORISED,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    410: Reason.NOT_FOUND,
    429: Reason.TOO_MANY,
}
_PARALLEL = 6


@dataclass(frozen=True)
class Limits:
    """How long and how much may be read, and from where. Times in seconds, sizes in bytes."""

    timeout: float = 2.0
    budget: float = 2.0
    pages: int = 20
    size: int = 32_000_000
    hosts: tuple[str, ...] | None = None
    """Host names that may be read from; None: any; empty: none."""
    private: bool = False
    """Whether these may lie at addresses that are not public."""
    ca: Path | None = None


@dataclass
class _Task:
    """One query with all its pages: what it found so far is there when time runs out."""

    access: FhirAccess
    address: str
    deadline: float
    reads: ReadLog
    exchange: Exchange = field(default_factory=Exchange)
    found: list[Json] = field(default_factory=list)


@dataclass(frozen=True)
class FhirClient:
    """Reads from FHIR servers within its limits; one for a tenant, used by all threads.

    own: tokens for calls that bring none, on the server that they are for.
    """

    limits: Limits = field(default_factory=Limits)
    own: BackendTokens | None = None
    session: requests.Session = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "session", make_session(self.limits.private, self.limits.ca))

    def start_budget(self) -> float:
        """The moment (of the monotonic clock) at which the time for one request is spent."""
        return time.monotonic() + self.limits.budget

    def choose_access(self, access: FhirAccess | None) -> FhirAccess | None:
        """Where a call's record is read: where it says; where it does not, the server of the service's own tokens."""
        if access is None and self.own is not None:
            return FhirAccess(self.own.server)
        return access

    def fetch_all(
        self, access: FhirAccess, addresses: Mapping[str, str], deadline: float, reads: ReadLog | None = None
    ) -> dict[str, Page]:
        """Fetch each address (relative to the server, or a next link of its) with all its pages, side by side.

        What is not there at the deadline is answered by `Reason.TIMEOUT`, beside what had come. `reads` is told of
        every exchange, and of what may not be asked.
        """
        if not addresses:
            return {}
        log = ReadLog() if reads is None else reads
        refused = self._refuse_server(access)
        if refused is not None:
            for address in addresses.values():
                log.note_refused(describe(address, access.server, 1), refused)
            return dict.fromkeys(addresses, Page(reason=refused))
        tasks = {key: _Task(access, address, deadline, log) for key, address in addresses.items()}
        pool = ThreadPoolExecutor(max_workers=min(_PARALLEL, len(tasks)), thread_name_prefix="fhir")
        try:
            futures = {key: pool.submit(self._fetch, task) for key, task in tasks.items()}
            wait(futures.values(), timeout=max(0.0, deadline - time.monotonic()))
            return {key: _result(tasks[key], future) for key, future in futures.items()}
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for task in tasks.values():
                task.exchange.break_off()

    def _fetch(self, task: _Task) -> Page:
        """All pages of one address as one."""
        task.exchange.start()
        for page in self._pages(task):
            task.found += page.resources
            if page.reason is not None:
                return Page(tuple(task.found), reason=page.reason)
        return Page(tuple(task.found))

    def _pages(self, task: _Task) -> Iterator[Page]:
        """The pages one by one; the last one carries the reason if something is missing."""
        seen: set[str] = set()
        link: str | None = task.address
        while link is not None:
            url = resolve_link(task.access.server, link)
            if url is None:
                # Of the link itself nothing is told: it is the server's word.
                asked = describe(task.address, task.access.server, len(seen) + 1)
                task.reads.note_refused(asked, Reason.FOREIGN_LINK)
                yield Page(reason=Reason.FOREIGN_LINK)
                return
            if url in seen or len(seen) >= self.limits.pages:
                yield Page(reason=Reason.TOO_MANY_PAGES)
                return
            seen.add(url)
            page = self._get(task, url, len(seen))
            yield page
            link = page.next_link if page.reason is None else None

    def _get(self, task: _Task, url: str, number: int) -> Page:
        """One page, by the call's token or by one of the service's own, which is renewed once where it is refused."""
        own = self.own if self._takes_own_token(task.access) else None
        token = own.obtain(task.deadline) if own else task.access.token
        task.exchange.release()
        if isinstance(token, Reason):
            return Page(reason=token)
        page = self._ask(task, url, number, token)
        if own is None or token is None or page.reason is not Reason.UNAUTHORISED:
            return page
        fresh = own.renew(token, task.deadline)
        task.exchange.release()
        return page if isinstance(fresh, Reason) else self._ask(task, url, number, fresh)

    def _takes_own_token(self, access: FhirAccess) -> bool:
        return self.own is not None and access.token is None and access.server == self.own.server

    def _ask(self, task: _Task, url: str, number: int, token: str | None) -> Page:
        """One exchange, noted."""
        if task.deadline <= time.monotonic():
            return Page(reason=Reason.TIMEOUT)
        noted = task.reads.begin(describe(url, task.access.server, number))
        body = bytearray()
        status, page = self._exchange(url, token, task.deadline, body)
        task.exchange.release()
        if page.reason in (Reason.BROKEN_OFF, Reason.UNREACHABLE) and task.deadline <= time.monotonic():
            # It was this side that broke it off.
            page = Page(reason=Reason.TIMEOUT)
        task.reads.end(noted, status, page.reason, len(body))
        return page

    def _exchange(self, url: str, token: str | None, deadline: float, body: bytearray) -> tuple[int | None, Page]:
        """Status and page of one request; what is read of the answer is put into `body`."""
        wait_for = max(0.001, min(self.limits.timeout, deadline - time.monotonic()))
        headers = {"Accept": "application/fhir+json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        status = None
        try:
            response = self.session.get(url, headers=headers, timeout=wait_for, allow_redirects=False, stream=True)
            with response:
                status = response.status_code
                return status, self._read(response, deadline, body)
        except PrivateAddressError:
            return status, Page(reason=Reason.PRIVATE_ADDRESS)
        except (requests.Timeout, ReadTimeoutError):
            return status, Page(reason=Reason.TIMEOUT)
        except HTTPError:
            # urllib3's own exceptions come while the body is read, requests' before.
            return status, Page(reason=Reason.BROKEN_OFF)
        except (requests.RequestException, OSError, ValueError):
            return status, Page(reason=Reason.UNREACHABLE)

    def _read(self, response: requests.Response, deadline: float, body: bytearray) -> Page:
        if response.status_code != 200:
            return Page(reason=_judge_status(response.status_code))
        try:
            read_body(response, body, self.limits.size, deadline)
            return read_page(orjson.loads(bytes(body)))
        except BodyTooLargeError:
            return Page(reason=Reason.TOO_LARGE)
        except TimeoutError:
            return Page(reason=Reason.TIMEOUT)
        except orjson.JSONDecodeError:
            return Page(reason=Reason.NOT_JSON)

    def _refuse_server(self, access: FhirAccess) -> Reason | None:
        """An address or a host that may not be asked, or one where data or token would travel in the clear."""
        server = read_server(access.server)
        if server is None:
            return Reason.ODD_ADDRESS
        named = self.limits.hosts or ()
        if self.limits.hosts is not None and server.host not in named:
            return Reason.HOST_NOT_ALLOWED
        if server.scheme == "https":
            return None
        in_the_clear = access.token is not None and server.host not in (*LOOPBACK, *named)
        return Reason.NO_TLS if in_the_clear or not self.limits.private else None


def _judge_status(status: int) -> Reason:
    if 300 <= status < 400:
        return Reason.REDIRECT
    return _BY_STATUS.get(status, Reason.SERVER_ERROR if status >= 500 else Reason.REFUSED)


def _result(task: _Task, future: Future[Page]) -> Page:
    return future.result() if future.done() else Page(tuple(task.found), reason=Reason.TIMEOUT)
