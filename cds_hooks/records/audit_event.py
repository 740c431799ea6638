"""What the audit says of one call: who asked for whom, what was read, what was allowed, what was shown.

One call is one event, with its reads, its consent decision and its cards inside; `cds_hooks.records.balp` makes the
several AuditEvents of IHE BALP out of it. No event holds a genotype, a token, a name or free text: what a caller may
put into an identifier is kept only where it looks like one, and as a digest otherwise.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson

from cds_hooks.errors import Fault, StorageError, WithdrawnError
from cds_hooks.records.chain import ChainRow
from cds_hooks.records.feedback import Feedback

_PLAIN = re.compile(r"[0-9A-Za-z._~:/#|+-]{1,200}")

_OF_ITEM = ("card", "rows", "order", "outcomeTime", "suggestions", "reasons")
"""What an event of feedback says of its one item."""


@dataclass(frozen=True)
class ReadEntry:
    """One read from a FHIR server."""

    resource_type: str
    interaction: str
    """"search" or "read"."""
    server: str
    """Host name."""
    outcome: str
    """"ok", or the reason why it did not come."""
    milliseconds: float
    parameters: tuple[str, ...] = ()
    """Names of the search's parameters, without their values."""
    resource_id: str | None = None
    """Of a read."""


@dataclass(frozen=True)
class ConsentEntry:
    """What was decided on the use of the patient's genomic data."""

    decision: str
    """"permit", "deny" or "undecidable"."""
    basis: str
    """Why, as a code: a rule's name, or that the site's default was used."""
    consents: tuple[str, ...] = ()
    """References of the Consents that it rests on."""


@dataclass(frozen=True)
class CardEntry:
    """One card, shown or held back."""

    uuid: str
    indicator: str
    rows: tuple[str, ...]
    """Ids of the content rows that it shows."""
    order: str | None = None


@dataclass(frozen=True)
class CallEntry:
    """One call of a hook that was answered."""

    service: str
    hook: str
    hook_instance: str
    user: str
    """Reference, as sent."""
    patient: str
    """The patient's id at the EHR."""
    content: str
    """Digest of the content that was asked."""
    cards: tuple[CardEntry, ...] = ()
    held_back: tuple[CardEntry, ...] = ()
    """Cards that were made and not repeated."""
    reads: tuple[ReadEntry, ...] = ()
    consent: ConsentEntry | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds by stage."""


@dataclass(frozen=True)
class RefusalEntry:
    """One call that was refused or failed. What it did not say in a way that was understood is None."""

    asked: str
    """"cards" or "feedback"."""
    service: str | None
    """None where there is none by the name that was called."""
    status: int
    hook_instance: str | None = None
    user: str | None = None
    patient: str | None = None
    reads: tuple[ReadEntry, ...] = ()
    """What was read before the refusal."""


@dataclass(frozen=True)
class AuditEvent:
    """One event. `members` is plain JSON; it names the kind: call, feedback, refusal or purge."""

    recorded: str
    """UTC, to the millisecond: 2026-02-01T10:30:00.000Z."""
    members: Mapping[str, Any]

    def to_body(self) -> str:
        """Canonical JSON: members sorted, no spaces, nothing that is empty."""
        kept = {key: value for key, value in self.members.items() if value not in (None, (), [], {})}
        return orjson.dumps(kept | {"time": self.recorded}, option=orjson.OPT_SORT_KEYS).decode()

    def withdraw(self, row: ChainRow | None = None, items: int = 1) -> AuditEvent:
        """The same event where the answer did not go out, since the event itself could not be stored in time.

        `row`: the one that says, or may come to say, that it did. `items`: of feedback, how many this one stands for.
        """
        left_out = ("cards", "heldBack") if items == 1 else _OF_ITEM
        kept = {key: value for key, value in self.members.items() if key not in left_out}
        kept |= {"status": StorageError.status, "outcome": "withdrawn"} | ({"items": items} if items > 1 else {})
        return AuditEvent(self.recorded, kept | ({"withdraws": {"chain": row.chain, "seq": row.seq}} if row else {}))


def describe_call(tenant: str, request_id: str, call: CallEntry) -> AuditEvent:
    """The event of a hook call that is about to be answered by 200."""
    members = _begin("call", tenant, request_id) | {
        "status": 200,
        "outcome": "answered",
        "service": call.service,
        "hook": call.hook,
        "hookInstance": call.hook_instance,
        "user": tidy(call.user),
        "patient": tidy(call.patient),
        "content": call.content,
        "cards": [_card_json(each) for each in call.cards],
        "heldBack": [_card_json(each) for each in call.held_back],
        "reads": [_read_json(each) for each in call.reads],
        "consent": _consent_json(call.consent),
        "ms": dict(call.timings),
    }
    return AuditEvent(tell_time(), members)


def describe_refusal(tenant: str, request_id: str, refusal: RefusalEntry) -> AuditEvent:
    """The event of a call that was refused or failed."""
    members = _begin("refusal", tenant, request_id) | {
        "status": refusal.status,
        "outcome": "refused" if refusal.status < 500 else "failed",
        "asked": refusal.asked,
        "service": refusal.service,
        "hookInstance": refusal.hook_instance,
        "user": tidy(refusal.user) if refusal.user else None,
        "patient": tidy(refusal.patient) if refusal.patient else None,
        "reads": [_read_json(each) for each in refusal.reads],
    }
    return AuditEvent(tell_time(), members)


def describe_feedback(
    tenant: str, request_id: str, service: str, item: Feedback, shown: CardEntry | None
) -> AuditEvent:
    """The event of one item of feedback; `shown`: the card it speaks of, where that is known."""
    members = _begin("feedback", tenant, request_id) | {
        "status": 200,
        "outcome": item.outcome,
        "service": service,
        "card": tidy(item.card),
        "rows": list(shown.rows) if shown else None,
        "order": tidy(shown.order) if shown and shown.order else None,
        "outcomeTime": item.timestamp,
        "suggestions": [tidy(each) for each in item.suggestions],
        "reasons": [
            {"code": tidy(each.code), "system": tidy(each.system) if each.system else None}
            for each in item.reasons
            if each.code
        ],
    }
    return AuditEvent(tell_time(), members)


def make_storage_error() -> WithdrawnError:
    """What a caller is told where the audit cannot be written: nothing leaves unaudited."""
    mend = "The database of records does not answer in time. Send the request again."
    return WithdrawnError(Fault("", "the call could not be recorded and is therefore not answered", mend, "transient"))


def tell_time() -> str:
    """This moment, in UTC."""
    return format_time(datetime.now(UTC))


def format_time(moment: datetime) -> str:
    """A moment as the audit has it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shift_time(moment: str, seconds: float) -> str:
    """A moment of the audit some seconds later."""
    return format_time(datetime.fromisoformat(moment) + timedelta(seconds=seconds))


def _begin(kind: str, tenant: str, request_id: str) -> dict[str, Any]:
    return {"kind": kind, "tenant": tenant, "requestId": request_id, "host": find_host()}


@lru_cache(maxsize=1)
def find_host() -> str:
    """This machine's name, as far as it looks like one."""
    return tidy(socket.gethostname() or "unknown")


def tidy(text: str) -> str:
    """An identifier as it is; anything else as its digest, since it may say something on a person."""
    return text if _PLAIN.fullmatch(text) else f"sha256:{sha256(text.encode()).hexdigest()}"


def _card_json(card: CardEntry) -> dict[str, Any]:
    members: dict[str, Any] = {"uuid": card.uuid, "indicator": card.indicator, "rows": list(card.rows)}
    return members | ({"order": tidy(card.order)} if card.order else {})


def _read_json(read: ReadEntry) -> dict[str, Any]:
    members: dict[str, Any] = {
        "type": tidy(read.resource_type),
        "interaction": read.interaction,
        "server": tidy(read.server),
        "parameters": [tidy(each) for each in read.parameters],
        "outcome": read.outcome,
        "ms": round(read.milliseconds, 1),
    }
    return members | ({"id": tidy(read.resource_id)} if read.resource_id else {})


def _consent_json(consent: ConsentEntry | None) -> dict[str, Any] | None:
    if consent is None:
        return None
    return {
        "decision": consent.decision,
        "basis": consent.basis,
        "consents": [tidy(each) for each in consent.consents],
    }
