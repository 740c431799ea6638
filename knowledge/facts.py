"""Words of the question: what a record says about one patient.

Every type is frozen. The edge (`cds_hooks.fhir`) fills them from FHIR, the command line from a line of JSON, and
`knowledge.evaluate` reads them. What the record does not say is `None`, an empty tuple, or one of the five answers of
`Answer`; an answer is never defaulted, whoever makes the facts states it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Answer(StrEnum):
    """The five answers a record can give on a question. They are never merged into one another."""

    READ = "read"
    UNREADABLE = "unreadable"
    """Found, but PDF-only, in unknown words, or contradicting itself."""
    WITHHELD = "withheld"
    """Consent does not allow its use."""
    NOT_FETCHED = "not_fetched"
    """An error, a prefetch that was not offered and could not be fetched, an incomplete page."""
    NONE_ON_FILE = "none_on_file"
    """Asked and answered: there is none. Only this one may lead to "consider testing"."""


@dataclass(frozen=True)
class GeneResult:
    """One laboratory result on one gene.

    `genotype` is text in the grammar of `knowledge.pgx.diplotype` ("*1/*4", "rs9923231 C/T", "Reference/c.1905+1G>A
    (*2A)", "*15:01:01G+*57:01:01G", "*57:01 positive"), without the gene's name in front. `as_written` is what the
    laboratory wrote, for the card. A result can carry a genotype, a phenotype, a score, or several of them; when
    `answer` is UNREADABLE, `reason` says why and none of them is used.
    """

    gene: str
    answer: Answer
    genotype: str | None = None
    reported_phenotype: str | None = None
    reported_score: str | None = None
    as_written: str | None = None
    reason: str | None = None
    result_id: str | None = None
    """Relative reference, e.g. "Observation/123"; None where the resource has no id."""
    date: str | None = None
    """The FHIR date or dateTime as sent."""
    preliminary: bool = False
    notes: tuple[str, ...] = ()
    """What the reader wants said on the card, e.g. "the laboratory's variants disagree with its genotype"."""


@dataclass(frozen=True)
class GeneRecord:
    """All that the record answers on one gene: the answer, its reason, and every usable or unusable result."""

    gene: str
    answer: Answer
    results: tuple[GeneResult, ...] = ()
    """Newest first; results without a date last."""
    reason: str | None = None


class Sex(StrEnum):
    """Sex for clinical use; `None` in `PatientFacts` where the record does not say."""

    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True)
class Ingredient:
    """An active ingredient by name, with its RxNorm ingredient code where one is known."""

    name: str
    rxnorm: str | None = None


@dataclass(frozen=True)
class Identified:
    """What a coded or named medicine turned out to be. No ingredients: not identified, and `reason` says why."""

    ingredients: tuple[Ingredient, ...]
    evidence: str | None = None
    """"code" or "name"."""
    reason: str | None = None


@dataclass(frozen=True)
class DrugUse:
    """A medicine the patient takes, or is about to take (`draft`)."""

    ingredients: tuple[Ingredient, ...]
    display: str
    use_id: str | None = None
    since: date | None = None
    until: date | None = None
    """The day on which it ended, or on which it is to end."""
    draft: bool = False
    reason: str | None = None
    """Why it could not be identified, when `ingredients` is empty."""


@dataclass(frozen=True)
class DoseLine:
    """One dose quantity inside a drafted order, with the place to change it."""

    path: tuple[str | int, ...]
    """Keys from the resource's root to the Quantity: ("dosageInstruction", 0, "doseAndRate", 0, "doseQuantity")."""
    value: Decimal
    unit: str | None
    per_day: Decimal | None = None
    """How many such doses a day, where the timing says so plainly."""


@dataclass(frozen=True)
class DrugOrder:
    """A drafted order that the service was asked about."""

    order_id: str | None
    """Relative reference, e.g. "MedicationRequest/request-123"."""
    display: str
    ingredients: tuple[Ingredient, ...]
    reason: str | None = None
    """Why the drug could not be identified, when `ingredients` is empty."""
    doses: tuple[DoseLine, ...] = ()
    resource: Mapping[str, Any] = field(default_factory=dict)
    """The draft as it was sent: only cards.suggestions looks inside, to build an update or a replacement."""
    fhir_release: str = field(kw_only=True)
    """"R4" (R4B included) or "R5": decides the shape of what is sent back."""
    form_names: tuple[str, ...] = field(default=(), compare=False)
    """All names of the product, its form and its routes, as sent: they tell whether it is a cream or an injection."""
    codes: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """(system, code) of the product, the system by its usual address."""
    active: bool = False
    """True on patient-view, where the "order" is a medicine already taken."""

    @property
    def every_dosage_read(self) -> bool:
        """Whether each of its dosages has a dose in numbers: one that is only text says something beside them."""
        if not self.doses:
            return False
        return len({line.path[1] for line in self.doses}) == len(self.resource.get(str(self.doses[0].path[0])) or ())


@dataclass(frozen=True)
class LabValue:
    """A measured value with its unit as sent (UCUM code where there is one)."""

    name: str
    value: Decimal
    unit: str | None
    date: str | None = None
    result_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class PatientFacts:
    """Everything that evaluation may know about one patient."""

    genes: Mapping[str, GeneRecord] = field(default_factory=dict)
    genes_answer: Answer
    """The answer for every gene that is not in `genes`."""
    genes_reason: str | None = None
    today: date | None = None
    patient_answer: Answer
    """Whether age and sex are as the record has them, or could not be asked for."""
    age: Decimal | None = None
    """Years, with fraction; None where there is no usable birth date."""
    sex: Sex | None = None
    weight_kg: Decimal | None = None
    height_cm: Decimal | None = None
    smokes: bool | None = None
    target_inr: Decimal | None = None
    measured_on: Mapping[str, str | None] = field(default_factory=dict)
    """weight_kg, height_cm, smokes, target_inr -> the day as sent, None where the record gives none; a value that is
    not named here was stated with the question."""
    conditions: frozenset[str] = frozenset()
    """Names of condition sets (knowledge/content/conditions) that the record shows."""
    conditions_answer: Answer
    medications: tuple[DrugUse, ...] = ()
    medications_answer: Answer
    ended: tuple[DrugUse, ...] = ()
    """Medicines that are on file as stopped or completed: nothing counts them, some effects outlast them."""
    allergies: tuple[Ingredient, ...] = ()
    allergies_answer: Answer
    labs: tuple[LabValue, ...] = ()
    orders: tuple[DrugOrder, ...] = ()
    unasked_orders: tuple[DrugOrder, ...] = ()
    """Drafts of the same request that the service was not asked about."""

    @property
    def missing_person(self) -> str:
        """What to say of an age or a sex that is None: how it is missing."""
        words = {Answer.READ: "is not on file", Answer.NONE_ON_FILE: "is not on file"}
        return words.get(self.patient_answer, "could not be fetched")

    def gene(self, symbol: str) -> GeneRecord:
        """The record's answer on a gene; one that nothing was found for gets the answer for all the rest."""
        found = self.genes.get(symbol)
        return found or GeneRecord(symbol, self.genes_answer, reason=self.genes_reason)
