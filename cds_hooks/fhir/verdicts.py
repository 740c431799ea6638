"""What was found wrong with a resource is remembered for all that are built alike: validation costs most of a request.

Two resources are alike where they are equal but for members whose value is plainly valid: an id, a reference of nothing
but short texts, a date or a time written in full. A verdict is found again by a digest; nothing of a resource is kept.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from cds_hooks.fhir.record import Json

_REFERENCES = ("subject", "patient", "encounter", "requester")
_TIMES = ("authoredOn", "effectiveDateTime", "issued", "recordedDate")
_ID = re.compile(r"[0-9A-Za-z.-]{1,64}")
_DATE = r"[12][0-9]{3}-(?:(?:0[13-9]|1[0-2])-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
_TIME = r"(T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]))?"
_DATE_TIME = re.compile(_DATE + _TIME)
# Bytes stand for what was plainly valid: no JSON holds any, so nothing that is sent is taken for them.
_AN_ID, _A_REFERENCE, _A_DATE, _A_TIME = b"id", b"reference", b"date", b"time"
_MAX_BYTES = 50_000
_MAX_REMEMBERED = 2_000


class Verdicts:
    """Problems by the digest of what they were found in."""

    def __init__(self) -> None:
        self._problems: dict[bytes, tuple[str, ...]] = {}

    def recall(self, resource: Json, release: str, find: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
        """What `find` says, asked once for all resources that are alike."""
        digest = digest_likeness(resource, release)
        if digest is None:
            return find()
        known = self._problems.get(digest)
        if known is None:
            if len(self._problems) >= _MAX_REMEMBERED:
                self._problems.clear()
            known = self._problems[digest] = find()
        return known


def digest_likeness(resource: Json, release: str) -> bytes | None:
    """A digest that resources share exactly where they are alike; None for what is too large or too deep for it."""
    likeness = dict(resource)
    if _is_match(_ID, resource.get("id")):
        likeness["id"] = _AN_ID
    for key in _REFERENCES:
        if key in resource and _is_plain_reference(resource[key]):
            likeness[key] = _A_REFERENCE
    for key in _TIMES:
        found = _is_match(_DATE_TIME, resource.get(key))
        if found:
            likeness[key] = _A_TIME if found[1] else _A_DATE
    try:
        # Unlike JSON, marshal tells 1 from 1.0 and infinity from null; its version 2 writes equal values equally.
        written = marshal.dumps((release, likeness), 2)
    except ValueError:
        return None
    return blake2b(written, digest_size=16).digest() if len(written) <= _MAX_BYTES else None


def _is_match(pattern: re.Pattern[str], value: object) -> re.Match[str] | None:
    return pattern.fullmatch(value) if isinstance(value, str) else None


def _is_plain_reference(value: Any) -> bool:
    if not isinstance(value, dict) or not value or not value.keys() <= {"reference", "display"}:
        return False
    return all(isinstance(one, str) and one.isprintable() and one.strip() for one in value.values())
