"""Asking a table: which rows answer what the record says, population by population."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from knowledge.interval import Interval
from knowledge.library import NO_RESULT, Row, Table
from knowledge.pgx.genotype import Presence
from knowledge.pgx.phenotype import ANY, GeneValue

Combination = Mapping[str, GeneValue | None]
"""Gene -> one possible value; None where there is no usable result."""


@dataclass(frozen=True)
class Asked:
    """The rows that answer, and the genes for want of which a table could not be asked."""

    rows: tuple[Row, ...]
    missing: tuple[str, ...] = ()
    uncovered: bool = False
    """Every gene has a result, and of what they may mean something is answered by no row: the content has a hole."""


def ask_table(table: Table, values: Mapping[str, Sequence[GeneValue]], population: str) -> Asked:
    """Every row that some combination of the genes' values leads to, each once, in the table's order."""
    genes = [gene for gene in table.genes if gene in values]
    choices: list[Sequence[GeneValue | None]] = [tuple(values[gene]) or (None,) for gene in genes]
    found: dict[str, Row] = {}
    answered = True
    for combination in product(*choices):
        rows = _rows(table, dict(zip(genes, combination, strict=True)), population)
        answered = answered and bool(rows)
        found.update((row.id, row) for row in rows)
    missing = tuple(gene for gene in genes if not values[gene])
    ordered = tuple(row for row in table.rows if row.id in found)
    return Asked(ordered, () if answered else missing, not answered and not missing and not table.flow)


def merge_equal_advice(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Rows that differ only in their effect or id say the same to the prescriber: the first of them stands."""
    distinct: dict[tuple[object, ...], Row] = {}
    for row in rows:
        advice = (
            row.strength,
            row.indicator,
            row.actions,
            row.dose_change,
            row.alternative,
            row.other_guidance,
            row.note,
        )
        distinct.setdefault(advice, row)
    return tuple(distinct.values())


def _rows(table: Table, combination: Combination, population: str) -> list[Row]:
    fitting = (row for row in table.rows if _fits(row, combination, population))
    if table.flow:
        return list(fitting)
    first = next(fitting, None)
    return [first] if first is not None else []


def _fits(row: Row, combination: Combination, population: str) -> bool:
    if row.populations and population not in row.populations:
        return False
    return all(any(matches(text, combination.get(gene)) for text in texts) for gene, texts in row.when.items())


def matches(text: str, value: GeneValue | None) -> bool:
    """Whether one lookup text of a row fits a value: "poor", ">2.25", "*57:01 positive", "has *3", "*2/*2", no_result,
    any."""
    if text == ANY:
        return True
    if value is None:
        return text == NO_RESULT
    if text.startswith(("has ", "lacks ")):
        verb, allele = text.split(" ", 1)
        return value.alleles is not None and (allele in value.alleles) is (verb == "has")
    pair = parse_diplotype(text)
    if pair is not None:
        return value.alleles == pair
    if value.presence:
        allele, _, status = text.partition(" ")
        return dict(value.presence).get(allele) == status
    interval = parse_interval(text)
    if interval is not None:
        return value.score is not None and interval.holds(value.score.value)
    return value.phenotype == text


def asked_alleles(table: Table, gene: str) -> tuple[str, ...]:
    """The HLA alleles whose status the rows of a table ask for."""
    texts = (text for row in table.rows for text in row.when.get(gene, ()))
    return tuple(dict.fromkeys(text.split(" ")[0] for text in texts if text.endswith((" positive", " negative"))))


def spread_presence(values: Sequence[GeneValue], alleles: Sequence[str]) -> tuple[GeneValue, ...]:
    """HLA values as a table asks them: an ambiguous allele may be either; one that nothing is known of is no result."""
    spread: list[GeneValue] = []
    for value in values:
        known = dict(value.presence)
        states = [known.get(allele, Presence.UNKNOWN) for allele in alleles]
        if Presence.UNKNOWN in states:
            continue
        both = (Presence.POSITIVE, Presence.NEGATIVE)
        options = [both if state is Presence.AMBIGUOUS else (state,) for state in states]
        spread += [GeneValue(presence=tuple(zip(alleles, one, strict=True))) for one in product(*options)]
    return tuple(spread)


@lru_cache(maxsize=1024)
def parse_diplotype(text: str) -> frozenset[str] | None:
    """The alleles of a lookup text that names a genotype ("*1/*3", "*2/*2"); None for every other text."""
    parts = text.split("/")
    return frozenset(parts) if len(parts) == 2 and all(part.startswith("*") for part in parts) else None


@lru_cache(maxsize=1024)
def parse_interval(text: str) -> Interval | None:
    """The interval of activity scores that a lookup text names; None for every other text."""
    return Interval.parse(text)
