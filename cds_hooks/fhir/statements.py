"""One Observation -> what it states about a gene: whose, which gene, genotype, the laboratory's words."""

from __future__ import annotations

from dataclasses import dataclass

from cds_hooks.fhir.codes import VARIATION_CODES
from cds_hooks.fhir.gene_index import GeneIndex
from cds_hooks.fhir.gene_studied import NAMELESS, GeneFinder, GeneNamed, value_texts
from cds_hooks.fhir.genotypes import ValueRead, read_genotype_value, spells_alleles
from cds_hooks.fhir.hla import is_other_allele, read_presence
from cds_hooks.fhir.mixed_values import read_mixed_value
from cds_hooks.fhir.observation_kind import Kind, kind_of
from cds_hooks.fhir.phenotypes import Words, read_implication, read_score, read_words
from cds_hooks.fhir.resource_status import Status, read_status, result_date
from cds_hooks.fhir.somatic import is_somatic
from cds_hooks.fhir.subject import subject_reference
from cds_hooks.fhir.unwrapping import Found
from cds_hooks.fhir.variants import Call, read_call
from knowledge.gene import Gene
from knowledge.library import Library

_VALUED = (Kind.GENOTYPE, Kind.OTHER, Kind.PRESENCE, Kind.HAPLOTYPE)


@dataclass(frozen=True)
class Statement:
    """What one Observation states."""

    found: Found
    kind: Kind
    named: GeneNamed
    status: Status
    value: ValueRead = ValueRead()
    words: tuple[Words, ...] = ()
    score: str | None = None
    call: Call | None = None

    @property
    def group(self) -> tuple[str, str]:
        """Statements of one person and one day belong together."""
        return subject_reference(self.found.resource) or "", (self.date or "")[:10]

    @property
    def date(self) -> str | None:
        """The day of the result, as sent."""
        return result_date(self.found.resource)


@dataclass(frozen=True)
class Reading:
    """What is needed to read an Observation."""

    library: Library
    index: GeneIndex
    finder: GeneFinder


def read_statement(found: Found, reading: Reading) -> Statement | None:
    """The statement of an Observation; None where it says nothing on genes, is withdrawn, or is of a tumour."""
    observation = found.observation
    kind = kind_of(observation, reading.index)
    if kind is None or is_somatic(observation):
        return None
    status = read_status(found.resource)
    if status.ignored or any(is_somatic(one.observation) for one in reading.finder.sources(found)):
        return None
    named = _name(found, kind, reading)
    if named.foreign:
        return None
    gene = reading.library.genes.get(named.gene or "")
    concerned = [gene] if gene else [reading.library.genes[symbol] for symbol in named.concerned]
    if kind is Kind.OTHER and concerned and all(is_other_allele(one, observation) for one in concerned):
        return None
    if gene is None:
        return _without_gene(found, kind, named, status)
    return _with_gene(found, kind, named, status, gene, reading)


def _name(found: Found, kind: Kind, reading: Reading) -> GeneNamed:
    named = reading.finder.find(found, check_sources=kind in _VALUED)
    if kind is Kind.IMPLICATION and named.problem and reading.finder.own(found) == NAMELESS:
        return _attribute(found, named, reading)
    if kind is Kind.VARIANT and named == NAMELESS:
        return _name_by_variant(found, reading.index)
    return named


def _attribute(found: Found, named: GeneNamed, reading: Reading) -> GeneNamed:
    """An implication of several genes belongs to the only one that has such a phenotype, if there is only one."""
    genes = [reading.library.genes[symbol] for symbol in named.concerned]
    fitting = [
        gene.id
        for gene in genes
        if any(words.phenotype for words in read_implication(found.observation, gene, reading.library))
    ]
    return GeneNamed(gene=fitting[0]) if len(fitting) == 1 else named


def _name_by_variant(found: Found, index: GeneIndex) -> GeneNamed:
    """A variant without a gene: its rsID may be one that decides."""
    words = [word for part in found.observation.parts_of(*VARIATION_CODES) for word in value_texts(part.value)]
    genes = {index.by_variant[word] for word in words if word in index.by_variant}
    return GeneNamed(gene=genes.pop()) if len(genes) == 1 else NAMELESS


def _without_gene(found: Found, kind: Kind, named: GeneNamed, status: Status) -> Statement:
    texts = value_texts(found.observation.value)
    written = next((text for text in texts if spells_alleles(text)), texts[-1] if texts else None)
    call = read_call(found.observation) if kind is Kind.VARIANT else None
    shown = None if kind is Kind.VARIANT else written
    return Statement(found, kind, named, status, ValueRead(written=shown, reason=named.problem), call=call)


def _with_gene(found: Found, kind: Kind, named: GeneNamed, status: Status, gene: Gene, reading: Reading) -> Statement:
    observation, library = found.observation, reading.library
    if kind is Kind.VARIANT:
        return Statement(found, kind, named, status, call=read_call(observation))
    if kind is Kind.REGION:
        return Statement(found, kind, named, status)
    score = read_score(observation)
    if kind is Kind.IMPLICATION:
        value, words = _read_implied(gene, found, library)
        return Statement(found, kind, named, status, value, words, score)
    value = _read_value(gene, found, reading)
    own = None
    if value.genotype is None:
        value, own = read_mixed_value(gene, observation, library) or (
            value,
            read_words(observation.value, gene, library),
        )
    inside = read_implication(observation, gene, library, own=False)
    words = tuple(one for one in (own, *inside) if one is not None and (one.phenotype or one.problem))
    return Statement(found, kind, named, status, value, tuple(dict.fromkeys(words)), score)


def _read_value(gene: Gene, found: Found, reading: Reading) -> ValueRead:
    """The value's form decides: presence of an allele, or a genotype."""
    presence = read_presence(gene, found.observation, reading.index) if gene.method == "allele_presence" else None
    if presence is not None:
        return presence
    return read_genotype_value(gene, found.observation)


def _read_implied(gene: Gene, found: Found, library: Library) -> tuple[ValueRead, tuple[Words, ...]]:
    """An implication states a phenotype; where its value is spelled as a genotype, it is one (seen under 53040-2)."""
    texts = value_texts(found.observation.value)
    if any(spells_alleles(text) for text in texts):
        value = read_genotype_value(gene, found.observation)
        mixed = None if value.genotype is not None else read_mixed_value(gene, found.observation, library)
        return (value, ()) if mixed is None else (mixed[0], (mixed[1],))
    return ValueRead(), read_implication(found.observation, gene, library)
