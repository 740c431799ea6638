"""Gene results of one patient -> one GeneRecord a gene, with the five answers kept apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from cds_hooks.fhir.gene_results import read_results
from cds_hooks.fhir.record import Fetched
from cds_hooks.fhir.resource_status import newest_first
from cds_hooks.fhir.statement_results import ANY_GENE
from cds_hooks.fhir.subject import is_of_other
from cds_hooks.fhir.unwrapping import Candidates, collect
from cds_hooks.fhir.validation import state_problems
from knowledge.facts import Answer, GeneRecord, GeneResult
from knowledge.library import Library

_MOST_VALIDATED = 50
"""Results whose resources are validated; nobody has more that decide, but for a record that is not to be trusted."""
_CUT = "there are more results on file than are looked at"
_OTHERS = "results that came name another patient and were not used"


@dataclass(frozen=True)
class GeneRecords:
    """The record's answer on every gene: by gene where there is a result, and for all the others."""

    genes: Mapping[str, GeneRecord] = field(default_factory=dict)
    answer: Answer = Answer.NONE_ON_FILE
    reason: str | None = None


def read_gene_records(
    fetched: Fetched, patient_id: str, library: Library, deciding: Collection[str] = (), release: str = "R4"
) -> GeneRecords:
    """The answers of what was obtained. Of a withheld topic only what was released is left to be read.

    The resources behind results on the `deciding` genes are validated, and what is wrong with one is noted on its
    results.
    """
    candidates = collect(fetched.resources)
    if candidates.cut and fetched.answer is Answer.READ:
        fetched = replace(fetched, answer=Answer.NOT_FETCHED, reason=_CUT)
    results = _note_invalid(read_results(candidates, library, patient_id), candidates, deciding, release)
    by_gene: dict[str, list[GeneResult]] = defaultdict(list)
    for result in results:
        by_gene[result.gene].append(result)
    nameless = by_gene.pop(ANY_GENE, [])
    if fetched.answer is Answer.WITHHELD:
        return _withheld(by_gene, fetched.reason)
    incomplete = fetched.reason or "not all results could be fetched" if fetched.answer is Answer.NOT_FETCHED else None
    genes = {gene: _record(gene, listed, incomplete) for gene, listed in by_gene.items()}
    answer, reason = _answer_for_others(fetched, nameless, incomplete)
    if answer is Answer.NONE_ON_FILE and _holds_others(candidates, patient_id):
        return GeneRecords(genes, Answer.NOT_FETCHED, _OTHERS)
    return GeneRecords(genes, answer, reason)


def _holds_others(candidates: Candidates, patient_id: str) -> bool:
    """Whether results came that name another patient, as after a merge of records: used they are not, and whether
    there are none of this patient cannot be told."""
    kinds = ("Observation", "DiagnosticReport")
    found = (one for one in candidates.found if one.resource.get("resourceType") in kinds)
    return any(is_of_other(one, candidates, patient_id) for one in found)


def _withheld(by_gene: Mapping[str, Sequence[GeneResult]], reason: str | None) -> GeneRecords:
    """What was released is answered, without a word on what was not; a released report's missing results are withheld
    like all the rest."""
    came = {gene: [one for one in listed if one.answer is not Answer.NOT_FETCHED] for gene, listed in by_gene.items()}
    genes = {gene: _record(gene, listed, None) for gene, listed in came.items() if listed}
    return GeneRecords(genes, Answer.WITHHELD, reason)


def _note_invalid(
    results: Sequence[GeneResult], candidates: Candidates, deciding: Collection[str], release: str
) -> list[GeneResult]:
    wanted = {one.result_id for one in results if one.gene in deciding and one.answer is Answer.READ} - {None}
    if not wanted:
        return list(results)
    found = ((one.reference, one.resource) for one in candidates.found if one.reference in wanted)
    resources = dict(islice(found, _MOST_VALIDATED))
    problems = {reference: state_problems(resource, release) for reference, resource in resources.items()}
    return [_with_note(one, problems.get(one.result_id)) for one in results]


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


def _with_note(result: GeneResult, problem: str | None) -> GeneResult:
    return result if problem is None else replace(result, notes=(*result.notes, problem))
