"""What a draft comes to a day, in the unit of an amount that a row names; none where it cannot be told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from cards.markdown import capital, clean
from cards.phrases import amount_words, plain
from knowledge.drug_answer import DrugAnswer
from knowledge.facts import DoseLine
from knowledge.findings import Action, Amount, Finding

_PER_DAY = "day"
_PER_KG = "/kg"
_SHOWN = Decimal("0.01")


def sum_daily(answer: DrugAnswer, amount: Amount, values: Sequence[Decimal] = ()) -> Decimal | None:
    """All doses of the draft, or the values in their place, and of every other draft of the drug, a day and in the
    amount's unit: per kg by the weight on file; None where one of them cannot be counted. Doses that follow one another
    are summed as well, which errs on the side of the higher dose."""
    sums = [_sum_own(answer, amount, values), *_sum_others(answer, amount)]
    known = [one for one in sums if one is not None]
    return sum(known, Decimal(0)) if len(known) == len(sums) else None


def _sum_own(answer: DrugAnswer, amount: Amount, values: Sequence[Decimal] = ()) -> Decimal | None:
    lines = answer.order.doses
    return _sum(lines, values or [line.value for line in lines], amount, answer.weight_kg)


def _sum_others(answer: DrugAnswer, amount: Amount) -> list[Decimal | None]:
    """Each other draft by itself; None where its numbers do not tell all of it, or tell of a combination product."""
    return [
        _sum(one.doses, [line.value for line in one.doses], amount, answer.weight_kg)
        if len(one.ingredients) == 1 and one.every_dosage_read
        else None
        for one in answer.other_drafts
    ]


def _sum(
    lines: Sequence[DoseLine], values: Sequence[Decimal], amount: Amount, weight: Decimal | None
) -> Decimal | None:
    if amount.per != _PER_DAY or not lines:
        return None
    shares = [_share(line, value, amount.unit, weight) for line, value in zip(lines, values, strict=True)]
    known = [share for share in shares if share is not None]
    return sum(known, Decimal(0)) if len(known) == len(shares) else None


def is_within(limit: Action, daily: Decimal) -> bool:
    """Whether a daily dose keeps a limit."""
    if limit.amount is None:
        return False
    return daily < limit.amount.value if limit.degree == "below" else daily <= limit.amount.value


def reaches(answer: DrugAnswer, action: Action) -> bool:
    """Whether the draft reaches a dose from which on the change is asked for; a change without such a dose is asked for
    of every draft, one that cannot be held against it of none."""
    daily = [(sum_daily(answer, bound), bound) for bound in action.bounds]
    return not daily or any(one is not None and one >= bound.value for one, bound in daily)


def describe_draft(answer: DrugAnswer, finding: Finding) -> str | None:
    """The draft's dose in words, together with the other drafts of the drug, where it is above a limit of the row, or
    below the dose from which on a change is asked for; that it could not be told for want of a weight, or of what
    another draft comes to; None where there is nothing to say."""
    for limit in (action for action in finding.actions if action.kind == "limit" and action.amount):
        daily = _told(answer, limit.amount) if limit.amount else None
        if limit.amount and daily is not None and not is_within(limit, daily):
            return f"{_subject(answer, limit.amount)} {_words(answer, limit.amount, daily)}."
    for bound, daily in _unreached(answer, finding):
        return f"{_subject(answer, bound)} {_words(answer, bound, daily)}, less than {amount_words(bound)}."
    amounts = [one for action in finding.actions for one in (action.amount, *action.bounds) if one is not None]
    if not answer.order.doses:
        return None
    if answer.weight_kg is None and any(one.unit.endswith(_PER_KG) for one in amounts):
        return "The draft could not be held against this: the weight is not known."
    if any(one.per == _PER_DAY and None in _sum_others(answer, one) for one in amounts):
        return "The draft could not be held against this: what another draft of the drug comes to could not be told."
    return None


def _told(answer: DrugAnswer, amount: Amount) -> Decimal | None:
    """The sum of all drafts, or what can be told of it, so that a limit which one of them exceeds is not passed over
    on account of another one."""
    own = _sum_own(answer, amount)
    counted = [one for one in _sum_others(answer, amount) if one is not None]
    return None if own is None else sum(counted, own)


def _subject(answer: DrugAnswer, amount: Amount) -> str:
    others = _sum_others(answer, amount)
    counted = sum(one is not None for one in others)
    subject = f"the {counted + 1} drafts of the drug together come to" if counted else "the draft comes to"
    return f"Without another draft that could not be counted, {subject}" if counted < len(others) else capital(subject)


def describe_weight(answer: DrugAnswer, actions: Iterable[Action]) -> str | None:
    """The weight by which a draft was held against amounts per kg, with its day; None where there is no such amount."""
    amounts = [one for action in actions for one in (action.amount, *action.bounds) if one is not None]
    if answer.weight_kg is None or not any(one.unit.endswith(_PER_KG) for one in amounts):
        return None
    of = f"of {clean(answer.weighed_on[:10])}" if answer.weighed_on else "on file"
    return f"{plain(answer.weight_kg)} kg {of}"


def _unreached(answer: DrugAnswer, finding: Finding) -> Iterator[tuple[Amount, Decimal]]:
    for action in finding.actions:
        if reaches(answer, action):
            continue
        for bound in action.bounds:
            daily = sum_daily(answer, bound)
            if daily is not None:
                yield bound, daily


def _share(line: DoseLine, value: Decimal, unit: str, weight: Decimal | None) -> Decimal | None:
    if line.per_day is None or line.unit is None:
        return None
    if line.unit == unit:
        return value * line.per_day
    if unit == f"{line.unit}{_PER_KG}" and weight is not None and weight > 0:
        return value * line.per_day / weight
    return None


def _words(answer: DrugAnswer, amount: Amount, daily: Decimal) -> str:
    """ "24 mg per day (0.4 mg/kg at the 60 kg on file)"."""
    if answer.order.doses[0].unit == amount.unit or answer.weight_kg is None:
        return f"{plain(daily)} {clean(amount.unit)} per day"
    whole = daily * answer.weight_kg
    unit = amount.unit.removesuffix(_PER_KG)
    weight = describe_weight(answer, [Action("limit", amount=amount)])
    per_kg = f"{plain(daily.quantize(_SHOWN))} {clean(amount.unit)} at the {weight}"
    return f"{plain(whole.quantize(_SHOWN))} {clean(unit)} per day ({per_kg})"
