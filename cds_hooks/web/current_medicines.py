"""On patient-view nobody has ordered anything: only what the genes on file say about a current medicine is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from knowledge.drug_answer import DrugAnswer
from knowledge.facts import Answer
from knowledge.findings import Finding

_TOLD = ("not_fetched", "no_row")


def keep_acting(answers: Iterable[DrugAnswer]) -> tuple[DrugAnswer, ...]:
    """The answers with a finding that asks for a change because of a result on file, and those whose results could not
    be fetched or are not answered by the content, which must not look like results that ask for nothing; no proposals
    to test."""
    return tuple(
        replace(answer, pretest=None)
        for answer in answers
        if any(_acts_on_result(one) for one in answer.findings) or any(gap.kind in _TOLD for gap in answer.gaps)
    )


def _acts_on_result(finding: Finding) -> bool:
    return finding.acts and any(gene.answer is Answer.READ for gene in finding.genes)
