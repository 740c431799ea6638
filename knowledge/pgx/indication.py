"""Alternatives and what they are meant for: one whose indication is not on file is to be checked first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from knowledge.drug_answer import Offer
from knowledge.facts import Answer
from knowledge.pgx.recommend import Question


def ask_indication(question: Question, offers: Iterable[Offer]) -> tuple[Offer, ...]:
    """The offers in their rank; one that nothing on file speaks for says so, and comes after those that something
    speaks for."""
    asked = [_ask(question, offer) for offer in offers]
    return tuple(sorted(asked, key=lambda offer: (not offer.holds, bool(offer.reasons))))


def _ask(question: Question, offer: Offer) -> Offer:
    declared = question.drug.alternatives.get(offer.key)
    wanted = declared.meant_for if declared is not None else ()
    if not offer.holds or not wanted or question.facts.conditions & set(wanted):
        return offer
    known = question.library.conditions
    meant = " or ".join(known[name].label if name in known else name for name in wanted)
    asked = question.facts.conditions_answer in (Answer.READ, Answer.NONE_ON_FILE)
    found = "which is not on file" if asked else "and the problem list could not be obtained"
    return replace(offer, reasons=(f"meant for {meant}, {found}", *offer.reasons))
