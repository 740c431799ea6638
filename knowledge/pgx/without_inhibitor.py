"""What the genotype alone would call for: it counts again as soon as the inhibitor that hides it is stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from knowledge.findings import Finding, Indicator, say_stopped
from knowledge.pgx.gene_answer import GeneAnswer

_GRAVITY = (Indicator.INFO, Indicator.WARNING, Indicator.CRITICAL)


def take_away(answers: Mapping[str, GeneAnswer], genes: Sequence[str]) -> Mapping[str, GeneAnswer] | None:
    """The answers as without inhibitors; None where none of the genes is inhibited."""
    if not any(answers[gene].by_genotype for gene in genes):
        return None
    return {gene: answer.by_genotype or answer for gene, answer in answers.items()}


def set_beside(alone: Sequence[Finding], converted: Sequence[Finding]) -> list[Finding]:
    """The rows under inhibition, each with those that the genotype alone would lead to; of these the graver ones stand
    beside them as well, on the condition that the inhibitor is stopped."""
    known = {one.id for one in converted}
    other = [one for one in alone if one.id not in known]
    kept = [replace(one, by_genotype=tuple(_of(one, other))) for one in converted]
    because = dict.fromkeys(name for one in converted for gene in one.genes for name in gene.because)
    hidden_by = tuple(name.split(" (")[0] for name in because)
    return kept + [_once_stopped(one, hidden_by) for one in other if _is_graver(one, _of(one, converted))]


def _once_stopped(finding: Finding, hidden_by: tuple[str, ...]) -> Finding:
    """The row on the condition that the inhibitors are stopped. That comes first, and the row's own condition in
    brackets: it may be an "or" of several, none of which holds by itself."""
    stopped = say_stopped(hidden_by)
    condition = f"{stopped} and ({finding.condition})" if finding.condition else stopped
    return replace(finding, hidden_by=hidden_by, condition=condition, besides=finding.condition)


def _of(finding: Finding, others: Sequence[Finding]) -> list[Finding]:
    return [one for one in others if one.population == finding.population]


def _is_graver(alone: Finding, converted: Sequence[Finding]) -> bool:
    """By its indicator, or because it alone says to avoid the drug."""
    own, now = _weigh(alone), max((_weigh(one) for one in converted), default=0)
    avoids = _avoids(alone) and not any(_avoids(one) for one in converted)
    return own > now or (own == now and avoids)


def _weigh(finding: Finding) -> int:
    return _GRAVITY.index(finding.indicator) + 1 if finding.acts else 0


def _avoids(finding: Finding) -> bool:
    return any(action.kind == "avoid" for action in finding.actions)
