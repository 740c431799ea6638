"""All Consents of a patient and one question: permit, deny, or undecidable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cds_hooks.consent.directive import Consent
from cds_hooks.consent.judging import Outcome, Verdict, judge
from cds_hooks.consent.question import Question

DEFAULTS = {"permit": Outcome.PERMIT, "deny": Outcome.DENY, "ehr": Outcome.PERMIT}
_DEFAULT_REASONS = {
    "permit": "no consent on file speaks of this; the site's default permits",
    "deny": "no consent on file speaks of this; the site's default denies",
    "ehr": "no consent was sent that speaks of this; the EHR releases only what may be used",
}


@dataclass(frozen=True)
class Decision:
    """What may be done, why, and by which Consents. It carries nothing of the data."""

    outcome: Outcome
    reason: str
    consents: tuple[str, ...] = ()
    """Relative references of the Consents that it rests on; empty: the site's default, or none could be had."""
    withheld: int = 0
    """How many resources were not used."""

    @property
    def permits(self) -> bool:
        """Whether the data may be used."""
        return self.outcome is Outcome.PERMIT


def decide(consents: Sequence[Consent], question: Question, default: str) -> Decision:
    """The decision; `default` is the client's ("permit", "deny", "ehr"), for where no Consent speaks.

    A refusal outweighs a doubt, a doubt a permission. A newer Consent stands in for an older one of the same scope
    and breadth; a narrower refusal stays beside a newer general permission.
    """
    spoken = [(one, verdict) for one in consents if (verdict := judge(one, question)).outcome is not None]
    newest = _find_newest(spoken, question.asker.today)
    standing = [each for each in spoken if not _is_replaced(each, newest)]
    for outcome in (Outcome.DENY, Outcome.UNDECIDABLE, Outcome.PERMIT):
        found = [(one, verdict) for one, verdict in standing if verdict.outcome is outcome]
        if found:
            return Decision(outcome, found[0][1].reason, tuple(dict.fromkeys(one.reference for one, _ in found)))
    return Decision(DEFAULTS[default], _DEFAULT_REASONS[default])


def _find_newest(spoken: Sequence[tuple[Consent, Verdict]], today: date) -> dict[tuple[object, ...], date]:
    """The latest day on which a Consent of each scope and breadth was given at the earliest. A doubt replaces none,
    nor does a day that has not come."""
    newest: dict[tuple[object, ...], date] = {}
    for consent, verdict in spoken:
        given = consent.given.first if consent.given is not None else None
        if verdict.outcome is not Outcome.UNDECIDABLE and given is not None and given <= today:
            key = _sort(consent, verdict)
            newest[key] = max(newest.get(key, given), given)
    return newest


def _is_replaced(one: tuple[Consent, Verdict], newest: Mapping[tuple[object, ...], date]) -> bool:
    """Whether another Consent of the same scope and breadth was given after this one. A doubt is never replaced."""
    consent, verdict = one
    if verdict.outcome is Outcome.UNDECIDABLE or consent.given is None or consent.given.last is None:
        return False
    latest = newest.get(_sort(consent, verdict))
    return latest is not None and latest > consent.given.last


def _sort(consent: Consent, verdict: Verdict) -> tuple[object, ...]:
    return consent.scope, consent.grantees, _breadth(verdict)


def _breadth(verdict: Verdict) -> tuple[object, ...]:
    """What of the data the rule is limited to: its purposes and what is done do not make it narrower."""
    return verdict.limits[2:] if any(verdict.limits[2:]) else ()
