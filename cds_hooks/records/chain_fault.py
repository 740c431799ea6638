"""What is wrong with a row of the audit by itself, or between it and the one before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from cds_hooks.records.chain import ChainRow, hash_row


@dataclass(frozen=True)
class ChainFault:
    """One thing that is wrong, in chain and seq."""

    chain: str
    seq: int
    what: str

    def __str__(self) -> str:
        return f"chain {self.chain}, seq {self.seq}: {self.what}"


def check_row(row: ChainRow) -> ChainFault | None:
    """What a row's own hash and the time inside its body, which the hash covers, say against it."""
    if hash_row(row.prev, row.body) != row.hash:
        return ChainFault(row.chain, row.seq, "its hash does not follow from what it holds: it was changed")
    if _time_of(row.body) != row.recorded:
        return ChainFault(row.chain, row.seq, "its column `recorded` was changed")
    return None


def check_link(before: ChainRow, row: ChainRow) -> Iterator[ChainFault]:
    """Whether a row continues the one before it."""
    if row.seq != before.seq + 1:
        missing = f"{before.seq + 1}" if row.seq == before.seq + 2 else f"{before.seq + 1} to {row.seq - 1}"
        yield ChainFault(row.chain, before.seq + 1, f"missing: rows {missing} were removed")
    elif row.prev != before.hash:
        what = "does not continue the row before it: one of the two was changed, moved, doubled or added"
        yield ChainFault(row.chain, row.seq, what)


def _time_of(body: str) -> object:
    try:
        return orjson.loads(body)["time"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
