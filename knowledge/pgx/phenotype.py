"""From one laboratory result to what a guideline's table can be asked with.

A readable genotype decides by our own table; the laboratory's phenotype or score only where no genotype is readable,
and is then marked "as reported". Unknown allele, uncertain function, unknown copy number: Indeterminate, never Normal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product

from knowledge.facts import Answer, GeneResult, Sex
from knowledge.findings import Basis
from knowledge.gene import Gene, Phenotype
from knowledge.library import INDETERMINATE, Library
from knowledge.pgx.diplotype import read_genotype
from knowledge.pgx.genotype import Genotype, Presence, UnreadableGenotype
from knowledge.pgx.hemizygosity import check_copies
from knowledge.pgx.score import NOT_AVAILABLE, Score, sum_scores
from knowledge.pgx.words import read_phenotype

ANY = "any"


@dataclass(frozen=True)
class GeneValue:
    """One thing that a gene may be, in the terms that tables ask for."""

    phenotype: str | None = None
    """Phenotype id of the gene's file."""
    score: Score | None = None
    presence: tuple[tuple[str, Presence], ...] = ()
    alleles: frozenset[str] | None = None
    """Allele names on file; None where only a phenotype was reported."""


@dataclass(frozen=True)
class Interpretation:
    """What one result means. `values` is empty where it means nothing that can be used, and `gap` says why."""

    gene: str
    values: tuple[GeneValue, ...]
    phenotype: str | None
    """CPIC's term, where there is one for all values."""
    score: str | None
    functions: tuple[str, ...] = ()
    basis: Basis | None = None
    genotype: Genotype | None = None
    gap: str | None = None
    notes: tuple[str, ...] = ()


def interpret(library: Library, gene: Gene, result: GeneResult, sex: Sex | None) -> Interpretation:
    """What a result means for its gene; genotype first, then the reported score, then the reported phenotype."""
    if result.answer is not Answer.READ:
        return Interpretation(gene.id, (), None, None, gap=result.reason)
    if result.genotype is not None:
        by_genotype = _by_genotype(library, gene, result.genotype, sex)
        if by_genotype.values and not (by_genotype.gap and result.reported_phenotype):
            return replace(by_genotype, notes=(*by_genotype.notes, *result.notes))
        reported = _by_report(library, gene, result)
        if not reported.values:
            return by_genotype
        return replace(reported, notes=(*by_genotype.notes, *result.notes))
    reported = _by_report(library, gene, result)
    return replace(reported, notes=(*reported.notes, *result.notes))


def interpret_genotype(gene: Gene, text: str, sex: Sex | None = None, patient: bool = False) -> Interpretation:
    """What a genotype text means for its gene; malformed text is a gap with the reason.

    Of a `patient` the copies must fit the sex on file; a text by itself is taken as it stands, as CPIC's tables do.
    """
    try:
        genotype = read_genotype(gene, text)
        genotype = check_copies(gene, genotype, sex) if patient else genotype
    except UnreadableGenotype as error:
        return Interpretation(gene.id, (), None, None, gap=error.reason)
    if genotype.possible:
        return _ambiguous(gene, genotype)
    return _of_genotype(gene, genotype)


def attainable_scores(gene: Gene, phenotype: Phenotype) -> tuple[Score, ...]:
    """Every score that two alleles of the gene's file can add up to, inside one phenotype; lowest first."""
    printed = {allele.value for allele in gene.alleles.values() if allele.value not in (None, NOT_AVAILABLE)}
    scores = {sum_scores(pair) for pair in product(printed, repeat=2)}
    inside = [score for score in scores if score and phenotype.scores and phenotype.scores.holds(score.value)]
    return tuple(sorted(inside, key=lambda score: (score.value, score.at_least)))


def value_of_score(gene: Gene, score: Score) -> GeneValue:
    """The value of a score: its phenotype follows from the gene's intervals."""
    return GeneValue(phenotype=phenotype_of_score(gene, score), score=score)


def phenotype_of_score(gene: Gene, score: Score) -> str:
    """The phenotype id whose interval holds a score; Indeterminate where none does."""
    found = (key for key, one in gene.phenotypes.items() if one.scores is not None and one.scores.holds(score.value))
    return next(found, INDETERMINATE)


def _by_genotype(library: Library, gene: Gene, text: str, sex: Sex | None) -> Interpretation:
    found = interpret_genotype(gene, text, sex, patient=True)
    if found.values or found.genotype is not None:
        return found
    named = read_phenotype(library, gene, text)
    return found if named is None else _from_phenotype(gene, named)


def _by_report(library: Library, gene: Gene, result: GeneResult) -> Interpretation:
    """The laboratory's own score or phenotype."""
    if result.reported_score is not None and gene.method == "activity_score":
        return _from_score_text(gene, result.reported_score)
    if result.reported_phenotype is None:
        return Interpretation(gene.id, (), None, None, gap="the result holds neither a genotype nor a phenotype")
    if gene.method == "allele_presence":
        return replace(interpret_genotype(gene, result.reported_phenotype), basis=Basis.REPORTED)
    phenotype = read_phenotype(library, gene, result.reported_phenotype)
    if phenotype is None:
        gap = f"the laboratory's words “{result.reported_phenotype[:80]}” are on no list of {gene.id} phenotypes"
        return Interpretation(gene.id, (), None, None, gap=gap)
    return _from_phenotype(gene, phenotype)


def _from_score_text(gene: Gene, text: str) -> Interpretation:
    score = Score.parse(text)
    if score is not None:
        value = value_of_score(gene, score)
        return Interpretation(gene.id, (value,), _term(gene, value.phenotype), str(score), basis=Basis.REPORTED)
    if text.strip().lower() == NOT_AVAILABLE:
        value = GeneValue(phenotype=INDETERMINATE)
        return Interpretation(gene.id, (value,), _term(gene, INDETERMINATE), NOT_AVAILABLE, basis=Basis.REPORTED)
    return Interpretation(gene.id, (), None, None, gap=f"“{text[:40]}” is no activity score")


def _from_phenotype(gene: Gene, phenotype: Phenotype) -> Interpretation:
    """A phenotype without a score may be any of the scores inside it."""
    scores = attainable_scores(gene, phenotype)
    values = tuple(GeneValue(phenotype.id, score) for score in scores) or (GeneValue(phenotype.id),)
    score = str(scores[0]) if len(scores) == 1 else None
    return Interpretation(gene.id, values, phenotype.term, score, basis=Basis.REPORTED)


def _ambiguous(gene: Gene, genotype: Genotype) -> Interpretation:
    """Every genotype that an ambiguous call allows; one term only where all lead to it."""
    each = [_of_genotype(gene, option) for option in genotype.possible]
    values = tuple(dict.fromkeys(value for one in each for value in one.values))
    terms, scores = {one.phenotype for one in each}, {one.score for one in each}
    return Interpretation(
        gene.id,
        values,
        terms.pop() if len(terms) == 1 else None,
        scores.pop() if len(scores) == 1 else None,
        basis=Basis.GENOTYPE,
        genotype=genotype,
        gap="the call is ambiguous: " + " or ".join(option.canonical for option in genotype.possible),
        notes=genotype.notes,
    )


def _of_genotype(gene: Gene, genotype: Genotype) -> Interpretation:
    if gene.method == "allele_presence":
        return _of_presence(gene, genotype)
    alleles = genotype.alleles
    functions = tuple(_function_words(gene, strand) for strand in genotype.strands)
    found = Interpretation(
        gene.id, (), None, None, functions, Basis.GENOTYPE, genotype, notes=_all_notes(gene, genotype)
    )
    if gene.method == "unassigned":
        gap = f"no phenotype is assigned to {gene.id} genotypes; the genotype itself is read"
        return replace(found, values=(GeneValue(alleles=alleles),), gap=gap)
    if genotype.unknown:
        score = NOT_AVAILABLE if gene.method == "activity_score" else None
        gap = "no function is known for " + ", ".join(genotype.unknown)
        value = GeneValue(INDETERMINATE, alleles=alleles)
        return replace(found, values=(value,), phenotype=_term(gene, INDETERMINATE), score=score, gap=gap)
    if gene.method == "activity_score":
        return _of_scores(gene, genotype, found)
    phenotype = _of_functions(gene, genotype)
    if phenotype is None:
        gap = f"the table of {gene.id} phenotypes has no entry for {genotype.canonical}"
        value = GeneValue(INDETERMINATE, alleles=alleles)
        return replace(found, values=(value,), phenotype=_term(gene, INDETERMINATE), gap=gap)
    return replace(found, values=(GeneValue(phenotype.id, alleles=alleles),), phenotype=phenotype.term)


def _of_scores(gene: Gene, genotype: Genotype, found: Interpretation) -> Interpretation:
    strands = [_strand_score(gene, strand) for strand in genotype.strands]
    known = [score for score in strands if score is not None]
    if gene.lowest_function and len(strands) > 2:
        strands = list(sorted(known, key=lambda score: score.value)[:2]) if len(known) == len(strands) else [None]
    total = sum_scores(str(score) if score is not None else None for score in strands)
    alleles = genotype.alleles
    if total is None:
        value = GeneValue(INDETERMINATE, alleles=alleles)
        return replace(found, values=(value,), phenotype=_term(gene, INDETERMINATE), score=NOT_AVAILABLE)
    value = replace(value_of_score(gene, total), alleles=alleles)
    return replace(found, values=(value,), phenotype=_term(gene, value.phenotype), score=str(total))


def _strand_score(gene: Gene, strand: tuple[str, ...]) -> Score | None:
    """A strand's value: of several variants the lowest, of a tandem the sum of its parts."""
    scores = [Score.parse(gene.alleles[name].value or "") if name in gene.alleles else None for name in strand]
    known = [score for score in scores if score is not None]
    if len(known) != len(scores):
        return None
    if len(known) == 1 or gene.lowest_function:
        return min(known, key=lambda score: score.value)
    if not any("x" in name for name in gene.alleles):
        return None
    return sum_scores(str(score) for score in known)


def _of_functions(gene: Gene, genotype: Genotype) -> Phenotype | None:
    strands = [tuple(gene.alleles[name].function for name in strand) for strand in genotype.strands]
    worst = [_worst(gene, functions) for functions in strands]
    if any(function is None for function in worst):
        return None
    functions = [function for function in worst if function is not None]
    if len(functions) == 1:
        return next((one for one in gene.phenotypes.values() if functions[0] in one.singles), None)
    if len(functions) > 2:
        functions = sorted(functions, key=list(gene.functions).index)[:2]
    return phenotype_of_pair(gene, functions[0], functions[1])


def _worst(gene: Gene, functions: Iterable[str]) -> str | None:
    """Of several variants on a strand the one whose function stands first in the gene's file."""
    listed = tuple(functions)
    if len(listed) == 1:
        return listed[0]
    takes_worst = gene.lowest_function or gene.method == "single_allele"
    return min(listed, key=list(gene.functions).index) if takes_worst else None


def phenotype_of_pair(gene: Gene, first: str, second: str) -> Phenotype | None:
    """The phenotype of an unordered pair of functions; an exact pair wins over one with `any`."""
    wanted = {(first, second), (second, first)}
    for phenotype in gene.phenotypes.values():
        if wanted & set(phenotype.pairs):
            return phenotype
    loose = {(first, ANY), (second, ANY), (ANY, first), (ANY, second)}
    return next((one for one in gene.phenotypes.values() if loose & set(one.pairs)), None)


def _of_presence(gene: Gene, genotype: Genotype) -> Interpretation:
    """Each risk allele by itself; an ambiguous one may be either."""
    known = [(name, status) for name, status in genotype.presence if status in (Presence.POSITIVE, Presence.NEGATIVE)]
    known.sort(key=lambda one: one[1] is not Presence.POSITIVE)
    term = "; ".join(f"{name} {status}" for name, status in known) or None
    unsure = [name for name, status in genotype.presence if status is Presence.AMBIGUOUS]
    gap = f"the typing leaves {', '.join(unsure)} open" if unsure else None
    values = (GeneValue(presence=genotype.presence, alleles=genotype.alleles),)
    return Interpretation(
        gene.id, values, term, None, basis=Basis.GENOTYPE, genotype=genotype, gap=gap, notes=genotype.notes
    )


def _function_words(gene: Gene, strand: tuple[str, ...]) -> str:
    words = [
        gene.functions.get(gene.alleles[name].function, gene.alleles[name].function)
        if name in gene.alleles
        else "unknown allele"
        for name in strand
    ]
    return " + ".join(words)


def _all_notes(gene: Gene, genotype: Genotype) -> tuple[str, ...]:
    """The genotype's notes, and the diplotype that an unphased call does not exclude."""
    notes = list(genotype.notes)
    names = sorted(genotype.canonical.split("/"))
    for called, other in gene.unphased:
        if sorted(called.split("/")) == names:
            notes.append(f"unless it was phased, {genotype.canonical} cannot be told from {other}")
    tandems = [" + ".join(strand) for strand in genotype.strands if len(strand) > 1]
    if gene.method == "activity_score" and not gene.lowest_function:
        notes += [f"{tandem} is valued as the sum of its parts" for tandem in tandems]
    return tuple(notes)


def _term(gene: Gene, phenotype: str | None) -> str:
    """CPIC's term of a phenotype id; a gene without its own Indeterminate row uses CPIC's general word."""
    found = gene.phenotypes.get(phenotype or "")
    return found.term if found is not None else "Indeterminate"
