"""All Consents of a patient and one question: permit, deny, or undecidable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    standing = [each for each in spoken if not any(_replaces(other, each) for other in spoken)]
    for outcome in (Outcome.DENY, Outcome.UNDECIDABLE, Outcome.PERMIT):
        found = [(one, verdict) for one, verdict in standing if verdict.outcome is outcome]
        if found:
            return Decision(outcome, found[0][1].reason, tuple(dict.fromkeys(one.reference for one, _ in found)))
    return Decision(DEFAULTS[default], _DEFAULT_REASONS[default])


def _replaces(newer: tuple[Consent, Verdict], older: tuple[Consent, Verdict]) -> bool:
    """Whether one Consent is given after another and of the same scope and breadth. A doubt is never replaced."""
    if Outcome.UNDECIDABLE in (newer[1].outcome, older[1].outcome):
        return False
    given, before = newer[0].given, older[0].given
    if given is None or before is None or given.first is None or before.last is None:
        return False
    same = newer[0].scope == older[0].scope and _breadth(newer[1]) == _breadth(older[1])
    return same and given.first > before.last


def _breadth(verdict: Verdict) -> tuple[object, ...]:
    """What of the data the rule is limited to: its purposes and what is done do not make it narrower."""
    return verdict.limits[2:] if any(verdict.limits[2:]) else ()
