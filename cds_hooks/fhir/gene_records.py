"""Gene results of one patient -> one GeneRecord a gene, with the five answers kept apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cds_hooks.fhir.gene_results import read_results
from cds_hooks.fhir.record import Fetched, Json
from cds_hooks.fhir.resource_status import newest_first
from cds_hooks.fhir.statement_results import ANY_GENE
from cds_hooks.fhir.unwrapping import collect
from cds_hooks.fhir.validation import state_problems
from knowledge.facts import Answer, GeneRecord, GeneResult
from knowledge.library import Library


@dataclass(frozen=True)
class GeneRecords:
    """The record's answer on every gene: by gene where there is a result, and for all the others."""

    genes: Mapping[str, GeneRecord] = field(default_factory=dict)
    answer: Answer = Answer.NONE_ON_FILE
    reason: str | None = None


def read_gene_records(fetched: Fetched, patient_id: str, library: Library) -> GeneRecords:
    """The answers of what was obtained. Withheld results are not even looked at."""
    if fetched.answer is Answer.WITHHELD:
        return GeneRecords(answer=Answer.WITHHELD, reason=fetched.reason)
    results = read_results(fetched.resources, library, patient_id)
    by_gene: dict[str, list[GeneResult]] = defaultdict(list)
    for result in results:
        by_gene[result.gene].append(result)
    nameless = by_gene.pop(ANY_GENE, [])
    incomplete = fetched.reason or "not all results could be fetched" if fetched.answer is Answer.NOT_FETCHED else None
    genes = {gene: _record(gene, listed, incomplete) for gene, listed in by_gene.items()}
    answer, reason = _answer_for_others(fetched, nameless, incomplete)
    return GeneRecords(genes, answer, reason)


def note_invalid(records: GeneRecords, resources: Iterable[object], genes: Iterable[str], release: str) -> GeneRecords:
    """Validate the resources of the results on these genes, and note on each result what is wrong with its own."""
    wanted = set(genes) & set(records.genes)
    read = [
        one for gene in wanted for one in records.genes[gene].results if one.answer is Answer.READ and one.result_id
    ]
    if not read:
        return records
    sources = {one.reference: one.resource for one in collect(resources).found if one.reference}
    problems = {str(one.result_id): _problem(sources.get(str(one.result_id)), release) for one in read}
    noted = dict(records.genes)
    for gene in wanted:
        results = tuple(_with_note(one, problems.get(one.result_id or "")) for one in noted[gene].results)
        noted[gene] = replace(noted[gene], results=results)
    return replace(records, genes=noted)


def _record(gene: str, listed: Sequence[GeneResult], incomplete: str | None) -> GeneRecord:
    """Newest first. A result that was read answers; else what could not be fetched outranks what could not be read."""
    results = tuple(sorted(listed, key=lambda one: newest_first(one.date), reverse=True))
    answers = {one.answer for one in results}
    if Answer.READ in answers:
        return GeneRecord(gene, Answer.READ, results, incomplete)
    if incomplete is not None or Answer.NOT_FETCHED in answers:
        return GeneRecord(gene, Answer.NOT_FETCHED, results, incomplete)
    return GeneRecord(gene, Answer.UNREADABLE, results)


def _answer_for_others(
    fetched: Fetched, nameless: Sequence[GeneResult], incomplete: str | None
) -> tuple[Answer, str | None]:
    """The answer for the genes without a result of their own. "None on file" only where nothing speaks against it."""
    reasons = tuple(dict.fromkeys(one.reason for one in nameless if one.reason))
    if incomplete is not None:
        return Answer.NOT_FETCHED, incomplete
    if any(one.answer is Answer.NOT_FETCHED for one in nameless):
        return Answer.NOT_FETCHED, "; ".join(reasons)
    if nameless:
        return Answer.UNREADABLE, "; ".join(reasons)
    if fetched.answer is Answer.UNREADABLE:
        return Answer.UNREADABLE, fetched.reason
    return Answer.NONE_ON_FILE, None


def _problem(resource: Json | None, release: str) -> str | None:
    return None if resource is None else state_problems(resource, release)


def _with_note(result: GeneResult, problem: str | None) -> GeneResult:
    return result if problem is None else replace(result, notes=(*result.notes, problem))
