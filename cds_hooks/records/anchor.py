"""Anchors: how far a chain had come, by the database or by the log; and which rows a log leaves room for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from cds_hooks.records.audit_event import shift_time
from cds_hooks.records.chain import ChainRow, Head
from cds_hooks.records.writer_rules import WriterRules

SLACK = 2 * WriterRules.anchor_every
"""Seconds within which an honest row may be stored and its anchor not be logged yet, or its clock differ."""


@dataclass(frozen=True)
class Anchor:
    """How far a chain had come. `logged`: when the log said so; "" for an anchor of the database."""

    head: Head
    closed: bool
    logged: str = ""

    @property
    def of_log(self) -> bool:
        """Whether it is out of the database's reach."""
        return bool(self.logged)


@dataclass(frozen=True)
class LogSpan:
    """The time that a log covers (`end`: as far as everything of it must be anchored), and what it knows."""

    begin: str
    settled: str
    """From when on a chain whose writer ran has an anchor here, though it began before the log."""
    end: str
    last: Mapping[str, Head]
    """Of each chain the last anchor."""
    heads: frozenset[tuple[str, int, str]]
    """Chain, seq and hash of each anchor."""

    def knows(self, row: ChainRow) -> bool:
        """Whether exactly this row is anchored."""
        return (row.chain, row.seq, row.hash) in self.heads

    def doubt(self, row: ChainRow) -> str | None:
        """What a writer of ours that logs its anchors cannot have written; None where it can."""
        known = self.last.get(row.chain)
        if known is None:
            # Of a chain whose beginning was purged the first row that is left is no first one.
            begin = self.begin if row.seq == 1 else self.settled
            unknown = begin <= row.recorded <= self.end
            return "the log holds no anchor of this chain: it was added by hand" if unknown else None
        if row.seq <= known.seq:
            return None
        if row.recorded < shift_time(known.recorded, -SLACK):
            return "comes after the last anchor of its chain in the log and is dated long before it: added by hand"
        if shift_time(known.recorded, SLACK) < row.recorded <= self.end:
            return "the log runs on without an anchor of this row: it was added by hand"
        return None


def read_anchors(lines: Iterable[str]) -> Iterator[Anchor]:
    """The anchors in a log of JSON lines; other lines are passed over."""
    for line in lines:
        if "audit anchor" not in line:
            continue
        try:
            said = orjson.loads(line[line.index("{") :])
            head = Head(str(said["chain"]), int(said["seq"]), str(said["hash"]), str(said["recorded"]))
            logged = shift_time(str(said.get("time", head.recorded)), 0)  # as the audit writes moments
            datetime.fromisoformat(head.recorded)
        except (ValueError, KeyError, TypeError):
            continue
        yield Anchor(head, said.get("closed") is True, logged)


def find_span(logged: Sequence[Anchor]) -> LogSpan | None:
    """What a log covers; None without one."""
    if not logged:
        return None
    last: dict[str, Head] = {}
    for anchor in logged:
        head = anchor.head
        if head.chain not in last or head.seq > last[head.chain].seq:
            last[head.chain] = head
    heads = frozenset((anchor.head.chain, anchor.head.seq, anchor.head.hash) for anchor in logged)
    # Lines of purges are kept for longer than the log of the service: one that is closed with its first row may be one.
    times = [anchor.logged for anchor in logged if not (anchor.closed and anchor.head.seq == 1)]
    if not times:
        return LogSpan("9", "9", "", last, heads)
    return LogSpan(min(times), shift_time(min(times), SLACK), shift_time(max(times), -SLACK), last, heads)
