"""What consent withholds leaves no trace: answers without a word on it, and the one neutral line that a site may allow.

The answer "withheld" itself stays what it is in `knowledge`. A card that named the gene, the reason, the gap, or the
row for patients without a result would tell that there is something to hide; the audit has no more of a card than the
card itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from cards.phrases import tested_gene
from knowledge.drug_answer import DrugAnswer
from knowledge.facts import Answer
from knowledge.findings import Action, Finding, Gap

KIND = "withheld"
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
SUMMARY = "Not everything on file may be used for this check"
LINE = "Not everything on file may be used for this check, for reasons of consent. Nothing is said here on what it is."


def is_withheld(answer: DrugAnswer) -> bool:
    """Whether something that the drug's guidance asks for may not be used."""
    return any(gap.kind == KIND for gap in answer.gaps)


def hide_withheld(answer: DrugAnswer) -> DrugAnswer:
    """The answer as if the genes whose results may not be used were no part of the drug's guidance."""
    if not is_withheld(answer):
        return answer
    hidden = _hidden(answer.gaps)
    naming = frozenset(offer.key for offer in answer.offers if _names(offer.name, hidden))
    findings = (_without(finding, hidden, naming) for finding in answer.findings)
    return replace(
        answer,
        findings=tuple(one for one in findings if one is not None),
        gaps=tuple(gap for gap in answer.gaps if gap.kind != KIND),
        offers=tuple(offer for offer in answer.offers if offer.key not in naming),
    )


def _hidden(gaps: Iterable[Gap]) -> frozenset[str]:
    return frozenset(gap.gene for gap in gaps if gap.kind == KIND and gap.gene is not None)


def _names(text: str, genes: frozenset[str]) -> bool:
    return any(gene in text for gene in genes)


def _without(finding: Finding, hidden: frozenset[str], naming: frozenset[str]) -> Finding | None:
    """The finding without the genes that are hidden, and without the alternatives whose words name one; None where
    nothing is left that rests on another.

    Of an HLA gene one allele may be hidden here, and another one be what a different finding rests on.
    """
    here = _hidden(finding.gaps)
    unnamed = here | (hidden - {gene.gene for gene in finding.genes})
    kept = replace(
        finding,
        genes=tuple(gene for gene in finding.genes if gene.gene not in here),
        gaps=tuple(gap for gap in finding.gaps if gap.kind != KIND),
        actions=_without_tests(_without_offers(finding.actions, naming), unnamed),
        note=_without_sentences(finding.note, unnamed),
        # An estimate that was not computed says what it lacks.
        estimates=tuple(one for one in finding.estimates if one.amount is not None),
        by_genotype=tuple(
            row for row in (_without(one, hidden, naming) for one in finding.by_genotype) if row is not None
        ),
    )
    if finding.body is None and not kept.gaps or finding.actions and not kept.actions:
        return None
    if here.isdisjoint(finding.untested):
        return kept
    asked_for_test = _tests(kept) != _tests(finding)
    return _unnamed_row(kept) if _acts_on_the_rest(kept, asked_for_test) else None


def _tests(finding: Finding) -> list[Action]:
    return [action for action in finding.actions if action.kind == "test"]


def _acts_on_the_rest(kept: Finding, asked_for_test: bool) -> bool:
    """Whether a row that was reached for want of the hidden gene changes something because of another one.

    That nothing need be done was said of patients without a result; so was, beside a test, that they be watched.
    """
    changes = kept.dose_change or kept.alternative if asked_for_test else True
    return kept.acts and changes and any(gene.answer is Answer.READ for gene in kept.genes)


def _unnamed_row(finding: Finding) -> Finding:
    """The finding under its table's id: the row's own tells which gene is without a result."""
    return replace(finding, id=finding.id.rsplit("/", 1)[0])


def _without_offers(actions: Iterable[Action], keys: frozenset[str]) -> tuple[Action, ...]:
    """The actions without alternatives that a hidden gene would decide on ("X, once CYP2D6 is known to be normal")."""
    left = (replace(one, drugs=tuple(key for key in one.drugs if key not in keys)) for one in actions)
    return tuple(one for one in left if one.kind != "offer" or one.drugs)


def _without_tests(actions: Iterable[Action], hidden: frozenset[str]) -> tuple[Action, ...]:
    """The actions without tests, by genotype or assay, of what is on file, or may be, and must not be spoken of."""
    kept = (
        replace(one, what=tuple(key for key in one.what if tested_gene(key) not in hidden))
        if one.kind == "test"
        else one
        for one in actions
    )
    return tuple(one for one in kept if one.kind != "test" or one.what)


def _without_sentences(note: str | None, hidden: frozenset[str]) -> str | None:
    """The note without the sentences that name a hidden gene."""
    kept = [one for one in _SENTENCE_ENDS.split(note or "") if not _names(one, hidden)]
    return " ".join(kept) or None
