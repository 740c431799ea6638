"""What a genotype is once its text has been read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Presence(StrEnum):
    """Whether a risk allele (HLA) is on file."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    AMBIGUOUS = "ambiguous"
    """The typing allows both."""
    UNKNOWN = "unknown"
    """The typing says nothing about it."""


@dataclass(frozen=True)
class Genotype:
    """A genotype in the names of the gene's file.

    strands: one tuple of allele names a chromosome (one strand for mitochondrial, hemizygous and single HLA results);
    several names on a strand are variants together, or the parts of a tandem arrangement.
    """

    gene: str
    strands: tuple[tuple[str, ...], ...]
    unknown: tuple[str, ...] = ()
    """Alleles that the file does not know, and unknown copy numbers: they lead to Indeterminate."""
    presence: tuple[tuple[str, Presence], ...] = ()
    """HLA only: every risk allele of the file, in the file's order."""
    canonical: str = ""
    notes: tuple[str, ...] = ()
    unphased: bool = False
    """Several variants without a statement of which strand each is on."""
    possible: tuple[Genotype, ...] = ()
    """An ambiguous call ("*1/*3A or *3B/*3C"): each genotype that it allows; `strands` is empty then."""

    @property
    def alleles(self) -> frozenset[str]:
        """Every allele name that is on file."""
        return frozenset(name for strand in self.strands for name in strand)


class UnreadableGenotype(ValueError):  # noqa: N818 - the word that callers read
    """A text that cannot be read as a genotype of its gene; `reason` is one sentence for the card."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
