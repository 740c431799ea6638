"""The test that a drug's policy asks for: where none is on file, and where the result on file does not answer it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from knowledge.drug_answer import Pretest
from knowledge.findings import Finding, Gap
from knowledge.library import PretestPolicy
from knowledge.pgx.population import choose_populations
from knowledge.pgx.recommend import Question

INDETERMINATE = "indeterminate"


def find_pretest(question: Question, findings: Sequence[Finding], *, in_use: bool) -> Pretest | None:
    """The test that the drug's policy asks for, when truly none is on file for its gene and its population may hold.

    `in_use`: whether the medication list shows the drug in use, beside the order.
    """
    wanted = _asked_for(question)
    if wanted is None:
        return None
    missing = {gap.gene for one in findings for gap in one.gaps if gap.kind == "no_result"}
    if wanted.unless_inhibited:
        missing -= {state.gene for one in findings for state in one.genes if state.because}
    genes = tuple(gene for gene in wanted.genes if gene in missing)
    if not genes:
        return None
    kinds = {gene: wanted.kinds[gene] for gene in genes if gene in wanted.kinds}
    codes = {gene: question.library.genes[gene].loinc.get("genotype", ()) for gene in genes if gene not in kinds}
    loinc = {gene: found[0] for gene, found in codes.items() if len(found) == 1}
    pretest = Pretest(
        genes, wanted.priority, wanted.note, loinc, source=wanted.source, kinds=kinds, of_whom=wanted.of_whom
    )
    if wanted.before is not None:
        return replace(pretest, before=wanted.before)
    return replace(pretest, in_use=in_use)


def mark_gaps(question: Question, findings: Sequence[Finding], pretest: Pretest | None) -> tuple[Finding, ...]:
    """The findings with their gaps as the drug's policy sees them: what a test would close is marked, and a result that
    tells no phenotype is a gap where the policy asks for that test."""
    asked = frozenset(pretest.genes if pretest else ())
    open_genes = _unanswered(question, findings)
    marked = []
    for finding in findings:
        gaps = [
            replace(gap, suggest_test=True) if gap.kind == "no_result" and gap.gene in asked else gap
            for gap in finding.gaps
        ]
        gaps += [open_genes[state.gene] for state in finding.genes if state.gene in open_genes]
        marked.append(replace(finding, gaps=tuple(gaps)))
    return tuple(marked)


def _asked_for(question: Question) -> PretestPolicy | None:
    wanted = question.drug.pretest
    if wanted is None or wanted.priority not in question.policy.pretest_priorities:
        return None
    return wanted if _population_may_hold(question, wanted.populations) else None


def _unanswered(question: Question, findings: Sequence[Finding]) -> dict[str, Gap]:
    """Gene -> the gap of a result that is on file and tells no phenotype; none where a row says what to do with it, or
    where results disagree, which is said of them already."""
    wanted = _asked_for(question)
    spoken = {one.genes[0].gene for one in findings if one.acts and len(one.genes) == 1}
    spoken |= {gap.gene for one in findings for gap in one.gaps if gap.kind == "results_disagree" and gap.gene}
    gaps = {}
    for state in (state for one in findings for state in one.genes):
        if wanted is None or state.gene not in wanted.genes or state.indeterminate is None or state.gene in spoken:
            continue
        text = f"the {state.gene} result on file tells no phenotype: {state.indeterminate}"
        measure = wanted.kinds.get(state.gene) or wanted.otherwise.get(state.gene)
        gaps[state.gene] = Gap(INDETERMINATE, text, state.gene, measure=measure)
    return gaps


def _population_may_hold(question: Question, populations: tuple[str, ...]) -> bool:
    if not populations:
        return True
    chosen = {
        one.id for table in question.drug.tables for one in choose_populations(question.drug, table, question.facts)
    }
    return bool(chosen & set(populations))
