"""One gene of a drug's table: every result on file interpreted, put together, and converted by inhibitors.

All results are kept; results that lead to different values are said to disagree and all their values stay possible.
Nothing is averaged, and the newest does not win silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from knowledge.facts import Answer, DrugUse, GeneRecord, GeneResult, Ingredient, PatientFacts, Sex
from knowledge.findings import Basis, Gap, GeneState
from knowledge.gene import Gene
from knowledge.library import INDETERMINATE, Library
from knowledge.pgx.genotype import Presence
from knowledge.pgx.phenoconversion import Conversion, convert, convert_any
from knowledge.pgx.phenotype import GeneValue, Interpretation, interpret

_GAP_KINDS = {
    Answer.NONE_ON_FILE: "no_result",
    Answer.UNREADABLE: "unreadable",
    Answer.WITHHELD: "withheld",
    Answer.NOT_FETCHED: "not_fetched",
}
_GAP_WORDS = {
    Answer.NONE_ON_FILE: "no {gene} result is on file",
    Answer.UNREADABLE: "the {gene} result on file could not be read",
    Answer.WITHHELD: "{gene} results may not be used",
    Answer.NOT_FETCHED: "{gene} results could not be fetched",
}
_ALLELE_GAP_WORDS = {
    Answer.NONE_ON_FILE: "the {gene} results on file say nothing about {allele}",
    Answer.UNREADABLE: "the {gene} results that were read say nothing about {allele}, others could not be read",
    Answer.WITHHELD: "the {gene} results that may be used say nothing about {allele}",
    Answer.NOT_FETCHED: "the {gene} results that came say nothing about {allele}, others may not have been fetched",
}

MOST_NAMED = 10
"""References and dates of results that a gene's state names."""


@dataclass(frozen=True)
class GeneAnswer:
    """What a table can ask one gene with. No values: the gene counts as without a result, and `gap` says why."""

    gene: str
    values: tuple[GeneValue, ...]
    state: GeneState
    rest: GeneRecord
    """What the record answers beyond the results that gave the values: whether there may be more."""
    gap: Gap | None = None
    disagreement: Gap | None = None
    """Set where several results lead to different values."""
    by_genotype: GeneAnswer | None = None
    """The answer as without inhibitors; None where nothing was converted."""


@dataclass(frozen=True)
class _Read:
    result: GeneResult
    meaning: Interpretation


def answer_gene(
    library: Library, symbol: str, facts: PatientFacts, medicines: Sequence[DrugUse], drug: Ingredient
) -> GeneAnswer:
    """The answer of the record on one gene, for one drug."""
    gene, record = library.genes[symbol], facts.gene(symbol)
    read = _interpret_each(library, gene, record.results, facts.sex)
    usable = [one for one in read if one.meaning.values]
    if not usable:
        answer = _without_value(gene, record, read)
        any_genotype = convert_any(library, gene, medicines, drug)
        unknown = answer.state.answer is Answer.NONE_ON_FILE
        return _for_any_genotype(gene, answer, any_genotype) if unknown and any_genotype else answer
    values = _merge_values(gene, usable)
    conversion = convert(library, gene, values, medicines, drug, facts.ended)
    state = _state(gene, usable, values)
    state = replace(state, notes=(*state.notes, *_set_aside(record), *conversion.named))
    rest = _answer_on_rest(facts, record, unclear=len(read) > len(usable))
    alone = GeneAnswer(symbol, values, state, rest, disagreement=_disagreement(gene, usable))
    if not conversion.because:
        return alone
    acting = _converted(gene, state, conversion.values, conversion.because)
    return replace(alone, values=conversion.values, state=acting, by_genotype=alone)


def _interpret_each(library: Library, gene: Gene, results: Iterable[GeneResult], sex: Sex | None) -> list[_Read]:
    """Every readable result with its meaning; results that say the same are interpreted once."""
    known: dict[tuple[object, ...], Interpretation] = {}
    read = []
    for one in results:
        if one.answer is not Answer.READ:
            continue
        said = (one.genotype, one.reported_phenotype, one.reported_score, one.notes)
        if said not in known:
            known[said] = interpret(library, gene, one, sex)
        read.append(_Read(one, known[said]))
    return read


def _set_aside(record: GeneRecord) -> tuple[str, ...]:
    """What of a gene's record could not be used beside the result that was read: said, never passed over."""
    unread = (one for one in record.results if one.answer is not Answer.READ)
    said = [f"another result on file could not be used: {one.reason or one.answer.replace('_', ' ')}" for one in unread]
    if record.answer is Answer.READ and record.reason:
        said.append(f"there may be more results: {record.reason}")
    return tuple(dict.fromkeys(said))


def _answer_on_rest(facts: PatientFacts, record: GeneRecord, unclear: bool) -> GeneRecord:
    """Whether there may be more on a gene than was read: as for a gene without any result, and by what is known of its
    own. What may not be used comes first: nothing is said of it; then what was not seen, then what was not understood.
    """
    answers = {facts.genes_answer, *(one.answer for one in record.results)}
    if Answer.WITHHELD in answers:
        return GeneRecord(record.gene, Answer.WITHHELD)
    if record.reason is not None or Answer.NOT_FETCHED in answers:
        return GeneRecord(record.gene, Answer.NOT_FETCHED, reason=record.reason or facts.genes_reason)
    if unclear or Answer.UNREADABLE in answers:
        return GeneRecord(record.gene, Answer.UNREADABLE, reason=facts.genes_reason)
    return GeneRecord(record.gene, Answer.NONE_ON_FILE)


def allele_gap(answer: GeneAnswer, allele: str) -> Gap:
    """The gap of an HLA gene whose results say nothing about one allele: no result only where there is no other."""
    rest = answer.rest
    text = _ALLELE_GAP_WORDS[rest.answer].format(gene=answer.gene, allele=allele)
    return Gap(_GAP_KINDS[rest.answer], text + (f": {rest.reason}" if rest.reason else ""), answer.gene)


def _without_value(gene: Gene, record: GeneRecord, read: Sequence[_Read]) -> GeneAnswer:
    answer = Answer.UNREADABLE if read or record.answer is Answer.READ else record.answer
    reasons = [record.reason, *(one.meaning.gap for one in read)]
    reasons += [one.reason for one in record.results if one.answer is not Answer.READ]
    reason = "; ".join(dict.fromkeys(reason for reason in reasons if reason))
    text = _GAP_WORDS[answer].format(gene=gene.id) + (f": {reason}" if reason else "")
    results = [one.result for one in read] or list(record.results)
    written = next((one.as_written or one.genotype for one in results if one.as_written or one.genotype), None)
    state = GeneState(
        gene.id, answer, diplotype=written, reported=_reported(results), result_ids=_ids(results), dates=_dates(results)
    )
    return GeneAnswer(gene.id, (), state, record, Gap(_GAP_KINDS[answer], text, gene.id))


def _for_any_genotype(gene: Gene, answer: GeneAnswer, conversion: Conversion) -> GeneAnswer:
    """The answer where an inhibitor makes every genotype act as one; that no result is on file stays a gap."""
    (value,) = conversion.values
    named = gene.phenotypes.get(value.phenotype or "")
    term = named.term if named is not None else None
    state = replace(
        answer.state, phenotype=term, score=str(value.score), basis=Basis.PHENOCONVERSION, because=conversion.because
    )
    return replace(answer, values=conversion.values, state=state)


def _merge_values(gene: Gene, usable: Sequence[_Read]) -> tuple[GeneValue, ...]:
    """All values of all results, equal ones once; HLA results on different alleles complete each other."""
    if gene.method == "allele_presence":
        return (_merge_presence([value for one in usable for value in one.meaning.values]),)
    distinct: dict[tuple[object, ...], GeneValue] = {}
    for one in usable:
        for value in one.meaning.values:
            distinct.setdefault((value.phenotype, value.score), value)
    return tuple(distinct.values())


def _merge_presence(values: Sequence[GeneValue]) -> GeneValue:
    merged: dict[str, Presence] = {}
    for value in values:
        for allele, status in value.presence:
            merged[allele] = _both(merged.get(allele, Presence.UNKNOWN), status)
    alleles = frozenset(name for value in values for name in value.alleles or ())
    return GeneValue(presence=tuple(merged.items()), alleles=alleles)


def _both(first: Presence, second: Presence) -> Presence:
    known = {status for status in (first, second) if status is not Presence.UNKNOWN}
    if not known:
        return Presence.UNKNOWN
    return known.pop() if len(known) == 1 else Presence.AMBIGUOUS


def _state(gene: Gene, usable: Sequence[_Read], values: Sequence[GeneValue]) -> GeneState:
    meanings = [one.meaning for one in usable]
    terms = list(dict.fromkeys(one.phenotype for one in meanings if one.phenotype))
    scores = list(dict.fromkeys(one.score for one in meanings if one.score))
    written = list(dict.fromkeys(one.result.as_written or one.result.genotype for one in usable))
    basis = Basis.GENOTYPE if any(one.basis is Basis.GENOTYPE for one in meanings) else Basis.REPORTED
    results = [one.result for one in usable]
    notes = [note for one in meanings for note in one.notes] + [one.gap for one in meanings if one.gap]
    notes += ["the result is preliminary" for one in results if one.preliminary]
    if len(results) > MOST_NAMED:
        notes.append(f"{len(results)} results are on file, the newest {MOST_NAMED} are named")
    open_by = any(value.phenotype == INDETERMINATE for value in values)
    return GeneState(
        gene.id,
        Answer.READ,
        diplotype=" | ".join(text for text in written if text) or None,
        phenotype=_terms(gene, terms, values),
        score=" or ".join(scores) or None,
        basis=basis,
        reported=_reported(results),
        result_ids=_ids(results),
        dates=_dates(results),
        notes=tuple(dict.fromkeys(notes)),
        indeterminate=_say_indeterminate(usable) if open_by else None,
    )


def _say_indeterminate(usable: Sequence[_Read]) -> str:
    """Which allele or which words of the results tell no phenotype."""
    open_ones = (one for one in usable if any(value.phenotype == INDETERMINATE for value in one.meaning.values))
    return "; ".join(dict.fromkeys(_why_indeterminate(one) for one in open_ones))


def _why_indeterminate(one: _Read) -> str:
    meaning, result = one.meaning, one.result
    if meaning.gap is not None:
        return meaning.gap
    if meaning.functions:
        return f"{result.as_written or result.genotype} means {' and '.join(meaning.functions)}"
    return result.reported_phenotype or f"its activity score is {meaning.score}"


def _terms(gene: Gene, terms: Sequence[str], values: Sequence[GeneValue]) -> str | None:
    if gene.method != "allele_presence":
        return " or ".join(terms) or None
    known = [(name, status) for value in values for name, status in value.presence if status is not Presence.UNKNOWN]
    known.sort(key=lambda one: one[1] is not Presence.POSITIVE)
    return "; ".join(f"{name} {status}" for name, status in known) or None


def _converted(gene: Gene, state: GeneState, values: Sequence[GeneValue], because: tuple[str, ...]) -> GeneState:
    terms = dict.fromkeys(one.term for value in values if (one := gene.phenotypes.get(value.phenotype or "")))
    scores = dict.fromkeys(str(value.score) for value in values if value.score is not None)
    return replace(
        state,
        phenotype=" or ".join(terms) or state.phenotype,
        score=" or ".join(scores) or None,
        basis=Basis.PHENOCONVERSION,
        genotype_says=state.phenotype,
        score_before=state.score,
        because=because,
    )


def _disagreement(gene: Gene, usable: Sequence[_Read]) -> Gap | None:
    """Results that mean different things, each shown as written."""
    if gene.method == "allele_presence":
        merged = _merge_presence([value for one in usable for value in one.meaning.values])
        clash = [
            name
            for name, status in merged.presence
            if status is Presence.AMBIGUOUS
            and not any((name, Presence.AMBIGUOUS) in v.presence for one in usable for v in one.meaning.values)
        ]
        return Gap("results_disagree", f"{gene.id} results disagree on {', '.join(clash)}", gene.id) if clash else None
    meant = {frozenset((value.phenotype, value.score) for value in one.meaning.values) for one in usable}
    if len(meant) < 2 or _nested(meant):
        return None
    each = "; ".join(dict.fromkeys(_describe(one) for one in usable))
    return Gap("results_disagree", f"{gene.id} results disagree: {each}", gene.id)


def _nested(meant: Iterable[frozenset[tuple[object, ...]]]) -> bool:
    """A phenotype without a score agrees with any score inside it."""
    ordered = sorted(meant, key=len)
    return all(ordered[0] <= one for one in ordered)


def _describe(one: _Read) -> str:
    result = one.result
    written = result.as_written or result.genotype or result.reported_phenotype or "?"
    return f"{written} ({one.meaning.phenotype or 'no phenotype'}{', ' + result.date if result.date else ''})"


def _reported(results: Iterable[GeneResult]) -> str | None:
    return " | ".join(dict.fromkeys(one.reported_phenotype for one in results if one.reported_phenotype)) or None


def _ids(results: Iterable[GeneResult]) -> tuple[str, ...]:
    """The first of the results' references, newest first: a card is read, not searched."""
    return tuple(islice(dict.fromkeys(one.result_id for one in results if one.result_id), MOST_NAMED))


def _dates(results: Iterable[GeneResult]) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(one.date for one in results if one.date), MOST_NAMED))
