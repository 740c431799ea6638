"""Suggestions that can really be ordered: replace the drug, change the dose, order the missing test.

Nothing is invented: a replacement carries no dose, a new dose is computed from the draft's own numbers, and what the
draft lacks (an id to delete, a subject) leaves the suggestion out.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cards.card import Action, Suggestion
from cards.card_policy import CardPolicy
from cards.dose_changes import is_relative, propose_doses
from cards.markdown import clean
from cards.phrases import join, name_test
from knowledge.drug_answer import DrugAnswer, Offer, Pretest
from knowledge.facts import DrugOrder
from knowledge.findings import Finding, Indicator

LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
_COPIED = ("subject", "encounter", "requester", "authoredOn")

Proposal = tuple[str, tuple[Action, ...]]
"""A label and the actions that are applied together."""


@dataclass(frozen=True)
class _Replaced:
    """The draft that is to go, in words."""

    drug: str
    others: tuple[str, ...]
    """The other ingredients of a combination product, which go with it."""

    def describe(self, head: str, *further: str) -> str:
        """The head, and in brackets what is left to do and what else happens."""
        lost = [f"{join(self.others)} {'is' if len(self.others) == 1 else 'are'} no longer ordered"]
        return f"{head} ({'; '.join(['dose to be filled in', *further, *(lost if self.others else [])])})"


def make_suggestions(
    answer: DrugAnswer, shown: Sequence[Finding], policy: CardPolicy, new_id: Callable[[], str]
) -> tuple[Suggestion, ...]:
    """Every suggestion for one drug; the first replacement or dose is marked as recommended where the leading row
    asks for it. A medicine already taken gets none: nothing is drafted."""
    if answer.order.active:
        return ()
    # Of rows that are only possible, what all of them ask for.
    certain = [replace(one, actions=one.leading_actions) for one in shown if one.acts and one.certain]
    # What a row only informs of is for later, if the drug does not help: no draft replaces it now.
    urgent = [finding for finding in certain if finding.indicator is not Indicator.INFO]
    replacements = list(_replacements(answer, urgent, policy))
    # Where another drug is asked for on pain of serious harm, a number to click would speak for keeping this one.
    warned = any(finding.alternative and finding.indicator is Indicator.CRITICAL for finding in certain)
    warned = warned or any(_warns_on_condition(finding) for finding in shown)
    doses = list(propose_doses(answer, certain[0])) if certain and not warned else []
    recommended = _recommended(answer, certain, replacements, doses)
    return tuple(
        Suggestion(proposal[0], new_id(), proposal[1], is_recommended=proposal is recommended)
        for proposal in (*replacements, *doses, *_tests(answer))
    )


def _warns_on_condition(finding: Finding) -> bool:
    """Whether a row says, of what only the clinician can tell, to avoid the drug on pain of serious harm; what holds
    only once an inhibitor is stopped is not of today."""
    avoids = any(action.kind == "avoid" for action in finding.actions)
    return (
        finding.condition is not None and not finding.hidden_by and avoids and finding.indicator is Indicator.CRITICAL
    )


def _recommended(
    answer: DrugAnswer, certain: Sequence[Finding], replacements: Sequence[Proposal], doses: Sequence[Proposal]
) -> Proposal | None:
    """What the leading row asks for: where it says to avoid, the replacement that it names first, if nothing about it
    is left to check and nothing else is lost by it; or the one new dose where it asks for nothing but that dose, and
    the dose is the same whatever the draft was before."""
    if not certain:
        return None
    if any(action.kind == "avoid" for action in certain[0].actions):
        named = _named(certain[:1])
        first = next((one for one in answer.offers if one.key in named[:1]), None)
        if first is None or not _is_orderable(first) or first.reasons or len(answer.order.ingredients) > 1:
            return None
        return next((one for one in replacements if one[1][-1].type == "create"), None)
    changes = [action for action in certain[0].actions if action.kind in ("reduce", "increase")]
    unsure = certain[0].alternative or any(one.degree == "consider" or is_relative(one) for one in changes)
    return doses[0] if len(doses) == 1 and not unsure else None


def _named(findings: Sequence[Finding]) -> list[str]:
    """The alternatives that rows name, in their order."""
    return list(dict.fromkeys(name for one in findings for action in one.actions for name in action.drugs))


def _is_orderable(offer: Offer) -> bool:
    return offer.holds and not offer.is_class and offer.rxnorm is not None


def _replacements(answer: DrugAnswer, certain: Sequence[Finding], policy: CardPolicy) -> Iterator[Proposal]:
    """One suggestion an alternative that holds, by rank; for an EHR that takes one action a
    suggestion, the removal of the draft stands by itself."""
    order = answer.order
    if order.order_id is None or "subject" not in order.resource:
        return
    offers = {offer.key: offer for offer in answer.offers if _is_orderable(offer)}
    named = _named(certain)
    chosen = [offer for key, offer in offers.items() if key in named]
    if not chosen:
        return
    drug = clean(order.display) or answer.drug.name
    others = tuple(clean(one.name) for one in order.ingredients if one.name != answer.drug.name)
    replaced = _Replaced(drug, others)
    remove = Action("delete", f"Remove the draft of {drug}", resource_id=order.order_id)
    if policy.single_action_suggestions:
        yield remove.description, (remove,)
    for offer in chosen:
        yield _replace(order, offer, replaced, None if policy.single_action_suggestions else remove)


def _replace(order: DrugOrder, offer: Offer, replaced: _Replaced, remove: Action | None) -> Proposal:
    if remove is None:
        words = replaced.describe(f"Order {offer.name} in place of {replaced.drug}", "its draft is to be removed")
    else:
        words = replaced.describe(f"Replace {replaced.drug} by {offer.name}")
    create = Action("create", words, resource=_replacement(order, offer))
    return words, (create,) if remove is None else (remove, create)


def _replacement(order: DrugOrder, offer: Offer) -> dict[str, Any]:
    concept = {"coding": [{"system": RXNORM, "code": offer.rxnorm, "display": offer.name}], "text": offer.name}
    medicine = (
        {"medication": {"concept": concept}} if order.fhir_release == "R5" else {"medicationCodeableConcept": concept}
    )
    copied = {key: copy.deepcopy(order.resource[key]) for key in _COPIED if key in order.resource}
    return {"resourceType": "MedicationRequest", "status": "draft", "intent": "order"} | medicine | copied


def _tests(answer: DrugAnswer) -> Iterator[Proposal]:
    """The test that the drug's policy asks for: a genotype or what the content names in its place; and what answers
    where the genotype on file does not. No genotype is ordered again."""
    subject = answer.order.resource.get("subject")
    if not subject or not isinstance(subject, Mapping):
        return
    test = answer.pretest
    begun = test is not None and test.in_use
    ordered = [_ordered(test, gene) for gene in test.genes] if test is not None else []
    ordered += [_Ordered(name_test(gap.measure), name_test(gap.measure)) for gap in answer.gaps if gap.measure]
    for one in dict.fromkeys(ordered):
        yield _order_test(answer, one, subject, begun)


@dataclass(frozen=True)
class _Ordered:
    """A test in words: as it is asked for, and as the order names it."""

    asked: str
    text: str
    loinc: str | None = None


def _ordered(test: Pretest, gene: str) -> _Ordered:
    kind = test.kinds.get(gene)
    if kind is not None:
        return _Ordered(name_test(kind), name_test(kind))
    return _Ordered(f"{gene} genotyping", f"{gene} genotype", test.loinc.get(gene))


def _order_test(answer: DrugAnswer, ordered: _Ordered, subject: Mapping[str, Any], begun: bool) -> Proposal:
    words = f"Order {ordered.asked} {'for' if begun else 'before'} {answer.drug.name}"
    code: dict[str, Any] = {"text": ordered.text}
    if ordered.loinc is not None:
        code["coding"] = [{"system": LOINC, "code": ordered.loinc}]
    reason = {"text": f"{'Treatment' if begun else 'Before treatment'} with {answer.drug.name}"}
    newer = answer.order.fhir_release == "R5"
    resource = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "code": {"concept": code} if newer else code,
        "subject": copy.deepcopy(dict(subject)),
        ("reason" if newer else "reasonCode"): [{"concept": reason}] if newer else [reason],
    }
    return words, (Action("create", words, resource=resource),)
