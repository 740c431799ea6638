"""Fewer alerts: one card for the same thing across hooks, and no repetition of what was overridden.

The same thing said to the same clinician about the same order of the same patient is the same card, whichever hook
asks: it carries the same uuid. What a clinician overrode is not said again when the order is signed, unless anything
changed that the card rests on: a result, a medicine on the list, the content, a word of the card. A critical card is
always said, unless the site has decided otherwise. What could not be looked up is shown.

The digests are made with a secret key: from a stored uuid nobody finds out what the card said by trying.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Engine

from cards.card import Card
from cds_hooks.clients import Client
from cds_hooks.errors import StorageError
from cds_hooks.hook_request import HookRequest
from cds_hooks.records.audit_event import tidy
from cds_hooks.records.shown_cards import ShownCard, find_overridden
from cds_hooks.services.service import Service
from knowledge.facts import PatientFacts

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sorted:
    """The cards to show, under their lasting uuids, and those that are held back."""

    shown: tuple[Card, ...]
    held_back: tuple[Card, ...] = ()
    remembered: tuple[ShownCard, ...] = ()
    """What there is to remember of `shown`."""


@dataclass(frozen=True)
class Repetition:
    """Knows cards again. `key` is secret, and the same on every host of a site."""

    key: bytes
    records: Engine

    def sort_out(
        self, cards: Sequence[Card], request: HookRequest, service: Service, facts: PatientFacts, client: Client
    ) -> Sorted:
        """The cards of one answer, those left out that the clinician has overridden."""
        named = [self._name(card, request, facts, client) for card in cards]
        overridden = self._find_overridden(named, service, client)
        kept = [one for one in named if one[0].uuid not in overridden]
        return Sorted(
            shown=tuple(card for card, _, _ in kept),
            held_back=tuple(card for card, _, _ in named if card.uuid in overridden),
            remembered=tuple(_remember(card, scope, basis, service, client) for card, scope, basis in kept),
        )

    def _name(self, card: Card, request: HookRequest, facts: PatientFacts, client: Client) -> tuple[Card, str, str]:
        """The card under its lasting uuid, its scope and its basis; an order without an id is never known again."""
        about = card.extension
        basis = self._digest(
            [card.summary, card.detail, card.indicator, about.get("content"), about.get("findings"), _listed(facts)]
        )
        if about.get("order") is None:
            return card, "", basis
        scope = self._digest([client.name, request.user_id, request.patient_id, about["order"], about["drug"]])
        suggestions = tuple(
            replace(each, uuid=self._uuid(scope, basis, number)) for number, each in enumerate(card.suggestions, 1)
        )
        return replace(card, uuid=self._uuid(scope, basis, 0), suggestions=suggestions), scope, basis

    def _find_overridden(
        self, named: Sequence[tuple[Card, str, str]], service: Service, client: Client
    ) -> frozenset[str]:
        asked = [
            card.uuid
            for card, scope, _ in named
            if scope and (client.override_critical or card.indicator != "critical")
        ]
        if service.hook != "order-sign" or not client.override_hours or not asked:
            return frozenset()
        since = datetime.now(UTC) - timedelta(hours=client.override_hours)
        try:
            return find_overridden(self.records, client.name, asked, since)
        except StorageError:
            _LOG.warning("overrides could not be read: every card is shown")
            return frozenset()

    def _digest(self, value: Any) -> str:
        return hmac.new(self.key, orjson.dumps(value, option=orjson.OPT_SORT_KEYS), sha256).hexdigest()

    def _uuid(self, scope: str, basis: str, number: int) -> str:
        return str(UUID(bytes=bytes.fromhex(self._digest([scope, basis, number]))[:16], version=4))


def _listed(facts: PatientFacts) -> list[str]:
    """The medicines on the patient's list: a new one may change what an override was based on."""
    return sorted({one.name for use in facts.medications if not use.draft for one in use.ingredients})


def _remember(card: Card, scope: str, basis: str, service: Service, client: Client) -> ShownCard:
    order = card.extension.get("order")
    # As the audit has it: an id that a column does not hold would lose what other callers' cards are remembered by.
    order = tidy(order) if order is not None else None
    return ShownCard(client.name, card.uuid, service.id, scope, basis, order, card.rows, card.indicator)
