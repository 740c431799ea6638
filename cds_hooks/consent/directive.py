"""What a patient has laid down: Consent resources as frozen types, whatever release or convention they are in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cds_hooks.fhir.coding import Pair

PERMIT = "permit"
DENY = "deny"


class Convention(StrEnum):
    """Where a Consent says what holds in general."""

    ROOT = "provision.type"
    """IHE PCF: the root provision has a type and is the rule itself."""
    RULE = "policyRule"
    """FHIR R4: opt-in or opt-out; provisions are exceptions to it."""
    DECISION = "decision"
    """FHIR R5: `Consent.decision`; provisions have no type and are exceptions to it."""


@dataclass(frozen=True)
class Span:
    """Days from `first` to `last`, both included; None is open."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Actor:
    """Whom a provision is about: the code of the role, and a reference: "Type/id", or a whole address.
    None where it is not said so."""

    role: str | None = None
    reference: str | None = None


@dataclass(frozen=True)
class DataRule:
    """Which data a provision is about: instance, related, dependents or authoredby of a reference."""

    meaning: str | None = None
    reference: str | None = None


@dataclass(frozen=True)
class Provision:
    """One rule. An empty member does not limit it."""

    type: str | None = None
    period: Span | None = None
    purposes: tuple[Pair, ...] = ()
    actions: tuple[Pair, ...] = ()
    actors: tuple[Actor, ...] = ()
    labels: tuple[Pair, ...] = ()
    classes: tuple[Pair, ...] = ()
    codes: tuple[Pair, ...] = ()
    data: tuple[DataRule, ...] = ()
    data_period: Span | None = None
    nested: tuple[Provision, ...] = ()

    @property
    def names_data(self) -> bool:
        """Whether it is limited to some data."""
        return bool(self.labels or self.classes or self.codes or self.data or self.data_period)

    @property
    def limits(self) -> tuple[object, ...]:
        """All that it is limited by but its period: two rules with equal limits are of the same breadth."""
        return (
            self.purposes, self.actions, self.actors, self.labels, self.classes, self.codes, self.data,
            self.data_period,
        )  # fmt: skip


@dataclass(frozen=True)
class Consent:
    """One active Consent that speaks of treatment; with a `problem` nothing of it can be relied on."""

    reference: str
    """"Consent/1"; "Consent/" where it has no id."""
    base: str = DENY
    """permit or deny: what holds in general."""
    convention: Convention = Convention.ROOT
    roots: tuple[Provision, ...] = ()
    scope: str | None = None
    given: Span | None = None
    """The days that `dateTime` may mean; None where it is not dated."""
    period: Span | None = None
    """R5 (and STU3): when the Consent holds, with every provision in it."""
    grantees: tuple[Actor, ...] = ()
    """R5: who is to comply with it, and so whom it is about; empty: everybody."""
    problem: str | None = None
