"""Which cards were shown, and which of them a clinician overrode."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection, Engine, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from cds_hooks.errors import Fault, StorageError
from cds_hooks.records.tables import CARD, FEEDBACK


@dataclass(frozen=True)
class ShownCard:
    """One card as it is remembered: what it was about, by digests that only the holder of the key can make."""

    tenant: str
    uuid: str
    service: str
    scope: str
    """Digest of clinician, patient, order and drug; "" where the order has no id."""
    basis: str
    """Digest of everything the card says and rests on."""
    order: str | None
    rows: tuple[str, ...]
    indicator: str


def write_cards(connection: Connection, cards: Sequence[ShownCard], shown: datetime) -> None:
    """Remember cards inside the caller's transaction; one that was shown before keeps its row and gets the new time."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    for card in cards:
        row = {**vars(card), "rows": orjson.dumps(card.rows).decode(), "shown": shown}
        fresh = {"service": card.service, "shown": shown}
        statement = dialect.insert(CARD).values(row)
        connection.execute(statement.on_conflict_do_update(index_elements=["tenant", "uuid"], set_=fresh))


def find_overridden(engine: Engine, tenant: str, cards: Collection[str], since: datetime) -> frozenset[str]:
    """Of these cards (uuids), those whose latest feedback since a moment is an override. Raises StorageError."""
    of_these = (FEEDBACK.c.tenant == tenant) & FEEDBACK.c.card.in_(cards) & (FEEDBACK.c.received >= since)
    query = select(FEEDBACK.c.card, FEEDBACK.c.outcome).where(of_these).order_by(FEEDBACK.c.received, FEEDBACK.c.id)
    try:
        with engine.connect() as connection:
            latest = {row.card: row.outcome for row in connection.execute(query)}
    except SQLAlchemyError:
        raise StorageError(
            Fault("", "the feedback could not be read", "Send the request again.", "transient")
        ) from None
    return frozenset(card for card, outcome in latest.items() if outcome == "overridden")


def find_cards(engine: Engine, tenant: str, cards: Collection[str]) -> dict[str, ShownCard]:
    """The remembered cards by uuid, as far as they are there: what feedback on them speaks of. Raises StorageError."""
    query = select(CARD).where((CARD.c.tenant == tenant) & CARD.c.uuid.in_(cards))
    try:
        with engine.connect() as connection:
            return {row["uuid"]: _read(row) for row in connection.execute(query).mappings()}
    except SQLAlchemyError:
        raise _unread("cards") from None


def _unread(what: str) -> StorageError:
    return StorageError(Fault("", f"the {what} could not be read", "Send the request again.", "transient"))


def _read(row: object) -> ShownCard:
    members = dict(row)  # type: ignore[call-overload]
    return ShownCard(
        tenant=members["tenant"],
        uuid=members["uuid"],
        service=members["service"],
        scope=members["scope"],
        basis=members["basis"],
        order=members["order"],
        rows=tuple(orjson.loads(members["rows"])),
        indicator=members["indicator"],
    )
