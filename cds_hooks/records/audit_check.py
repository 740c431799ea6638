"""Proves that the audit is whole: each chain from its start to its anchors. `pgx-cds audit verify` prints the faults.

What is found: a row that was changed, removed, moved, doubled or added; a chain or its end that is gone, by the anchors
(those of the log, where it is given, since who can change rows can change the anchors beside them). What no chain
shows: rows after the last anchor of a chain whose writer was killed: those of a minute removed, those of two added.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from sqlalchemy import Connection, select

from cds_hooks.records.anchor import SLACK, Anchor, LogSpan, find_span
from cds_hooks.records.audit_event import shift_time, tell_time
from cds_hooks.records.audit_rows import read_rows
from cds_hooks.records.chain import ChainRow, Head, hash_name
from cds_hooks.records.chain_fault import ChainFault, check_link, check_row
from cds_hooks.records.purge_record import PurgeRecord, Purges, merge_purges, read_purge
from cds_hooks.records.tables import CHAIN_ANCHOR

_NO_PURGE = "tells of a purge as the command never does: it was added by hand"


@dataclass(frozen=True)
class Verdict:
    """What was found. starts: chains whose beginning was purged, with the first seq that is left."""

    rows: int
    chains: int
    anchors: int
    faults: tuple[ChainFault, ...]
    starts: Mapping[str, int]
    purged_before: str | None


@dataclass
class _Chain:
    """What one pass over a chain's rows saw."""

    first: ChainRow
    last: ChainRow
    rows: int = 0
    anchored: dict[int, str] = field(default_factory=dict)
    """Hash by seq, for the seqs that are asked for."""
    faults: list[ChainFault] = field(default_factory=list)
    purges: list[tuple[ChainRow, PurgeRecord]] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    def tell_once(self, row: ChainRow, what: str) -> None:
        """Note what is wrong with this row and may be with all that follow."""
        if what not in self.told:
            self.told.add(what)
            self.faults.append(ChainFault(row.chain, row.seq, what))


def check_audit(connection: Connection, logged: Sequence[Anchor] = (), now: str | None = None) -> Verdict:
    """Follow every chain, then hold it against every anchor: those of the database and those `logged`."""
    anchors = [*_stored_anchors(connection), *logged]
    span = find_span(logged)
    latest = shift_time(now or tell_time(), SLACK)
    asked: dict[str, set[int]] = {}
    for anchor in anchors:
        asked.setdefault(anchor.head.chain, set()).add(anchor.head.seq)
    chains = {
        chain: _follow(rows, asked.get(chain, set()), span, latest)
        for chain, rows in groupby(read_rows(connection), key=lambda row: row.chain)
    }
    told = [entry for chain in chains.values() for entry in chain.purges]
    made_up = [fault for row, record in told if (fault := _doubt_purge(row, record, span)) is not None]
    doubted = {(fault.chain, fault.seq) for fault in made_up}
    purges = merge_purges(record for row, record in told if (row.chain, row.seq) not in doubted)
    faults = made_up + [fault for chain in chains.values() for fault in (*_check_start(chain, purges), *chain.faults)]
    faults += [fault for anchor in anchors for fault in _check_anchor(anchor, chains.get(anchor.head.chain), purges)]
    return Verdict(
        rows=sum(chain.rows for chain in chains.values()),
        chains=len(chains),
        anchors=len(anchors),
        faults=tuple(sorted(dict.fromkeys(faults), key=lambda fault: (fault.chain, fault.seq))),
        starts={name: chain.first.seq for name, chain in chains.items() if chain.first.seq > 1},
        purged_before=purges.before or None,
    )


def _stored_anchors(connection: Connection) -> Iterator[Anchor]:
    for row in connection.execute(select(CHAIN_ANCHOR)).mappings():
        yield Anchor(Head(row["chain"], row["seq"], row["hash"], row["recorded"]), row["closed"])


def _follow(rows: Iterable[ChainRow], asked: set[int], span: LogSpan | None, latest: str) -> _Chain:
    """One pass over a chain. After a fault the row's own word counts, so that one fault is told once."""
    seen: _Chain | None = None
    for row in rows:
        if seen is None:
            seen = _Chain(first=row, last=row)
        else:
            seen.faults += check_link(seen.last, row)
        own = check_row(row)
        told, unreadable = ([], own) if own else _read_purges(row)
        seen.purges += told
        seen.faults += [fault for fault in (own or unreadable,) if fault is not None]
        if row.recorded > latest:
            seen.tell_once(row, "is dated in the future: it was added by hand, or a clock is wrong")
        if span is not None and not told and (what := span.doubt(row)) is not None:
            seen.tell_once(row, what)
        if row.seq in asked:
            seen.anchored[row.seq] = row.hash
        seen.last = row
        seen.rows += 1
    if seen is None:
        raise ValueError("a chain without rows")
    return seen


def _read_purges(row: ChainRow) -> tuple[list[tuple[ChainRow, PurgeRecord]], ChainFault | None]:
    """The purges that a row tells of, or why they cannot be read."""
    try:
        return [(row, record) for record in read_purge(row.body)], None
    except (KeyError, TypeError, ValueError):
        return [], ChainFault(row.chain, row.seq, _NO_PURGE)


def _doubt_purge(row: ChainRow, record: PurgeRecord, span: LogSpan | None) -> ChainFault | None:
    """Who can change rows can also add one that says that others were purged: the log must know exactly this one."""
    if row.seq != 1:
        return ChainFault(row.chain, row.seq, _NO_PURGE)
    if not record.before <= row.recorded:
        return ChainFault(row.chain, row.seq, "says that rows were purged which were not there yet: added by hand")
    if span is not None and not span.knows(row):
        what = "tells of a purge that the log holds no anchor of: add what the command has logged, or it was made up"
        return ChainFault(row.chain, row.seq, what)
    return None


def _check_start(chain: _Chain, purges: Purges) -> Iterator[ChainFault]:
    first = chain.first
    if first.seq == 1:
        if first.prev != hash_name(first.chain):
            yield ChainFault(first.chain, 1, "is not the first row of this chain: it was moved or added")
        return
    purged = purges.heads.get(first.chain)
    if purged is None or first.seq > purged.seq + 1:
        since = 1 if purged is None else purged.seq + 1
        yield ChainFault(first.chain, since, f"missing: rows {since} to {first.seq - 1} were removed")
    elif first.seq == purged.seq + 1 and first.prev != purged.hash:
        yield ChainFault(first.chain, first.seq, "does not continue the last row that was purged")


def _check_anchor(anchor: Anchor, chain: _Chain | None, purges: Purges) -> Iterator[ChainFault]:
    head, where = anchor.head, "log" if anchor.of_log else "database"
    if purges.excuse(head) or chain is None and head.recorded < purges.before:
        return
    if chain is None:
        yield ChainFault(
            head.chain, 1, f"missing: the whole chain was removed; an anchor of the {where} knows {head.seq} rows"
        )
        return
    purged = purges.heads.get(head.chain)
    if head.seq < chain.first.seq and purged is not None and head.seq <= purged.seq:
        what = f"is gone, and no purge went up to its day: removed by hand, by an anchor of the {where}"
        yield ChainFault(head.chain, head.seq, what)
    elif head.seq > chain.last.seq:
        missing = f"rows {chain.last.seq + 1} to {head.seq}"
        yield ChainFault(
            head.chain, chain.last.seq + 1, f"missing: {missing} were removed, by an anchor of the {where}"
        )
    elif chain.anchored.get(head.seq, head.hash) != head.hash:
        what = f"is not what an anchor of the {where} says: rows up to it were changed and chained anew"
        yield ChainFault(head.chain, head.seq, what)
    if anchor.closed and chain.last.seq > head.seq:
        yield ChainFault(head.chain, head.seq + 1, f"was added after its writer had ended, by an anchor of the {where}")
