"""One Consent and one question: it permits, denies, is undecidable, or says nothing on it.

The rules are those of docs/consent.md. Where a Consent can be read in two ways that differ, it is undecidable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from cds_hooks.consent.coverage import covers, covers_data, covers_use, inherit, is_for_asker, lies_within
from cds_hooks.consent.directive import DENY, PERMIT, Consent, Convention, Provision, Span
from cds_hooks.consent.question import Question
from cds_hooks.consent.truth import Truth

_EPISODE = timedelta(days=366)
"""The longest time that a window is taken for an episode withheld rather than for a term that is over."""


class Outcome(StrEnum):
    """What comes of asking."""

    PERMIT = "permit"
    DENY = "deny"
    UNDECIDABLE = "undecidable"


@dataclass(frozen=True)
class Verdict:
    """What one Consent says. No outcome: nothing on this question."""

    outcome: Outcome | None
    reason: str
    limits: tuple[object, ...] = ()
    """What the rule that decided is limited by; empty: by nothing."""


SILENT = None
_OVER = Verdict(SILENT, "its period is over or has not begun")
_ELSEWHERE = Verdict(SILENT, "it speaks of other data, purposes or persons")


def judge(consent: Consent, question: Question) -> Verdict:
    """What the Consent says on the question."""
    if consent.problem is not None:
        return Verdict(Outcome.UNDECIDABLE, consent.problem)
    if not _in_force(consent.period, question.asker.today):
        return _judge_over(consent, question.asker.today)
    verdict = _judge_rules(consent, question)
    meant = is_for_asker(consent.grantees, question, verdict.outcome is Outcome.PERMIT)
    if verdict.outcome is SILENT or meant:
        return verdict
    return _ELSEWHERE if meant is False else Verdict(Outcome.UNDECIDABLE, "it does not tell whom it is granted to")


def _judge_over(consent: Consent, today: date) -> Verdict:
    """Outside the Consent's period nothing in it holds; a provision that says that it does makes it doubtful."""
    provisions = [one for root in consent.roots for one in (root, *root.nested)]
    over = consent.period is not None and consent.period.last is not None and consent.period.last < today
    for own in (one.period for one in provisions if one.period is not None and _in_force(one.period, today)):
        if (own.last if over else own.first) is not None:
            return Verdict(Outcome.UNDECIDABLE, "its period is over or has not begun, that of a provision in it runs")
    return _OVER


def _judge_rules(consent: Consent, question: Question) -> Verdict:
    typed = consent.convention is not Convention.DECISION
    if typed and any(nested.type is None for root in consent.roots for nested in root.nested):
        return Verdict(Outcome.UNDECIDABLE, "a nested provision has no type")
    if consent.convention is Convention.ROOT:
        return _judge_root(consent.roots[0], question)
    if consent.base == PERMIT:
        return _gravest(_judge_under_permit(consent, question))
    return _mildest(_judge_under_deny(consent, question))


def _judge_root(root: Provision, question: Question) -> Verdict:
    """IHE PCF: the root provision is the rule, nested ones override it."""
    if not _in_force(root.period, question.asker.today):
        return _OVER
    found = _by_truth(str(root.type), covers(root, question, root.type == PERMIT), root)
    nested = [one for one in _judge_nested(root, question) if one.outcome is not SILENT]
    if not nested:
        return found
    for outcome in (Outcome.DENY, Outcome.UNDECIDABLE):
        for one in nested:
            if one.outcome is outcome:
                return one
    return nested[0]


def _judge_nested(root: Provision, question: Question) -> Iterator[Verdict]:
    for own in root.nested:
        whole = inherit(root, own)
        if not _in_force(own.period, question.asker.today):
            continue
        if own.type == DENY:
            yield _by_truth(DENY, covers(whole, question, permitting=False), whole)
            continue
        yield _judge_nested_permit(own, whole, question)


def _judge_nested_permit(own: Provision, whole: Provision, question: Question) -> Verdict:
    """A permit nested for these very data and for others than the asker keeps them from the asker."""
    data, use = covers_data(whole, question, True), covers_use(whole, question, True)
    if use is False and own.names_data and data is not False:
        kept = "it permits these data to others only" if data else "it may permit these data to others only"
        return Verdict(Outcome.DENY if data else Outcome.UNDECIDABLE, kept, whole.limits)
    return _by_truth(PERMIT, covers(whole, question, True), whole)


def _judge_under_permit(consent: Consent, question: Question) -> Iterator[Verdict]:
    """Opt-in (R4) or `decision` permit (R5): every provision may take something away; the gravest verdict holds."""
    yield Verdict(Outcome.PERMIT, "it permits in general")
    for root in consent.roots:
        yield from _judge_exception_to_permit(consent, root, question)


def _judge_exception_to_permit(consent: Consent, root: Provision, question: Question) -> Iterator[Verdict]:
    only_period = replace(root, period=None) == Provision()
    if only_period and root.period is not None and _is_episode(root.period, consent.given, question.asker.today):
        yield from _exception(lies_within(question.date, root.period), replace(root, data_period=root.period))
        return
    if not _in_force(root.period, question.asker.today):
        yield _OVER
        return
    if root.type == PERMIT:
        yield _judge_root(root, question)
        return
    if root.limits != Provision().limits or root.type == DENY:
        ambiguous = root.type is None and bool(root.purposes)
        said = "a provision without a type names purposes: it may grant or withhold them"
        if ambiguous:
            yield Verdict(Outcome.UNDECIDABLE, said)
        else:
            yield from _exception(covers(root, question, permitting=False), root)
    yield from _judge_under_exception(consent, root, question)


def _exception(truth: Truth, provision: Provision) -> Iterator[Verdict]:
    """What an exception takes away; one that is about something else takes away nothing."""
    if truth is not False:
        yield _by_truth(DENY, truth, provision)


def _judge_under_exception(consent: Consent, root: Provision, question: Question) -> Iterator[Verdict]:
    """What is nested in an exception: refusals hold; permits leave open whether nothing else is permitted."""
    if consent.convention is Convention.DECISION:
        if root.nested and covers(root, question, permitting=False) is not False:
            yield Verdict(Outcome.UNDECIDABLE, "an exception to an exception")
        return
    permits = [one for one in root.nested if one.type == PERMIT]
    found = list(_judge_nested(root, question))
    yield from (one for one in found if one.outcome in (Outcome.DENY, Outcome.UNDECIDABLE))
    if permits and not any(one.outcome is Outcome.PERMIT for one in found):
        yield Verdict(Outcome.UNDECIDABLE, "it may permit nothing but what its nested provisions list")


def _judge_under_deny(consent: Consent, question: Question) -> Iterator[Verdict]:
    """Opt-out (R4) or `decision` deny (R5): only a permit that plainly fits opens it."""
    yield Verdict(Outcome.DENY, "it denies in general")
    for root in consent.roots:
        if not _in_force(root.period, question.asker.today):
            continue
        if consent.convention is Convention.DECISION:
            yield _judge_exception_to_deny(root, question)
        elif root.type == PERMIT:
            yield _judge_root(root, question)
        else:
            found = [one for one in _judge_nested(root, question) if one.outcome is not SILENT]
            yield from found if all(one.outcome is not Outcome.DENY for one in found) else ()


def _judge_exception_to_deny(root: Provision, question: Question) -> Verdict:
    """R5: what is excepted from a refusal is permitted; it must name treatment, or it may only say what is refused."""
    truth = covers(root, question, permitting=True)
    if truth is False:
        return _ELSEWHERE
    if truth is None or not root.purposes or root.nested:
        return Verdict(Outcome.UNDECIDABLE, "it denies, and may except this")
    return Verdict(Outcome.PERMIT, "it excepts this from its refusal", root.limits)


def _by_truth(kind: str, truth: Truth, provision: Provision) -> Verdict:
    if truth is False:
        return _ELSEWHERE
    if truth is None:
        return Verdict(Outcome.UNDECIDABLE, "the record does not tell whether it covers this", provision.limits)
    return Verdict(Outcome(kind), f"a provision {'permits' if kind == PERMIT else 'denies'} it", provision.limits)


def _gravest(verdicts: Iterator[Verdict]) -> Verdict:
    order = (Outcome.DENY, Outcome.UNDECIDABLE, SILENT, Outcome.PERMIT)
    return min(verdicts, key=lambda one: order.index(one.outcome))


def _mildest(verdicts: Iterator[Verdict]) -> Verdict:
    order = (Outcome.PERMIT, Outcome.UNDECIDABLE, Outcome.DENY, SILENT)
    return min(verdicts, key=lambda one: order.index(one.outcome))


def _in_force(period: Span | None, today: date) -> bool:
    if period is None:
        return True
    return (period.first is None or period.first <= today) and (period.last is None or today <= period.last)


def _is_episode(period: Span, given: Span | None, today: date) -> bool:
    """A closed window of at most a year that was over before the consent was given: no consent runs out before it
    is given, so the window is one withheld. A day to come on which it was given proves nothing."""
    if period.first is None or period.last is None or given is None or given.first is None:
        return False
    return period.last < given.first <= today and period.last - period.first <= _EPISODE
