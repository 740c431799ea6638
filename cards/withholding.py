"""What consent withholds leaves no trace: answers without a word on it, and the one neutral line that a site may allow.

The answer "withheld" itself stays what it is, in `knowledge` and in the audit. A card that named the gene, the reason
or even the gap would tell that there is something to hide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from knowledge.facts import Answer
from knowledge.findings import Action, DrugAnswer, Finding

KIND = "withheld"
SUMMARY = "Not everything on file may be used for this check"
LINE = "Not everything on file may be used for this check, for reasons of consent. Nothing is said here on what it is."


def is_withheld(answer: DrugAnswer) -> bool:
    """Whether something that the drug's guidance asks for may not be used."""
    return any(gap.kind == KIND for gap in answer.gaps)


def hide_withheld(answer: DrugAnswer) -> DrugAnswer:
    """The answer as if the genes whose results may not be used were no part of the drug's guidance."""
    if not is_withheld(answer):
        return answer
    hidden = frozenset(gap.gene for gap in answer.gaps if gap.kind == KIND and gap.gene is not None)
    findings = (_without(finding, hidden) for finding in answer.findings)
    return replace(
        answer,
        findings=tuple(one for one in findings if one is not None),
        gaps=tuple(gap for gap in answer.gaps if gap.kind != KIND),
    )


def _without(finding: Finding, hidden: frozenset[str]) -> Finding | None:
    gaps = tuple(gap for gap in finding.gaps if gap.kind != KIND)
    actions = _untested(finding.actions, hidden)
    if finding.body is None and not gaps or finding.actions and not actions:
        return None
    return replace(
        finding,
        genes=tuple(gene for gene in finding.genes if gene.answer is not Answer.WITHHELD),
        gaps=gaps,
        actions=actions,
        # An estimate that was not computed says what it lacks.
        estimates=tuple(one for one in finding.estimates if one.amount is not None),
    )


def _untested(actions: Sequence[Action], hidden: frozenset[str]) -> tuple[Action, ...]:
    """The actions without tests of what is on file, or may be, and must not be spoken of."""
    kept = (
        replace(one, what=tuple(key for key in one.what if key not in hidden)) if one.kind == "test" else one
        for one in actions
    )
    return tuple(one for one in kept if one.kind != "test" or one.what)
