"""The whole answer on one medicine of an order: findings, alternatives, the test to ask for, or why all is silent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from knowledge.facts import DrugOrder, Ingredient
from knowledge.findings import Finding, Gap


@dataclass(frozen=True)
class Offer:
    """An alternative to the drug, checked against this patient."""

    name: str
    rxnorm: str | None
    holds: bool
    reasons: tuple[str, ...] = ()
    """Why it dropped out (holds is False), or what could not be checked (holds is True)."""
    is_class: bool = False
    """True for a class of medicines (words only, nothing orderable)."""
    key: str = ""
    """The name in the drug's file, as actions use it."""


@dataclass(frozen=True)
class Pretest:
    """A test that the drug's policy asks for before the first dose."""

    genes: tuple[str, ...]
    priority: str
    """required, recommended or optional."""
    note: str | None = None
    loinc: Mapping[str, str] = field(default_factory=dict)
    """Gene -> the LOINC code of its genotype, where the gene's file holds exactly one."""
    before: str = "the first dose"
    """Before what the test is asked for."""
    in_use: bool = False
    """True where the medication list shows the drug in use, so that its first dose was given already."""
    source: str | None = None
    """Address at which the demand can be read, where the drug's file names one."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Gene -> the test that is asked for in place of a genotype, a key of the words file."""
    of_whom: str | None = None
    """Whom the demand means, in words; None where it means everybody."""


class Silence(StrEnum):
    """The kinds of reasons why nothing has to be said about a medicine."""

    DRUG_UNKNOWN = "drug_unknown"
    NO_CONTENT = "no_content"
    NOT_SIGNED = "not_signed"
    NO_POPULATION = "no_population"
    NO_TEST_ASKED = "no_test_asked"
    STANDARD_CARE = "standard_care"
    SWITCHED_OFF = "switched_off"
    INDETERMINATE = "indeterminate"
    OTHER_FORM = "other_form"


@dataclass(frozen=True)
class DrugAnswer:
    """Everything to say about one ingredient of one order."""

    order: DrugOrder
    drug: Ingredient
    findings: tuple[Finding, ...] = ()
    """Leading body first (site policy), worst first within a body."""
    gaps: tuple[Gap, ...] = ()
    offers: tuple[Offer, ...] = ()
    pretest: Pretest | None = None
    in_use: bool | None = False
    """True where the medication list shows the drug in use, beside the order that is asked about; None where the list
    was not obtained."""
    weight_kg: Decimal | None = None
    """The body weight on file, to hold doses against amounts per kg."""
    weighed_on: str | None = None
    """The day of that weight as sent; None where the record gives none, or it was stated with the question."""
    other_drafts: tuple[DrugOrder, ...] = ()
    """Drafts of the same request that hold the drug as well, in a form that its guidance is meant for."""
    tested_first: bool = False
    """True where the site's policy asks for a test before the first dose, whether or not a result is on file."""
    silence: str | None = None
    """Why there is nothing to say, in one sentence; None where there is something."""
    silence_kind: Silence | None = None
    """Of which kind that reason is; it stands exactly where `silence` does."""
    content_digest: str = ""
    """First twelve digits of the digest over all content that was asked."""
