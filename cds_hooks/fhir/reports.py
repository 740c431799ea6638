"""DiagnosticReports: what they conclude in codes, what they only hold as a document, and results that were not sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cds_hooks.fhir.codes import GENOMIC_REPORTS
from cds_hooks.fhir.coding import Concept, member, objects, read_concept, text_of
from cds_hooks.fhir.genotypes import read_genotype_value
from cds_hooks.fhir.observation import Observation
from cds_hooks.fhir.phenotypes import Words, read_words
from cds_hooks.fhir.resource_status import Status, read_status, result_date
from cds_hooks.fhir.somatic import is_somatic
from cds_hooks.fhir.statement_results import ANY_GENE, Placed
from cds_hooks.fhir.statements import Reading, Statement
from cds_hooks.fhir.subject import is_of_other
from cds_hooks.fhir.unwrapping import Candidates, Found
from knowledge.facts import Answer, GeneResult
from knowledge.gene import Gene

NOT_MACHINE_READABLE = "a result is on file as a document, not machine-readable"
FREE_TEXT = "a possible result is on file in free text, which needs to be confirmed"
NOT_SENT = "a report refers to results that could not be had"
_MAX_RESULTS = 2_000


@dataclass(frozen=True)
class Report:
    """A report, with what is known about the results that it lists."""

    found: Found
    status: Status
    genomic: bool
    answered: frozenset[str]
    """Genes that its results, or its codes, gave an answer on."""
    listed: int
    missing: tuple[str, ...]
    """Displays of the results that it lists and that were not sent."""


def read_reports(
    candidates: Candidates,
    placed: Sequence[Placed],
    statements: Sequence[Statement],
    reading: Reading,
    patient_id: str | None,
) -> list[Placed]:
    """What reports add to the results of Observations."""
    genes_of: dict[int, set[str]] = {}
    for one in statements:
        named = (one.named.gene,) if one.named.gene else one.named.concerned
        genes_of.setdefault(one.found.number, set()).update(gene for gene in named if gene)
    structured = frozenset(result.gene for _, result in placed)
    out: list[Placed] = []
    for found in candidates.of_kind("DiagnosticReport"):
        status = read_status(found.resource)
        if status.ignored or patient_id is not None and is_of_other(found, candidates, patient_id):
            continue
        concluded = list(_conclusions(found, status, reading))
        out += [(found.number, one) for one in concluded]
        known = structured | {one.gene for one in concluded}
        out += [
            (found.number, one)
            for one in _unread(_look_at(found, status, known, genes_of, candidates, reading), reading)
        ]
    return out


def _look_at(
    found: Found,
    status: Status,
    known: frozenset[str],
    genes_of: dict[int, set[str]],
    candidates: Candidates,
    reading: Reading,
) -> Report:
    resource = found.resource
    listed = objects(resource.get("result"))[:_MAX_RESULTS]
    targets = [(reference, candidates.resolve(reference, found)) for reference in listed]
    own = frozenset(gene for _, target in targets if target for gene in genes_of.get(target.number, ()))
    of_tumour = any(target is not None and is_somatic(target.observation) for _, target in targets)
    missing = [] if of_tumour else [text_of(one.get("display")) or "" for one, target in targets if target is None]
    codes = [read_concept(one) for one in (*objects(resource.get("category")), resource.get("code"))]
    pairs = {pair for concept in codes for pair in concept.pairs}
    genomic = bool(pairs & GENOMIC_REPORTS) or bool(own) or bool(_genes_named(resource, reading))
    return Report(found, status, genomic, known | own, len(listed), tuple(missing))


def _conclusions(found: Found, status: Status, reading: Reading) -> Iterator[GeneResult]:
    """Coded conclusions: a code of the library that names its gene, or words with the gene in front."""
    for value in (read_concept(one) for one in objects(found.resource.get("conclusionCode"))):
        for gene in _genes_concluded(value, reading):
            yield _concluded(found, status, gene, value, reading)


def _genes_concluded(value: Concept, reading: Reading) -> tuple[Gene, ...]:
    library = reading.library
    answers = (library.answer_codes.get((system or "", code or "")) for system, code in value.pairs)
    owners = {answer[0] for answer in answers if answer is not None and answer[0]}
    heads = {gene for name in value.names if (gene := reading.index.symbol_at_head(name))}
    return tuple(library.genes[gene] for gene in sorted(owners | heads) if gene in library.genes)


def _concluded(found: Found, status: Status, gene: Gene, value: Concept, reading: Reading) -> GeneResult:
    words = read_words(value, gene, reading.library) or Words(value.label() or "")
    spelled = {"valueCodeableConcept": {"coding": [{"display": name} for name in value.names]}}
    genotype = read_genotype_value(gene, Observation(spelled))
    if words.phenotype is None and genotype.genotype is None or words.problem or status.problem:
        reason = words.problem or status.problem or f"its conclusion “{words.written[:60]}” cannot be read"
        return _result(found, gene.id, Answer.UNREADABLE, reason, status, words.written)
    return GeneResult(
        gene=gene.id,
        answer=Answer.READ,
        genotype=genotype.genotype,
        reported_phenotype=words.written if words.phenotype else None,
        as_written=genotype.written if genotype.genotype else None,
        result_id=found.reference,
        date=result_date(found.resource),
        preliminary=status.preliminary,
        notes=("read from the report's coded conclusion",),
    )


def _unread(report: Report, reading: Reading) -> Iterator[GeneResult]:
    """What the report says is there, and no reader could use."""
    if not report.genomic:
        return
    resource, answered = report.found.resource, report.answered
    named = _genes_named(resource, reading)
    if report.missing:
        yield from _for_genes(report, _named_in(report.missing, reading) or named, Answer.NOT_FETCHED, NOT_SENT)
        return
    if _has_document(resource):
        if named - answered or not report.listed and not answered:
            yield from _for_genes(report, named, Answer.UNREADABLE, NOT_MACHINE_READABLE)
    else:
        for gene in sorted(_named_in([text_of(resource.get("conclusion")) or ""], reading) - answered):
            yield _result(report.found, gene, Answer.UNREADABLE, FREE_TEXT, report.status)


def _for_genes(report: Report, named: frozenset[str], answer: Answer, reason: str) -> Iterator[GeneResult]:
    """One result for each gene that is named and not answered otherwise; for all genes where none is named."""
    if not named:
        yield _result(report.found, ANY_GENE, answer, reason, report.status)
    for gene in sorted(named - report.answered):
        yield _result(report.found, gene, answer, reason, report.status)


def _genes_named(resource: object, reading: Reading) -> frozenset[str]:
    """The genes that code, conclusion, document titles and the displays of results name."""
    texts = [*read_concept(member(resource, "code")).names, text_of(member(resource, "conclusion"))]
    texts += [text_of(one.get("title")) for one in objects(member(resource, "presentedForm"))]
    return _named_in([text for text in texts if text], reading)


def _named_in(texts: Sequence[str], reading: Reading) -> frozenset[str]:
    return frozenset(gene for text in texts for gene in reading.index.symbols_in(text))


def _has_document(resource: object) -> bool:
    return any(one.get("data") or one.get("url") for one in objects(member(resource, "presentedForm")))


def _result(
    found: Found, gene: str, answer: Answer, reason: str, status: Status, written: str | None = None
) -> GeneResult:
    return GeneResult(
        gene=gene,
        answer=answer,
        as_written=written,
        reason=reason,
        result_id=found.reference,
        date=result_date(found.resource),
        preliminary=status.preliminary,
    )
