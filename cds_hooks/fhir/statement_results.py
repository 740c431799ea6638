"""One statement -> its gene results: read, or unreadable with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cds_hooks.fhir.genotypes import spells_alleles
from cds_hooks.fhir.phenotypes import Words
from cds_hooks.fhir.statements import Statement
from knowledge.facts import Answer, GeneResult

ANY_GENE = "?"
"""The gene of a result that is on file and does not say which gene it is of."""

Placed = tuple[int, GeneResult]
"""A result and its place in the document."""


def results_of(one: Statement, linked: Sequence[Words] = (), notes: Sequence[str] = ()) -> Iterator[Placed]:
    """The results of a called statement, `linked` being the implications that were drawn from it."""
    if one.named.gene is None:
        yield from _refused(one)
        return
    for gene in one.named.left_over:
        reason = f"the laboratory lists {gene} in a result of {one.named.gene} and gives nothing readable for it"
        yield one.found.number, unreadable(one, gene, reason)
    words = tuple(dict.fromkeys((*one.words, *linked)))
    all_notes = (*((one.named.note,) if one.named.note else ()), *notes)
    yield one.found.number, _answer(one, one.named.gene, words, all_notes)


def read_result(
    one: Statement, gene: str, genotype: str | None, phenotype: str | None, written: str | None, notes: tuple[str, ...]
) -> GeneResult:
    """A result that was read."""
    return GeneResult(
        gene=gene,
        answer=Answer.READ,
        genotype=genotype,
        reported_phenotype=phenotype,
        reported_score=one.score,
        as_written=written,
        result_id=one.found.reference,
        date=one.date,
        preliminary=one.status.preliminary,
        notes=notes,
    )


def unreadable(
    one: Statement, gene: str, reason: str, reported: str | None = None, written: str | None = None
) -> GeneResult:
    """A result that is on file and cannot be used; `reported` and `written` are for showing only."""
    return GeneResult(
        gene=gene,
        answer=Answer.UNREADABLE,
        reported_phenotype=reported,
        as_written=written or one.value.written,
        reason=reason,
        result_id=one.found.reference,
        date=one.date,
        preliminary=one.status.preliminary,
    )


def shown_words(words: Sequence[Words]) -> str | None:
    """The laboratory's words for the card: those that are a phenotype of the gene, else all."""
    chosen = [one.written for one in words if one.phenotype] or [one.written for one in words]
    return "; ".join(dict.fromkeys(chosen)) or None


def _refused(one: Statement) -> Iterator[Placed]:
    """The gene is in doubt: nothing is assigned, and every gene that it may be about is told why."""
    if one.named.problem is None:
        yield one.found.number, unreadable(one, ANY_GENE, "a result is on file that does not say which gene it is of")
    for gene in one.named.concerned:
        yield one.found.number, unreadable(one, gene, str(one.named.problem))


def _answer(one: Statement, gene: str, words: tuple[Words, ...], notes: tuple[str, ...]) -> GeneResult:
    value, reported = one.value, shown_words(words)
    if one.status.problem:
        return unreadable(one, gene, one.status.problem, reported)
    if value.genotype is not None:
        return read_result(one, gene, value.genotype, reported, value.written, notes)
    problem = next((word.problem for word in words if word.problem), None)
    phenotypes = {word.phenotype for word in words if word.phenotype}
    if problem or len(phenotypes) > 1:
        return unreadable(one, gene, problem or f"the laboratory's phenotypes disagree ({reported})", reported)
    if phenotypes:
        literal = value.written if value.written and spells_alleles(value.written) else None
        if literal and value.reason:
            notes = (*notes, f"the genotype was not read: {value.reason}")
        return read_result(one, gene, None, reported, literal, notes)
    if one.score is not None:
        return read_result(one, gene, None, None, value.written, notes)
    return unreadable(one, gene, _why_not(gene, value.reason, value.written, words), reported)


def _why_not(gene: str, reason: str | None, written: str | None, words: tuple[Words, ...]) -> str:
    if words and not written:
        return f"the words “{words[0].written[:60]}” are on no list of {gene} phenotypes"
    return reason or "it holds no value"
