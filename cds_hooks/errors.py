"""What can go wrong at the edge, and what the caller is told.

Exception hierarchy:

* EdgeError
  x RequestError              the caller's mistake, 4xx
    + MalformedRequestError   400  no JSON, or JSON that cannot be worked with
    + InvalidRequestError     400  JSON that is no valid request of the hook; carries every fault
    + PatientMismatchError    400  data of another patient than the context's
    + NotLoopbackError        403  a caller from another machine, or by a proxy, while authentication is off
    + MetricsRefusedError     403  a caller who may not read the metrics
    + UnknownServiceError     404
    + UnknownRowError         404
    + UnsupportedMediaError   415
  x MissingDataError          412  needed data were not sent and could not be fetched ("Prefetch Template")
  x StorageError              503  a record could not be stored, or it could not be seen whether a token was used

A call without a good token is no exception: web/authentication.py answers it by 401 and says nothing more.

Every one of them is answered by an OperationOutcome (web/refusals.py). Neither the exceptions nor the outcomes carry
values of the request: a fault is named by its place (a JSON pointer), never by what stood there.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SHOWN_FAULTS = 50
"""Of more faults than these no more are told."""
_MAX_FRAMES = 50


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where (JSON pointer, "" for the whole body), what, and how to mend it."""

    where: str
    what: str
    mend: str = ""
    code: str = "invalid"
    """A code of http://hl7.org/fhir/issue-type."""

    def to_issue(self) -> dict[str, Any]:
        """The fault as an issue of an OperationOutcome."""
        place = f"{self.where}: " if self.where else ""
        advice = f" {self.mend}" if self.mend else ""
        return {"severity": "error", "code": self.code, "diagnostics": f"{place}{self.what}.{advice}"}


class EdgeError(Exception):
    """Anything that ends a request with an OperationOutcome. `status` is the HTTP status."""

    status = 500

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{fault.where or 'body'}: {fault.what}" for fault in faults))
        self.faults = faults


class RequestError(EdgeError):
    """The caller's mistake."""

    status = 400


class MalformedRequestError(RequestError):
    """The body is not JSON, or not JSON that can be worked with."""


class InvalidRequestError(RequestError):
    """The body is JSON but no valid request of this hook."""


class PatientMismatchError(RequestError):
    """Some data are of another patient than `context.patientId`."""


class NotLoopbackError(RequestError):
    """A caller from another machine or by a proxy, while the service runs without authentication."""

    status = 403


class MetricsRefusedError(RequestError):
    """A caller outside the networks that may read the metrics."""

    status = 403


class UnknownServiceError(RequestError):
    """No service has this id."""

    status = 404


class UnknownRowError(RequestError):
    """No row has this id."""

    status = 404


class UnsupportedMediaError(RequestError):
    """The body's media type or encoding is not one the service reads."""

    status = 415


class MissingDataError(EdgeError):
    """Needed data were not in the prefetch and could not be fetched."""

    status = 412


class StorageError(EdgeError):
    """A record could not be stored or looked up."""

    status = 503


class WithdrawnError(StorageError):
    """A call could not be recorded in time. Its own row of the audit says so later."""


def make_outcome(faults: Sequence[Fault]) -> dict[str, Any]:
    """An OperationOutcome with one issue for each fault, the first fifty of them."""
    return {"resourceType": "OperationOutcome", "issue": [fault.to_issue() for fault in faults[:SHOWN_FAULTS]]}


def name_frames(error: BaseException) -> list[str]:
    """Where an exception came from, without anything that it says: "file:line function", outermost first."""
    frames = traceback.extract_tb(error.__traceback__)[-_MAX_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
