"""One gene once loaded: alleles, phenotypes, positions, and how they make a phenotype; frozen types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from knowledge.findings import Source
from knowledge.interval import Interval
from knowledge.sign_off import SignOff


@dataclass(frozen=True)
class Allele:
    """One named allele with its clinical function and, for score genes, its activity value as printed."""

    name: str
    function: str
    value: str | None = None


@dataclass(frozen=True)
class Phenotype:
    """One phenotype of a gene: CPIC's term, and what leads to it (pairs of functions, single functions, or scores)."""

    id: str
    term: str
    pairs: tuple[tuple[str, str], ...] = ()
    singles: tuple[str, ...] = ()
    scores: Interval | None = None


@dataclass(frozen=True)
class Position:
    """A single position that decides alleles by itself: which base means which allele, on either strand."""

    rsid: str
    bases: Mapping[str, str]
    names: tuple[str, ...] = ()
    hgvs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gene:
    """A pharmacogene.

    method: function_pair, activity_score, allele_presence, single_allele, hemizygous_pair, unassigned
    (see schema/gene.schema.json for what each means).
    """

    id: str
    method: str
    hgnc: str
    ncbi_gene: str | None
    sign_off: SignOff
    functions: Mapping[str, str]
    """Function id -> CPIC's words ("none" -> "No function")."""
    alleles: Mapping[str, Allele]
    """By name, aliases included."""
    phenotypes: Mapping[str, Phenotype]
    loinc: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """"genotype", "phenotype", "presence" -> LOINC codes that mean this gene by themselves."""
    presence_loinc: Mapping[str, str] = field(default_factory=dict)
    """LOINC code -> the one allele whose presence it asks for."""
    positions: Mapping[str, Position] = field(default_factory=dict)
    """By rsID."""
    variants: Mapping[str, str] = field(default_factory=dict)
    """rsID or HGVS of a defining variant -> allele name, where one variant defines one allele."""
    unphased: tuple[tuple[str, str], ...] = ()
    """(called diplotype, the other that an unphased call does not exclude)."""
    lowest_function: bool = False
    """Several variants on file: the lowest two decide (DPYD, RYR1)."""
    synonyms: Mapping[str, str] = field(default_factory=dict)
    """The laboratory's words, lower case -> phenotype id, beyond the shared list of content/synonyms.yaml."""
    sources: tuple[Source, ...] = ()

    @property
    def hangs_on_sex(self) -> bool:
        """True for an X-linked gene: how many copies a result may have is told by the patient's sex."""
        return self.method == "hemizygous_pair"
