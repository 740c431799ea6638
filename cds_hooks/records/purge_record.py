"""What `pgx-cds audit purge` leaves behind: a row that says up to where each chain was removed, and with which hash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, select

from cds_hooks.records.chain import Head
from cds_hooks.records.tables import AUDIT_EVENT

_MARK = '"kind":"purge"'


@dataclass(frozen=True)
class PurgeRecord:
    """One purge. before: rows recorded earlier went; removed: the last row that went of each chain."""

    before: str
    removed: tuple[Head, ...]

    def to_json(self) -> dict[str, Any]:
        """Its members in the body of an audit row."""
        removed = [{"chain": head.chain, "seq": head.seq, "hash": head.hash} for head in self.removed]
        return {"before": self.before, "removed": removed}


@dataclass(frozen=True)
class Purges:
    """All purges together: the latest day, and how far each chain went."""

    before: str = ""
    heads: Mapping[str, Head] = field(default_factory=dict)


def read_purge(body: str) -> Iterator[PurgeRecord]:
    """The purge that an audit row tells of; none where it tells of something else.

    Raises KeyError, TypeError or ValueError where it tells of one in a way that `PurgeRecord.to_json` does not.
    """
    if _MARK not in body:
        return
    said = orjson.loads(body)
    if said.get("kind") == "purge":
        heads = tuple(Head(str(each["chain"]), int(each["seq"]), str(each["hash"])) for each in said.get("removed", ()))
        yield PurgeRecord(str(said["before"]), heads)


def merge_purges(records: Iterable[PurgeRecord]) -> Purges:
    """Of several purges the latest day, and of each chain the last row that went."""
    before, heads = "", dict[str, Head]()
    for record in records:
        before = max(before, record.before)
        for head in record.removed:
            if head.chain not in heads or head.seq > heads[head.chain].seq:
                heads[head.chain] = head
    return Purges(before, heads)


def find_standing(connection: Connection) -> list[Head]:
    """What earlier purges said of chains that still have rows."""
    bodies = connection.execute(select(AUDIT_EVENT.c.body).where(AUDIT_EVENT.c.body.contains(_MARK))).scalars()
    heads = merge_purges(record for body in bodies for record in read_purge(body)).heads.values()
    return [head for head in heads if _has_rows(connection, head.chain)]


def _has_rows(connection: Connection, chain: str) -> bool:
    return connection.execute(select(AUDIT_EVENT.c.id).where(AUDIT_EVENT.c.chain == chain).limit(1)).first() is not None
