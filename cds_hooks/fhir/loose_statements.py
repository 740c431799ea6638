"""Statements that stand alone: implications and haplotypes without a genotype, raw variants, results without a gene."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from cds_hooks.fhir.genotypes import is_readable
from cds_hooks.fhir.observation_kind import Kind
from cds_hooks.fhir.phenotypes import states_phenotype
from cds_hooks.fhir.statement_results import ANY_GENE, Placed, read_result, results_of, unreadable
from cds_hooks.fhir.statements import Statement
from cds_hooks.fhir.variants import NO_DIPLOTYPE, combine_calls
from knowledge.facts import GeneResult
from knowledge.gene import Gene
from knowledge.library import Library

_FROM_HAPLOTYPES = "put together from two haplotype results"
_FROM_VARIANTS = "read from single variants"


def read_loose_implications(loose: Sequence[Statement]) -> Iterator[Placed]:
    """One result for each phenotype that a laboratory states for a gene, however many medicines it states it for."""
    seen: set[tuple[object, ...]] = set()
    for one in loose:
        phenotypes = frozenset(words.phenotype or words.written for words in one.words)
        key = (one.named.gene, one.named.concerned, one.group, phenotypes, one.score, one.status)
        if key in seen:
            continue
        seen.add(key)
        yield from results_of(one)


def read_haplotypes(free: Sequence[Statement], library: Library) -> Iterator[Placed]:
    """Haplotypes of one person, gene and day: two unlike ones are the pair; one does not say what the other is."""
    for one in free:
        if one.named.gene is None:
            yield from results_of(one)
    for gene, group in _by_gene(free, library):
        yield group[0].found.number, _read_haplotypes(gene, group)


def _read_haplotypes(gene: Gene, group: Sequence[Statement]) -> GeneResult:
    first = _most_reserved(group)
    problem = next((one.status.problem for one in group if one.status.problem), None)
    texts = [_haplotype_text(one) for one in group]
    written = " and ".join(dict.fromkeys(text for text in texts if text)) or None
    if problem or not all(texts):
        return unreadable(first, gene.id, problem or "a haplotype holds no value", written=written)
    # One HLA allele, reported once or twice, is carried: nothing need be known about the other copy.
    if gene.method == "allele_presence" and len(set(texts)) == 1 and is_readable(gene, str(texts[0])):
        return read_result(first, gene.id, texts[0], None, written, ())
    if len(texts) != 2 or texts[0] == texts[1]:
        what = "one haplotype is" if len(texts) == 1 else f"{len(texts)} haplotypes are"
        reason = f"{what} on file, which does not say what the pair is"
        return unreadable(first, gene.id, reason, written=written)
    pair = f"{texts[0]}/{texts[1]}"
    if not is_readable(gene, pair):
        return unreadable(
            first, gene.id, f"the haplotypes on file cannot be read as a pair: {pair[:80]}", written=written
        )
    return read_result(first, gene.id, pair, None, written, (_FROM_HAPLOTYPES,))


def _haplotype_text(one: Statement) -> str | None:
    """The allele: what was read as one (HLA), or the words of a display or text."""
    if one.value.genotype:
        return one.value.genotype
    gene = one.named.gene or ""
    text = one.value.written
    return text.replace(gene, "").strip(" :_") if text else None


def read_variants(loose: Sequence[Statement], answered: frozenset[str], library: Library) -> Iterator[Placed]:
    """Variants without a genotype: read where single positions decide, else "on file, no diplotype", once a gene.

    `answered` are the genes with results of other kinds: for them raw variants add nothing but noise.
    """
    for one in loose:
        if one.named.gene is None and not set(one.named.concerned) <= answered:
            yield from results_of(one)
    for gene, group in _by_gene(loose, library):
        result = _read_variants(gene, group)
        if result.genotype is not None or gene.id not in answered:
            yield group[0].found.number, result


def _read_variants(gene: Gene, group: Sequence[Statement]) -> GeneResult:
    first = _most_reserved(group)
    usable = [one for one in group if one.status.problem is None]
    read = combine_calls(gene, [one.call for one in usable if one.call is not None])
    if read.genotype is not None and is_readable(gene, read.genotype):
        notes = (_FROM_VARIANTS, *((read.reason,) if read.reason else ()))
        return read_result(first, gene.id, read.genotype, None, read.written, notes)
    return unreadable(first, gene.id, read.reason or NO_DIPLOTYPE)


def read_nameless(
    nameless: Sequence[Statement], regions: Sequence[Statement], answered: frozenset[str], library: Library
) -> Iterator[Placed]:
    """Results that do not say their gene; raw variants without one belong to the gene whose region was studied."""
    variants = [one for one in nameless if one.call is not None and one.call.found and one.call.is_small]
    for one in nameless:
        told = one.kind is Kind.HAPLOTYPE or states_phenotype(one.found.observation, library)
        if one.kind is not Kind.VARIANT and told:
            written = one.found.observation.value.label()
            yield (
                one.found.number,
                unreadable(one, ANY_GENE, "a result is on file that does not say its gene", written=written),
            )
    studied = {one.named.gene: one for one in regions if one.named.gene}
    for gene, one in studied.items():
        if gene not in answered:
            yield one.found.number, unreadable(one, str(gene), f"the gene was studied: {NO_DIPLOTYPE}")
    if variants and not studied:
        reason = f"{NO_DIPLOTYPE}; they do not say which gene they are of"
        yield variants[0].found.number, unreadable(variants[0], ANY_GENE, reason)


def _most_reserved(group: Sequence[Statement]) -> Statement:
    """The statement that stands for a group: a preliminary one where there is one, so that the result is marked."""
    return next((one for one in group if one.status.preliminary), group[0])


def _by_gene(statements: Sequence[Statement], library: Library) -> Iterator[tuple[Gene, list[Statement]]]:
    """Statements with a gene, by gene, person and day, in the order of the document."""
    groups: dict[tuple[str, tuple[str, str]], list[Statement]] = defaultdict(list)
    for one in statements:
        if one.named.gene is not None:
            groups[(one.named.gene, one.group)].append(one)
    for (gene, _), group in groups.items():
        yield library.genes[gene], group
