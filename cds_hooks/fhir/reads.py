"""What was read from FHIR servers for one request: for the audit, without any value of the patient's data but an id."""

from __future__ import annotations

import math
import re
import threading
import time
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from cds_hooks.fhir.bundle import Reason

_KIND = re.compile(r"[A-Z][A-Za-z]{1,63}")
_NAME = re.compile(r"[A-Za-z_-]{1,32}(?::[A-Za-z-]{1,16})?")


@dataclass(frozen=True)
class FhirRead:
    """One exchange with a FHIR server, or one that was not begun since the address may not be asked."""

    resource_type: str | None
    """None for a link of the server's own making that names none."""
    interaction: str
    """"read" or "search" (a further page of a search included)."""
    parameters: tuple[str, ...]
    """Names of the search parameters, without their values."""
    page: int = 1
    status: int | None = None
    """HTTP status; None where there was no answer."""
    reason: Reason | None = None
    """Why the answer was not what was asked for, or not all; None where it was."""
    milliseconds: int = 0
    size: int = 0
    """Bytes of the answer's body that were read, unpacked."""
    resource_id: str | None = field(default=None, repr=False)
    """Of a "read": for the audit alone."""


class ReadLog:
    """The reads of one request, in the order of their start; several threads write it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reads: list[FhirRead] = []
        self._started: dict[int, float] = {}

    def begin(self, read: FhirRead) -> int:
        """Note that a query is sent; the number is what `end` takes."""
        with self._lock:
            self._reads.append(read)
            number = len(self._reads) - 1
            self._started[number] = time.monotonic()
            return number

    def end(self, number: int, status: int | None, reason: Reason | None, size: int) -> None:
        """Note how it ended."""
        with self._lock:
            spent = _milliseconds_since(self._started.pop(number))
            read = self._reads[number]
            self._reads[number] = replace(read, status=status, reason=reason, milliseconds=spent, size=size)

    def note_refused(self, read: FhirRead, reason: Reason) -> None:
        """Note a query that was not sent: its address may not be asked."""
        with self._lock:
            self._reads.append(replace(read, reason=reason))

    def so_far(self) -> tuple[FhirRead, ...]:
        """All reads; those that have not ended count as out of time."""
        with self._lock:
            return tuple(
                replace(read, reason=Reason.TIMEOUT, milliseconds=_milliseconds_since(self._started[number]))
                if number in self._started
                else read
                for number, read in enumerate(self._reads)
            )


@dataclass(frozen=True)
class ReadBudget:
    """How long may be read for one request (a moment of the monotonic clock), and what has been read."""

    deadline: float = math.inf
    log: ReadLog = field(default_factory=ReadLog)


def describe(address: str, server: str, page: int) -> FhirRead:
    """The read of an address, relative or below the server's, as far as it may be told."""
    parts = urlsplit(address.removeprefix(server))
    path = [part for part in parts.path.split("/") if part]
    kind = path[0] if path and _KIND.fullmatch(path[0]) else None
    names = [name for pair in parts.query.split("&") for name, equals, _ in [pair.partition("=")] if equals]
    by_id = len(path) == 2 and not parts.query
    return FhirRead(
        resource_type=kind,
        interaction="read" if by_id else "search",
        parameters=tuple(dict.fromkeys(name for name in names if _NAME.fullmatch(name))),
        page=page,
        resource_id=path[1] if by_id and kind else None,
    )


def _milliseconds_since(start: float) -> int:
    return round((time.monotonic() - start) * 1000)
