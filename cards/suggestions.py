"""Suggestions that can really be ordered: replace the drug, change the dose, order the missing test.

Nothing is invented: a replacement carries no dose, a new dose is computed from the draft's own numbers, and what the
draft lacks (an id to delete, a subject) leaves the suggestion out.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cards.card import Action, Suggestion
from cards.card_policy import CardPolicy
from cards.markdown import clean
from cards.phrases import plain
from knowledge import findings
from knowledge.facts import DoseLine, DrugOrder
from knowledge.findings import DrugAnswer, Finding, Offer

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
_COPIED = ("subject", "encounter", "requester", "authoredOn")
_PER_DAY = "day"


@dataclass(frozen=True)
class _Change:
    """A new value for every dose of a draft, with its words."""

    words: str
    values: tuple[Decimal, ...]


def make_suggestions(
    answer: DrugAnswer, shown: Sequence[Finding], policy: CardPolicy, new_id: Callable[[], str]
) -> tuple[Suggestion, ...]:
    """Every suggestion for one drug; the first one is marked as recommended where the leading row asks for it."""
    certain = [finding for finding in shown if finding.acts and not finding.possible and finding.condition is None]
    made: list[tuple[str, tuple[Action, ...]]] = []
    if not answer.order.active:
        made += _replacements(answer, certain, policy)
        made += _dose_changes(answer.order, certain[:1])
    made += _tests(answer)
    recommended = _recommended(answer, certain, [actions[-1].type for _, actions in made])
    return tuple(
        Suggestion(label, new_id(), actions, is_recommended=recommended and at == 0)
        for at, (label, actions) in enumerate(made)
    )


def _recommended(answer: DrugAnswer, certain: Sequence[Finding], types: Sequence[str]) -> bool:
    """Whether the first suggestion is what the leading row asks for: where it says to avoid, the replacement that it
    names first, if nothing about it is left to check; or the one new dose where it asks for nothing but that dose."""
    if not certain or not types:
        return False
    kinds = {action.kind for action in certain[0].actions}
    if "avoid" in kinds:
        named = [name for action in certain[0].actions for name in action.drugs]
        offer = next((one for one in answer.offers if one.key in named[:1]), None)
        return types[0] == "create" and offer is not None and not offer.is_class and not offer.reasons
    considered = any(action.degree == "consider" for action in certain[0].actions)
    return types.count("update") == 1 and not certain[0].alternative and not considered


def _replacements(
    answer: DrugAnswer, certain: Sequence[Finding], policy: CardPolicy
) -> Iterator[tuple[str, tuple[Action, ...]]]:
    order = answer.order
    offered = {name for finding in certain for action in finding.actions for name in action.drugs}
    if order.order_id is None or "subject" not in order.resource:
        return
    for offer in answer.offers:
        if offer.key not in offered or not offer.holds or offer.is_class or offer.rxnorm is None:
            continue
        drug = clean(order.display) or answer.drug.name
        words = f"Replace {drug} by {offer.name} (dose to be filled in)"
        create = Action("create", words, resource=_replacement(order, offer))
        remove = Action("delete", f"Remove the draft of {drug}", resource_id=order.order_id)
        yield words, (create,) if policy.single_action_suggestions else (remove, create)


def _replacement(order: DrugOrder, offer: Offer) -> dict[str, Any]:
    concept = {"coding": [{"system": RXNORM, "code": offer.rxnorm, "display": offer.name}], "text": offer.name}
    medicine = (
        {"medication": {"concept": concept}} if order.fhir_release == "R5" else {"medicationCodeableConcept": concept}
    )
    copied = {key: copy.deepcopy(order.resource[key]) for key in _COPIED if key in order.resource}
    return {"resourceType": "MedicationRequest", "status": "draft", "intent": "order"} | medicine | copied


def _dose_changes(order: DrugOrder, certain: Sequence[Finding]) -> Iterator[tuple[str, tuple[Action, ...]]]:
    if not order.doses or order.order_id is None:
        return
    for finding in certain:
        # Where another drug is asked for on pain of serious harm, a number to click would speak for keeping this one.
        if finding.alternative and finding.indicator is findings.Indicator.CRITICAL:
            continue
        for action in finding.actions:
            if not _is_for_this_draft(action):
                continue
            for change in _changes(action, order.doses):
                kept = " (if it is kept)" if finding.alternative else ""
                words = f"Change the dose of {finding.drug.name} {change.words}{kept}"
                yield words, (Action("update", words, resource=_changed(order, change)),)


def _is_for_this_draft(action: findings.Action) -> bool:
    """Only a change with a number, of the dose that is being ordered: not of a later one, no mere bound, and no share
    of a dose that the body only asks to think of, as the draft may already be a lower first step."""
    if action.kind not in ("reduce", "increase") or action.of in ("maintenance", "calculated"):
        return False
    if action.degree == "consider":
        return action.of == "start" and action.amount is not None
    return action.degree != "at_least"


def _changes(action: findings.Action, doses: Sequence[DoseLine]) -> Iterator[_Change]:
    if action.amount is not None:
        yield from _to_amount(action, doses)
        return
    sign = Decimal(-1) if action.kind == "reduce" else Decimal(1)
    factors = [Decimal(1) + sign * percent / 100 for percent in action.percent]
    if action.factor is not None:
        factors.append(action.factor)
    for factor in factors:
        if factor > 0:
            yield _Change(_from_to(doses, factor), tuple(line.value * factor for line in doses))


def _to_amount(action: findings.Action, doses: Sequence[DoseLine]) -> Iterator[_Change]:
    """An absolute daily amount: only for one dose line whose unit is the same and whose times a day are known."""
    amount = action.amount
    if amount is None or len(doses) != 1 or amount.per != _PER_DAY:
        return
    line = doses[0]
    if line.unit != amount.unit or line.per_day is None:
        return
    each = amount.value / line.per_day
    if each == line.value:
        return
    yield _Change(f"from {plain(line.value)} {line.unit} to {plain(each)} {line.unit}", (each,))


def _from_to(doses: Sequence[DoseLine], factor: Decimal) -> str:
    each = [f"{plain(line.value)} to {plain(line.value * factor)} {line.unit or ''}".strip() for line in doses]
    return "from " + ", ".join(clean(one) for one in dict.fromkeys(each))


def _changed(order: DrugOrder, change: _Change) -> dict[str, Any]:
    """The whole draft with new values; a dosage text that named the old dose is left out."""
    resource = copy.deepcopy(dict(order.resource))
    for line, value in zip(order.doses, change.values, strict=True):
        quantity = _at(resource, line.path)
        quantity["value"] = int(value) if value == value.to_integral_value() else float(value)
        dosage = _at(resource, line.path[:2])
        dosage.pop("text", None)
        dosage.pop("patientInstruction", None)
    return resource


def _at(resource: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        resource = resource[step]
    return resource


def _tests(answer: DrugAnswer) -> Iterator[tuple[str, tuple[Action, ...]]]:
    subject = answer.order.resource.get("subject")
    if answer.pretest is None or not subject:
        return
    for gene in answer.pretest.genes:
        words = f"Order {gene} genotyping before {answer.drug.name}"
        yield words, (Action("create", words, resource=_test_order(answer, gene, subject)),)


def _test_order(answer: DrugAnswer, gene: str, subject: Mapping[str, Any]) -> dict[str, Any]:
    code = {"text": f"{gene} genotype"}
    reason = {"text": f"Before treatment with {answer.drug.name}"}
    newer = answer.order.fhir_release == "R5"
    return {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "code": {"concept": code} if newer else code,
        "subject": copy.deepcopy(dict(subject)),
        ("reason" if newer else "reasonCode"): [{"concept": reason}] if newer else [reason],
    }
