"""Why a card came or did not: one line a row that answered, or the reason for silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cards.markdown import one_line
from cards.withholding import hide_withheld
from knowledge.drug_answer import DrugAnswer
from knowledge.findings import Finding, GeneState


def explain(answers: Sequence[DrugAnswer]) -> tuple[str, ...]:
    """Lines for a reader who asks why, drug by drug; the same for the first page and for `pgx-cds try --why`.

    Of what consent withholds they say no more than the card does.
    """
    if not answers:
        return ("no drug was ordered or selected: nothing to evaluate",)
    return tuple(one_line(line) for answer in answers for line in _explain_drug(hide_withheld(answer)))


def _explain_drug(answer: DrugAnswer) -> Iterator[str]:
    where = f" ({answer.order.order_id})" if answer.order.order_id else ""
    head = f"{answer.drug.name}{where}"
    if answer.silence is not None:
        yield f"{head}: silent, {answer.silence}"
    elif not (answer.findings or answer.offers or answer.pretest):
        yield f"{head}: silent, nothing to say that rests on what may be used"
    for finding in answer.findings:
        yield f"{head}: {_explain_finding(finding)}"
    for offer in answer.offers:
        verdict = "holds" if offer.holds else "dropped"
        reasons = f": {'; '.join(offer.reasons)}" if offer.reasons else ""
        yield f"{head}: alternative {offer.name} {verdict}{reasons}"
    if answer.pretest is not None:
        yield f"{head}: a test of {', '.join(answer.pretest.genes)} is {answer.pretest.priority} before this drug"


def _explain_finding(finding: Finding) -> str:
    genes = "; ".join(_explain_gene(gene) for gene in finding.genes)
    said = f"{'row' if finding.names_row else 'advice of'} {finding.id}, strength {finding.strength}"
    said = said if finding.body else "no row"
    parts = [said, f"population {finding.population}" + (" (assumed)" if finding.assumed else ""), genes]
    parts += [f"switched off by the site: {finding.switched_off}"] if finding.switched_off else []
    parts += [f"gap: {gap.text}" for gap in finding.gaps]
    return ", ".join(part for part in parts if part)


def _explain_gene(gene: GeneState) -> str:
    if gene.phenotype is None:
        return f"{gene.gene} {gene.answer.replace('_', ' ')}"
    score = f", score {gene.score}" if gene.score else ""
    converted = f" (genotype says {gene.genotype_says}, because of {', '.join(gene.because)})" if gene.because else ""
    return f"{gene.called}: {gene.phenotype}{score}{converted}"
