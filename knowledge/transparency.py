"""What content/transparency.yaml says once for all rows: who stands behind a body, which facts are attributes of whom.

Evidence-based decision support intervention: 45 CFR 170.315(b)(11)(iv)(A); non-device software: section 520(o)(1)(E) of
the Federal Food, Drug, and Cosmetic Act.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Issuer:
    """Who develops a body's guidance, and who pays for it; None: the source does not say."""

    developer: str | None = None
    funding: str | None = None


@dataclass(frozen=True)
class Attribute:
    """One of the source attributes that tell which data on a person a rule uses."""

    id: str
    name: str
    on_card: bool = False
    """Named on the card, used or not."""


@dataclass(frozen=True)
class Criterion:
    """One of the four criteria of software that is no device: what it asks, and how a row meets it."""

    id: str
    asks: str
    met: str
    """With {genes}, {asked}, {source}, {actions}, {strength} and {version} for what the row says."""


@dataclass(frozen=True)
class Transparency:
    """The file once loaded."""

    issuers: Mapping[str, Issuer] = field(default_factory=dict)
    """By body; "equations" for those that estimate a dose, "transcription" for this content itself."""
    attributes: tuple[Attribute, ...] = ()
    facts: Mapping[str, str | None] = field(default_factory=dict)
    """Fact that a rule may ask for (a field of PatientFacts) -> id of the attribute that it is, None for none."""
    conditions: Mapping[str, str] = field(default_factory=dict)
    """Condition set -> id of the attribute that it is."""
    criteria: tuple[Criterion, ...] = ()
