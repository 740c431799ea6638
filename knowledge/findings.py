"""Words of the answer: what the guidelines say about one drug for one patient. Every type is frozen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from knowledge.facts import Answer, Ingredient

_WEIGHTY = frozenset({"avoid", "reduce", "increase", "limit"})


class Strength(StrEnum):
    """How strongly a body recommends; NONE where it makes no recommendation."""

    STRONG = "strong"
    MODERATE = "moderate"
    OPTIONAL = "optional"
    NONE = "none"


class Indicator(StrEnum):
    """A card's urgency (CDS Hooks 2.0 "Card Attributes")."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Basis(StrEnum):
    """How a gene's lookup value was reached."""

    GENOTYPE = "genotype"
    REPORTED = "reported phenotype"
    PHENOCONVERSION = "phenoconversion"


@dataclass(frozen=True)
class Amount:
    """An absolute dose, e.g. 400 mg per day."""

    value: Decimal
    unit: str
    per: str | None = None


@dataclass(frozen=True)
class Action:
    """One structured action of a row. Which members may be set depends on `kind`; see schema/drug.schema.json.

    kind: keep, avoid, offer, reduce, increase, limit, titrate, monitor, test, dose.
    """

    kind: str
    drugs: tuple[str, ...] = ()
    """offer: ingredient names, or names of alternative classes declared in the drug's file."""
    percent: tuple[Decimal, ...] = ()
    """reduce, increase: one number, or a lowest and a highest."""
    factor: Decimal | None = None
    amount: Amount | None = None
    """reduce, increase, limit, keep: to this absolute dose."""
    of: str | None = None
    """reduce, increase, titrate: start, maintenance or dose."""
    degree: str | None = None
    """avoid: contraindicated, if_possible, unless_no_alternative; reduce, increase: about, at_least, consider."""
    what: tuple[str, ...] = ()
    """monitor, titrate, test: what to watch, by what to titrate, which gene or assay to test."""
    formulas: tuple[str, ...] = ()
    """dose: the equations that estimate it."""
    bounds: tuple[Amount, ...] = ()
    """reduce, increase: the doses from which on it is asked for, one of which suffices; of every dose where empty."""
    days_a_week: int | None = None
    """reduce: only on so many days of a week."""
    by_hand: bool = False
    """reduce, increase: what the numbers leave open is the prescriber's to choose, so that no draft is offered them."""
    by_hand_in: tuple[str, ...] = ()
    """reduce, increase: condition sets in which it is."""


@dataclass(frozen=True)
class Effect:
    """What the result does to the drug: more or less of something, and the risks that follow."""

    direction: str | None
    of: str | None
    risk: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """Where a body's table was transcribed from."""

    title: str
    version: str
    url: str
    transcribed: str
    pmid: tuple[str, ...] = ()


@dataclass(frozen=True)
class GeneState:
    """One gene of a finding: what was on file, and as what it was taken."""

    gene: str
    answer: Answer
    diplotype: str | None = None
    """As written by the laboratory, where a genotype was read."""
    phenotype: str | None = None
    """CPIC's term for what decides, after phenoconversion."""
    score: str | None = None
    """Activity score as printed ("1.0", "≥3.0", "n/a"); None for genes without scores."""
    basis: Basis | None = None
    genotype_says: str | None = None
    """The phenotype before phenoconversion; None where nothing was converted."""
    score_before: str | None = None
    """The activity score before phenoconversion."""
    because: tuple[str, ...] = ()
    """The medicines that converted it."""
    reported: str | None = None
    """The laboratory's own phenotype words, where it gave any."""
    result_ids: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    indeterminate: str | None = None
    """Why the result on file tells no phenotype, or leaves it open whether it does; None where it tells one."""
    modulators: tuple[str, ...] = ()
    """Inhibitors and inducers of it that are taken, being ordered, or stopped lately, counted or only named."""

    @property
    def called(self) -> str:
        """Gene and genotype in words, the gene named once ("CYP2C19 *2/*3", also where the laboratory named it)."""
        if self.diplotype is None:
            return self.gene
        return self.diplotype if self.diplotype.startswith(self.gene) else f"{self.gene} {self.diplotype}"


@dataclass(frozen=True)
class Gap:
    """Something that is missing for an answer, and why.

    kind: no_result, unreadable, withheld, not_fetched, results_disagree, indeterminate, no_row, population_unknown,
    drug_unknown, medications_unknown, no_alternative.
    """

    kind: str
    text: str
    gene: str | None = None
    suggest_test: bool = False
    measure: str | None = None
    """indeterminate: a test of another kind that answers all the same, a key of the words file; None: none is known."""


@dataclass(frozen=True)
class DoseEstimate:
    """The dose that one published equation gives for this patient, or why it was not computed; never an order."""

    formula: str
    title: str
    amount: Amount | None = None
    """mg a day to one decimal; None where nothing was computed."""
    weekly: Amount | None = None
    """mg a week to the half, where the equation gives a dose a week."""
    inputs: tuple[tuple[str, str], ...] = ()
    """What it was computed from, or what of it is known: name and value, with the day of a measurement."""
    reason: str | None = None
    """Everything that stood in the way, None where the dose was computed."""
    note: str | None = None
    sources: tuple[Source, ...] = ()
    content_version: str = ""
    content_status: str = field(kw_only=True)


@dataclass(frozen=True)
class PersonalAttribute:
    """A datum on a person that a reader may want to know used or not, such as race or date of birth."""

    name: str
    used: bool


@dataclass(frozen=True)
class Finding:
    """What one guideline body says about one drug for this patient: one row of its table."""

    id: str
    """E.g. "clopidogrel/cpic/poor-acs-pci"; never changes its meaning. The table alone where consent hides the row."""
    drug: Ingredient
    body: str | None
    """CPIC, FDA, DPWG; None for a finding that only states gaps ("codeine/gap/CYP2D6")."""
    strength: Strength
    indicator: Indicator
    population: str
    """The population's name in the drug's file; "general" where the table has none."""
    genes: tuple[GeneState, ...]
    actions: tuple[Action, ...]
    dose_change: bool
    alternative: bool
    other_guidance: bool
    effect: Effect | None = None
    note: str | None = None
    assumed: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    source: Source | None = None
    content_version: str = ""
    content_status: str = field(kw_only=True)
    signature_ended: str | None = None
    """The last day of the site's signature, where it is over; None where there was none or it holds."""
    possible: bool = False
    """True where the record fits several rows of unlike advice, and this is one of them."""
    shared: tuple[str, ...] = ()
    """possible: the kinds of those actions that every row which the record fits asks for alike: these are certain.
    Empty where the rows differ in their urgency, or only one of them turns the drug down or bounds its dose."""
    population_label: str | None = None
    """The population in words; None for "general"."""
    condition: str | None = None
    """What only the clinician can judge, e.g. "no suitable alternative is available"; None where nothing is."""
    estimates: tuple[DoseEstimate, ...] = ()
    """One for each equation that the row's actions name."""
    untested: tuple[str, ...] = ()
    """Genes without a usable result for want of which the row was reached, and not another of its table."""

    quiet: bool = False
    """True where what the row asks for is usual care for everybody."""

    hidden_by: tuple[str, ...] = ()
    """The inhibitors that hide the genotype which this row answers: it holds once they are stopped (`condition`).
    Empty for what holds now."""
    besides: str | None = None
    """With `hidden_by`: what only the clinician can judge of the row itself, the part of `condition` without the stop;
    None where the stop is all of it."""
    by_genotype: tuple[Finding, ...] = ()
    """The rows that the genotype alone leads to, where an inhibitor makes it act as another one and they are others."""

    no_inhibitors: bool = False
    """True where the body asks to keep inhibitors of the gene away from the drug."""
    switched_off: str | None = None
    """Why the site does not use this row: the finding then asks for nothing; None where it does."""
    attributes: tuple[PersonalAttribute, ...] = ()
    """Those that the card names, in the order of the content."""

    @property
    def acts(self) -> bool:
        """True where the body asks for something other than usual care."""
        return not self.quiet and (self.dose_change or self.alternative or self.other_guidance)

    @property
    def certain(self) -> bool:
        """True where what the row asks for holds for this patient, or at least what all rows that may hold share."""
        return self.condition is None and (not self.possible or bool(self.shared))

    @property
    def leading_actions(self) -> tuple[Action, ...]:
        """What the row is to be named by: its actions, or of a row that is only possible those that are certain."""
        return tuple(one for one in self.actions if one.kind in self.shared) or self.actions

    @property
    def names_row(self) -> bool:
        """False for a gap, and where the id stops at the table ("azathioprine/cpic"): which row it is is not told."""
        return self.body is not None and self.id.count("/") > 1


def mark_shared(findings: Sequence[Finding]) -> list[Finding]:
    """One table's findings, those that are only possible with what all of them share. Nothing is shared unless it
    changes the treatment: rows that all ask to monitor are no more certain for it."""
    rows = [one for one in findings if one.condition is None]
    alike = len({one.indicator for one in rows}) == 1 and all(one.acts for one in rows)
    if len(rows) < 2 or not alike:
        return list(findings)
    common = tuple(action.kind for action in rows[0].actions if all(action in one.actions for one in rows))
    bounds = {action.kind for one in rows for action in one.actions} & {"avoid", "limit"}
    if not bounds <= set(common) or not _WEIGHTY & set(common):
        return list(findings)
    return [replace(one, shared=common) if one.possible and one.condition is None else one for one in findings]


def find_avoidable(finding: Finding) -> tuple[str, ...]:
    """The inhibitors that a row acts on account of, where the body asks to keep them away from the drug."""
    if not any(row.no_inhibitors for row in (finding, *finding.by_genotype)):
        return ()
    return tuple(dict.fromkeys(name.split(" (")[0] for gene in finding.genes for name in gene.because))


def say_stopped(inhibitors: Sequence[str]) -> str:
    """ "duloxetine is stopped"; "duloxetine and fluoxetine are stopped"."""
    return f"{' and '.join(inhibitors)} {'is' if len(inhibitors) == 1 else 'are'} stopped"
