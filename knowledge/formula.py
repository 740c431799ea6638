"""A dose equation once loaded: content like any table, with its terms as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from knowledge.findings import Source
from knowledge.sign_off import SignOff


@dataclass(frozen=True)
class Term:
    """One summand of an equation.

    kind: number (coefficient times the value), yes_no, medicine, condition (coefficient where it holds), diplotype
    (one coefficient a genotype), alleles (one coefficient for each allele of the pair).
    """

    kind: str
    of: str
    """The input, gene, ingredient or condition set that it asks for."""
    coefficient: Decimal = Decimal(0)
    coefficients: Mapping[str, Decimal] = field(default_factory=dict)
    """diplotype: genotype as a laboratory would write it; alleles: name or alias of the gene's file."""


@dataclass(frozen=True)
class Limit:
    """What an equation accepts of one input; both bounds are included."""

    low: Decimal | None = None
    high: Decimal | None = None
    valid_days: int | None = None
    """A dated value older than this counts as missing."""


@dataclass(frozen=True)
class Formula:
    """A published equation that estimates a dose in mg."""

    id: str
    sign_off: SignOff
    title: str
    """Completes the sentence "Starting dose by ..."."""
    constant: Decimal
    terms: tuple[Term, ...]
    transform: str
    """What is done to the sum: square or exp."""
    per: str
    """day or week: what the equation itself gives."""
    plausible: tuple[Decimal, Decimal]
    """Lowest and highest dose in mg a day that is shown."""
    limits: Mapping[str, Limit] = field(default_factory=dict)
    excluded_medicines: tuple[str, ...] = ()
    """With one of these on the medication list nothing is computed."""
    excluded_because: str = ""
    note: str | None = None
    sources: tuple[Source, ...] = ()
    version: str = ""
    """First 12 hex digits of the SHA-256 of the file."""

    @property
    def genes(self) -> tuple[str, ...]:
        """The genes whose genotype it asks for."""
        return tuple(dict.fromkeys(term.of for term in self.terms if term.coefficients))
