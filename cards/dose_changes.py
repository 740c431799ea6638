"""New doses for a draft, computed from its own numbers; none where a number would have to be invented or guessed."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cards.card import Action
from cards.daily_dose import describe_weight, is_within, reaches, sum_daily
from cards.markdown import clean
from cards.phrases import load_words, plain
from knowledge import findings
from knowledge.drug_answer import DrugAnswer
from knowledge.facts import DoseLine, DrugOrder
from knowledge.findings import Amount, Finding

_PER_DAY = "day"
_TOLD_IN_DOSAGE = (
    "additionalInstruction",
    "additionalInstructions",
    "patientInstruction",
    "maxDosePerPeriod",
    "maxDosePerAdministration",
    "maxDosePerLifetime",
    "rateRatio",
    "rateRange",
    "rateQuantity",
)
"""Members of a dosage, in any release of FHIR, that may speak of its dose and would be left standing beside a new one.
"""
_RENDERED = ("text", "renderedDosageInstruction")
"""Members of an order that only repeat it in words."""


@dataclass(frozen=True)
class _Change:
    """A new value for every dose of a draft, with its words."""

    words: str
    values: tuple[Decimal, ...]


def propose_doses(answer: DrugAnswer, finding: Finding) -> Iterator[tuple[str, tuple[Action, ...]]]:
    """Label and update of the whole draft for each dose that the row asks for: one, or the two ends of a range. What
    cannot be held against every limit of the row is not proposed."""
    order = answer.order
    if not _can_be_changed(order) or answer.other_drafts or _is_one_of_several(answer, finding):
        return  # which of several drafts is to change, or stands there twice, nobody but the prescriber knows
    limits = [action for action in finding.actions if action.kind == "limit"]
    for action in finding.actions:
        if not _is_for_this_draft(action) or not reaches(answer, action) or _may_be_done(answer, action):
            continue
        if action.kind == "increase" and _may_be_modulated(answer, finding):
            continue
        for change in _changes(action, order.doses):
            if all(_keeps(answer, limit, change.values) for limit in limits):
                words = f"Change the dose of {finding.drug.name} {change.words}{_said(answer, finding, action)}"
                yield words, (Action("update", words, resource=_changed(order, change)),)


def is_relative(action: findings.Action) -> bool:
    """Whether a change is counted from the dose that stands there: done twice, it goes too far."""
    return action.amount is None


def _can_be_changed(order: DrugOrder) -> bool:
    """Whether all that the draft says of the dose is numbers, and they speak of one ingredient: a dosage without a
    number would stay as it is beside the changed ones, and half a combination product halves the other ingredient."""
    if order.order_id is None or len(order.ingredients) != 1 or not order.doses or order.resource.get("note"):
        return False
    instructions = order.resource.get(str(order.doses[0].path[0])) or ()
    told = order.every_dosage_read and not any(map(_tells_more, instructions))
    return told and all(line.value > 0 for line in order.doses)


def _tells_more(dosage: Mapping[str, Any]) -> bool:
    """Whether a dosage holds what may speak of the old dose, in words or as its highest amount or rate; what is meant
    for the patient's eyes is not thrown away unread either."""
    rates = dosage.get("doseAndRate") or ()
    holders = (dosage, *rates) if isinstance(rates, (list, tuple)) else (dosage,)
    return any(holder.get(name) for holder in holders for name in _TOLD_IN_DOSAGE if isinstance(holder, Mapping))


def _is_for_this_draft(action: findings.Action) -> bool:
    """Only a change with a number, of the dose that is being ordered: not of a later one, no mere bound, and no share
    of a dose that the body only asks to think of, as the draft may already be a lower first step."""
    if action.kind not in ("reduce", "increase") or action.of in ("maintenance", "maximum", "calculated"):
        return False
    if action.days_a_week is not None or action.by_hand:
        return False  # the draft's days would stay as they are, or the number says too little
    if action.degree == "consider":
        return action.of == "start" and action.amount is not None
    return action.degree not in ("at_least", "more_than")


def _may_be_done(answer: DrugAnswer, action: findings.Action) -> bool:
    """Whether the drug is in use or may be, so that its first dose was given, and the next one may have been changed
    already."""
    return answer.in_use is not False and (action.of == "start" or is_relative(action))


def _is_one_of_several(answer: DrugAnswer, finding: Finding) -> bool:
    """Whether the same body changes the dose on account of other genes as well: neither row counts the other's."""
    genes = {one.gene for one in finding.genes}
    return any(
        one.body == finding.body and one.acts and one.dose_change and {gene.gene for gene in one.genes} != genes
        for one in answer.findings
    )


def _may_be_modulated(answer: DrugAnswer, finding: Finding) -> bool:
    """Whether an inhibitor or inducer of a gene that the row asks about is among the medicines, or may be: more of the
    drug on top of an inhibitor may be far too much, and for most of them no table says how much."""
    unknown = answer.in_use is None or any(gap.kind == "medications_unknown" for gap in finding.gaps)
    return unknown or any(gene.modulators or gene.because for gene in finding.genes)


def _said(answer: DrugAnswer, finding: Finding, action: findings.Action) -> str:
    """The weight that was counted with, and what has to be true of the draft: the service cannot tell whether its dose
    was changed before."""
    weight = describe_weight(answer, finding.actions)
    aside = [*(["if it is kept"] if finding.alternative else []), *([f"at the {weight}"] if weight else [])]
    if is_relative(action):
        done = "reduced" if action.kind == "reduce" else "raised"
        aside.append(f"only if the draft is the full standard dose, not one already {done}")
    return f" ({'; '.join(aside)})" if aside else ""


def _changes(action: findings.Action, doses: Sequence[DoseLine]) -> Sequence[_Change]:
    """Every change that the action means, or none of them: one end of a range alone would say something else."""
    if action.amount is not None:
        return _to_amount(action, action.amount, doses)
    sign = Decimal(-1) if action.kind == "reduce" else Decimal(1)
    factors = [Decimal(1) + sign * percent / 100 for percent in action.percent]
    if action.factor is not None:
        factors.append(action.factor)
    each = [tuple(line.value * factor for line in doses) for factor in factors]
    if not all(_can_be_given(line, value) for values in each for line, value in zip(doses, values, strict=True)):
        return ()
    return [_Change(_from_to(doses, values), values) for values in each]


def _to_amount(action: findings.Action, amount: Amount, doses: Sequence[DoseLine]) -> Sequence[_Change]:
    """An absolute daily amount: only for one dose line whose unit is the same and whose times a day are known, where
    it divides evenly, and where the draft is not already on the right side of it."""
    line = doses[0]
    if len(doses) != 1 or amount.per != _PER_DAY or line.unit != amount.unit or not line.per_day:
        return ()
    each = amount.value / line.per_day
    wanted = each < line.value if action.kind == "reduce" else each > line.value
    if not wanted or each * line.per_day != amount.value or not _can_be_given(line, each):
        return ()
    return (_Change(_from_to(doses, (each,)), (each,)),)


def _can_be_given(line: DoseLine, value: Decimal) -> bool:
    """Nobody can give nothing, and a share of a tablet or capsule is another strength: the prescriber's to choose."""
    return value > 0 and (not _is_counted(line.unit) or value == value.to_integral_value())


def _is_counted(unit: str | None) -> bool:
    """Whether a unit counts pieces: UCUM's braces hold pieces, and a number without a unit may mean them."""
    if unit is None or unit.startswith("{"):
        return True
    return unit.casefold().removesuffix("(s)").rstrip(".").removesuffix("s") in load_words()["counted"]


def _keeps(answer: DrugAnswer, limit: findings.Action, values: Sequence[Decimal]) -> bool:
    """Whether new doses surely stay within a limit."""
    daily = sum_daily(answer, limit.amount, values) if limit.amount is not None else None
    return daily is not None and is_within(limit, daily)


def _from_to(doses: Sequence[DoseLine], values: Sequence[Decimal]) -> str:
    each = (
        f"{plain(line.value)} to {plain(value)} {(line.unit or '').strip('{}')}".strip()
        for line, value in zip(doses, values, strict=True)
    )
    return "from " + ", ".join(clean(one) for one in dict.fromkeys(each))


def _changed(order: DrugOrder, change: _Change) -> dict[str, Any]:
    """The whole draft with new values; texts that are made of it and named the old dose are left out."""
    resource = {key: value for key, value in copy.deepcopy(dict(order.resource)).items() if key not in _RENDERED}
    for line, value in zip(order.doses, change.values, strict=True):
        quantity = _at(resource, line.path)
        quantity["value"] = int(value) if value == value.to_integral_value() else float(value)
        _at(resource, line.path[:2]).pop("text", None)
    return resource


def _at(resource: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        resource = resource[step]
    return resource
