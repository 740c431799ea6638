"""One answer to a FHIR read or search, wherever it came from: prefetch and server are read by the same rules.

CDS Hooks 2.0.1 "Prefetch Template" and FHIR "Search" leave several ways to say "none" and to say "failed"; they are
told apart here, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from cds_hooks.fhir.coding import resource_type
from cds_hooks.fhir.record import Json


class Reason(StrEnum):
    """Why data did not come, or not all; the words go to the card and to the log."""

    UNAUTHORISED = "the FHIR server did not accept the token (401)"
    FORBIDDEN = "the FHIR server does not allow this query (403)"
    NOT_FOUND = "the FHIR server knows no such resource (404)"
    TOO_MANY = "the FHIR server asked for fewer requests (429)"
    REFUSED = "the FHIR server refused the query (4xx)"
    SERVER_ERROR = "the FHIR server failed (5xx)"
    TIMEOUT = "the FHIR server did not answer in time"
    UNREACHABLE = "the FHIR server could not be reached"
    BROKEN_OFF = "the FHIR server broke off its answer"
    REDIRECT = "the FHIR server redirected the query, which is not followed"
    NOT_JSON = "the FHIR server's answer was not JSON"
    NOT_FHIR = "the answer was no FHIR resource of the kind asked for"
    FOREIGN_LINK = "the next page lies outside the FHIR server's address"
    TOO_MANY_PAGES = "the answer has more pages than are read"
    TOO_LARGE = "the answer was too large"
    HOST_NOT_ALLOWED = "the FHIR server is not among the allowed hosts"
    PRIVATE_ADDRESS = "the FHIR server's name leads to an address that is not public, which is not allowed here"
    ODD_ADDRESS = "the FHIR server's address is not plainly written: https://, a host, a path"
    NO_TLS = "the FHIR server's address is not https, so nothing was asked of it"
    NO_OWN_TOKEN = "the service could not get a token of its own"  # nosec B105 # words for the reader, no secret
    NO_OWN_TOKEN_YET = "the service could not get a token of its own in time"  # nosec B105 # words for the reader, no secret
    OUTCOME = "the query failed (OperationOutcome)"
    SUPPRESSED = "results are withheld for privacy (OperationOutcome, suppressed)"
    INCOMPLETE = "the answer holds fewer resources than it counts"
    MORE_PAGES = "the answer has further pages, and there is no FHIR server to read them from"
    NOT_OFFERED = "it was not in the prefetch, and there is no FHIR server to read it from"


OUT_OF_TIME = frozenset({Reason.TIMEOUT, Reason.NO_OWN_TOKEN_YET})
"""Reasons that say no more than that time ran out: the card states the gap, and the call is not refused."""


@dataclass(frozen=True)
class Page:
    """What one answer held. With a `reason` it is not all there is; `resources` may still hold a part."""

    resources: tuple[Json, ...] = ()
    next_link: str | None = None
    reason: Reason | None = None


_FAILING_SEVERITY = ("error", "fatal")
_INCOMPLETE_CODES = frozenset(
    {"forbidden", "security", "login", "expired", "incomplete", "too-costly", "throttled", "timeout", "transient",
     "exception", "lock-error", "no-store", "not-supported", "structure", "invalid"}
)  # fmt: skip
"""Issue types (http://hl7.org/fhir/issue-type) that mean missing data whatever the severity."""


def read_page(data: object) -> Page:
    """The page in a parsed answer: a Bundle, a single resource, Parameters (as one), or an OperationOutcome."""
    if not isinstance(data, dict) or not isinstance(data.get("resourceType"), str):
        return Page(reason=Reason.NOT_FHIR)
    if data["resourceType"] == "OperationOutcome":
        return Page(reason=judge_outcome(data) or Reason.OUTCOME)
    return _look_inside(_look_at_bundle(data) if data["resourceType"] == "Bundle" else Page((data,)))


def is_wrapper(resource: Json) -> bool:
    """Whether it is no resource of interest itself, but holds others."""
    return resource.get("resourceType") in ("Bundle", "Parameters")


def _look_inside(page: Page) -> Page:
    """Where a Bundle (one answer of a batch) or Parameters in a page are not whole, the page is not, either."""
    waiting = list(page.resources)
    while page.reason is None and waiting:
        inner = waiting.pop()
        if not is_wrapper(inner):
            continue
        found = _look_at_bundle(inner) if inner["resourceType"] == "Bundle" else _look_at_parameters(inner)
        if found.reason is not None or found.next_link is not None:
            withheld = found.reason is Reason.SUPPRESSED
            return replace(page, reason=Reason.SUPPRESSED if withheld else Reason.INCOMPLETE)
        waiting += found.resources
    return page


def _look_at_bundle(bundle: Json) -> Page:
    """The page as the Bundle itself has it."""
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return Page(reason=Reason.NOT_FHIR)
    resources, reason = _sort_out(entries)
    link = find_next(bundle)
    if reason is None and link is None and _falls_short(bundle, entries, resources):
        reason = Reason.INCOMPLETE
    return Page(resources, link, reason)


def _look_at_parameters(parameters: Json) -> Page:
    """The resources of all parameters and of their parts; a parameter may also be a plain value."""
    holders: list[Json] = []
    waiting = [parameters.get("parameter", [])]
    while waiting:
        parts = waiting.pop()
        if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
            return Page(reason=Reason.NOT_FHIR)
        holders += [part for part in parts if "resource" in part]
        waiting += [part["part"] for part in parts if "part" in part]
    resources, reason = _sort_out(holders)
    return Page(resources, reason=reason or (None if _say_what_they_are(holders) else Reason.INCOMPLETE))


def _sort_out(holders: Sequence[Json]) -> tuple[tuple[Json, ...], Reason | None]:
    """The resources of entries or parameters, and what an OperationOutcome among them says is amiss."""
    found = [holder["resource"] for holder in holders if isinstance(holder.get("resource"), dict)]
    resources = tuple(each for each in found if each.get("resourceType") != "OperationOutcome")
    reasons = [judge_outcome(each) for each in found if each.get("resourceType") == "OperationOutcome"]
    return resources, next((each for each in reasons if each is not None), None)


def find_next(bundle: Json) -> str | None:
    """The address of the next page."""
    links = bundle.get("link")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return None


def judge_outcome(outcome: Json) -> Reason | None:
    """None where an OperationOutcome only informs (Epic sends one, as a warning, with every empty search)."""
    listed = outcome.get("issue")
    issues: Sequence[Json] = [issue for issue in listed if isinstance(issue, dict)] if isinstance(listed, list) else []
    if any(issue.get("code") == "suppressed" for issue in issues):
        return Reason.SUPPRESSED
    return Reason.OUTCOME if not issues or any(_means_missing(issue) for issue in issues) else None


def _means_missing(issue: Json) -> bool:
    """A severity or a code that is no text may mean anything: what was asked for counts as missing."""
    severity, code = issue.get("severity", "error"), issue.get("code", "")
    if not isinstance(severity, str) or not isinstance(code, str):
        return True
    return severity in _FAILING_SEVERITY or code in _INCOMPLETE_CODES


def _falls_short(bundle: Json, entries: Sequence[Json], resources: Sequence[Json]) -> bool:
    """A search that counts more matches than it holds and has no further page, or an entry without a resource that
    says what it is."""
    total = bundle.get("total")
    counted = total if isinstance(total, int) else 0
    return counted > len(resources) or not _say_what_they_are(entries)


def _say_what_they_are(holders: Sequence[Json]) -> bool:
    return all(resource_type(holder.get("resource")) is not None for holder in holders)
