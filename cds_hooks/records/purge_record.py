"""What `pgx-cds audit purge` leaves behind: a row that says up to where each chain was removed, and with which hash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
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
    """All purges together: the latest day, how far each chain went, and what each purge says of it."""

    before: str = ""
    heads: Mapping[str, Head] = field(default_factory=dict)
    by_chain: Mapping[str, tuple[tuple[str, Head], ...]] = field(default_factory=dict)
    """Of each chain (day, last row that went) of every purge that names it."""

    def excuse(self, head: Head) -> bool:
        """Whether a row that was anchored may be gone: the purge that names its chain went up to a later day."""
        named = self.by_chain.get(head.chain, ())
        return any(
            head.recorded < before and (head.seq < last.seq or (head.seq, head.hash) == (last.seq, last.hash))
            for before, last in named
        )


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
    before, heads, by_chain = "", dict[str, Head](), dict[str, tuple[tuple[str, Head], ...]]()
    for record in records:
        before = max(before, record.before)
        for head in record.removed:
            by_chain[head.chain] = (*by_chain.get(head.chain, ()), (record.before, head))
            if head.chain not in heads or head.seq > heads[head.chain].seq:
                heads[head.chain] = head
    return Purges(before, heads, by_chain)


def find_standing(connection: Connection, going: Iterable[Head]) -> frozenset[str]:
    """Chains of purges that are still needed: some chain begins where they say, and what goes now does not replace it.

    Their rows stay, however old. Said again by a new purge they would be believed for its sake, made up or not.
    """
    replaced = {head.chain: head.seq for head in going}
    row = AUDIT_EVENT.c
    of_purges = select(row.chain, row.body).where((row.seq == 1) & row.body.contains(_MARK))
    standing = set()
    for chain, body in connection.execute(of_purges).all():
        with suppress(KeyError, TypeError, ValueError):  # made up by hand: verify says so, and it goes with its age
            named = [head for record in read_purge(body) for head in record.removed]
            if any(head.seq > replaced.get(head.chain, 0) and _has_rows(connection, head.chain) for head in named):
                standing.add(chain)
    return frozenset(standing)


def _has_rows(connection: Connection, chain: str) -> bool:
    return connection.execute(select(AUDIT_EVENT.c.id).where(AUDIT_EVENT.c.chain == chain).limit(1)).first() is not None
