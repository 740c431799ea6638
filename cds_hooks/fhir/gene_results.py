"""Resources -> gene results: statements linked, put together, and each answered as read or unreadable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cds_hooks.fhir.gene_index import index_genes
from cds_hooks.fhir.gene_studied import GeneFinder
from cds_hooks.fhir.genotypes import is_readable, same_genotype
from cds_hooks.fhir.loose_statements import read_haplotypes, read_loose_implications, read_nameless, read_variants
from cds_hooks.fhir.observation_kind import Kind, is_plain
from cds_hooks.fhir.phenotypes import Words
from cds_hooks.fhir.reports import read_reports
from cds_hooks.fhir.resource_status import Status
from cds_hooks.fhir.statement_results import results_of
from cds_hooks.fhir.statements import Reading, Statement, read_statement
from cds_hooks.fhir.subject import is_of_other
from cds_hooks.fhir.unwrapping import Candidates
from cds_hooks.fhir.variants import combine_calls
from knowledge.facts import GeneResult
from knowledge.library import Library

CALLED = (Kind.GENOTYPE, Kind.OTHER, Kind.PRESENCE)
DISAGREE = "the laboratory's variants disagree with its genotype"


@dataclass
class Linked:
    """Statements by what they belong to."""

    called: list[Statement] = field(default_factory=list)
    words: dict[int, dict[Words, None]] = field(default_factory=lambda: defaultdict(dict))
    """Number of a called statement -> the laboratory's words on it, each once."""
    loose: list[Statement] = field(default_factory=list)
    """Implications without a genotype on file."""
    haplotypes: list[Statement] = field(default_factory=list)
    variants: list[Statement] = field(default_factory=list)
    nameless: list[Statement] = field(default_factory=list)
    regions: list[Statement] = field(default_factory=list)


def read_results(candidates: Candidates, library: Library, patient_id: str | None = None) -> tuple[GeneResult, ...]:
    """Every result on a gene of the library, in the order of the document.

    With `patient_id` the results of other patients are left out. A result that says it is there and does not say of
    which gene has `ANY_GENE` as its gene.
    """
    index = index_genes(library)
    reading = Reading(library, index, GeneFinder(index, candidates))
    observations = (one for one in candidates.of_kind("Observation") if not is_plain(one.resource, index))
    own = (one for one in observations if patient_id is None or not is_of_other(one, candidates, patient_id))
    read = (read_statement(one, reading) for one in own)
    statements = [one for one in read if one is not None]
    linked = link(statements, reading)
    placed = list(_results(linked, reading))
    placed += read_reports(candidates, placed, statements, reading, patient_id)
    placed.sort(key=lambda one: one[0])
    return tuple(result for _, result in placed)


def link(statements: Sequence[Statement], reading: Reading) -> Linked:
    """Sort statements, and attach implications to the genotype that they are derived from."""
    linked = Linked(called=[one for one in statements if is_called(one)])
    by_number = {one.found.number: one for one in linked.called if one.named.gene}
    by_group: dict[tuple[str, str, str], list[Statement]] = defaultdict(list)
    for one in by_number.values():
        by_group[(str(one.named.gene), *one.group)].append(one)
    for one in statements:
        if is_called(one):
            continue
        if one.kind is Kind.IMPLICATION:
            _link_implication(one, linked, by_number, by_group, reading)
        else:
            _sort(one, linked)
    return linked


def is_called(one: Statement) -> bool:
    """True for what states a genotype or a presence, under whatever code."""
    spelled = one.value.genotype is not None or one.value.reason is not None
    return one.kind in CALLED or one.kind is Kind.IMPLICATION and spelled and one.named.gene is not None


def _sort(one: Statement, linked: Linked) -> None:
    if one.kind is Kind.REGION:
        linked.regions.append(one)
    elif one.named.gene is None and one.named.problem is None:
        linked.nameless.append(one)
    elif one.kind is Kind.HAPLOTYPE:
        linked.haplotypes.append(one)
    else:
        linked.variants.append(one)


def _link_implication(
    one: Statement,
    linked: Linked,
    by_number: dict[int, Statement],
    by_group: dict[tuple[str, str, str], list[Statement]],
    reading: Reading,
) -> None:
    gene = one.named.gene
    sources = [by_number[found.number] for found in reading.finder.sources(one.found) if found.number in by_number]
    if gene is None:
        if one.named.problem is None:
            linked.nameless.append(one)
        elif not sources:
            linked.loose.append(one)
        return
    if one.status != Status():
        # What is not final stays a result of its own, and keeps its reservation.
        linked.loose.append(one)
        return
    targets = [source for source in sources if source.named.gene == gene]
    if not targets:
        group = by_group.get((gene, *one.group), [])
        targets = group if len(group) == 1 else []
    if not targets:
        linked.loose.append(one)
    for target in targets:
        linked.words[target.found.number] |= dict.fromkeys(one.words)


def _results(linked: Linked, reading: Reading) -> Iterator[tuple[int, GeneResult]]:
    covered = {
        source.number for one in (*linked.called, *linked.haplotypes) for source in reading.finder.sources(one.found)
    }
    calls = {one.found.number: one for one in linked.variants}
    for one in linked.called:
        notes = _variant_notes(one, calls, reading)
        yield from results_of(one, tuple(linked.words.get(one.found.number, ())), notes)
    genes = {gene for one in linked.called for gene in ((one.named.gene,) if one.named.gene else one.named.concerned)}
    yield from read_loose_implications(linked.loose)
    free = [one for one in linked.haplotypes if one.found.number not in covered]
    yield from read_haplotypes(free, reading.library)
    genes |= {one.named.gene for one in (*linked.loose, *linked.haplotypes) if one.named.gene}
    loose = [one for one in linked.variants if one.found.number not in covered]
    yield from read_variants(loose, frozenset(genes), reading.library)
    nameless = [one for one in linked.nameless if one.found.number not in covered]
    yield from read_nameless(nameless, linked.regions, frozenset(genes), reading.library)


def _variant_notes(one: Statement, calls: dict[int, Statement], reading: Reading) -> tuple[str, ...]:
    """A note where the variants that a genotype is derived from spell another genotype."""
    gene = reading.library.genes.get(one.named.gene or "")
    if gene is None or one.value.genotype is None or not (gene.positions or gene.variants):
        return ()
    own = [calls[found.number].call for found in reading.finder.sources(one.found) if found.number in calls]
    read = combine_calls(gene, [call for call in own if call is not None])
    if (
        read.genotype is None
        or not is_readable(gene, read.genotype)
        or same_genotype(gene, read.genotype, one.value.genotype)
    ):
        return ()
    return (f"{DISAGREE}: {read.genotype}",)
