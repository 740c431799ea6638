"""Content once loaded: genes, drugs, modulators and condition sets as frozen types, with one digest over all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from knowledge.display_words import DisplayWords
from knowledge.findings import Action, Effect, Indicator, Source, Strength
from knowledge.formula import Formula
from knowledge.gene import Gene
from knowledge.sign_off import SignOff
from knowledge.transparency import Transparency

NO_RESULT = "no_result"
"""The lookup value of a gene without a usable result, where a guideline's table answers it."""

UNVERIFIED = "unverified"
"""The strength of an inhibitor or inducer whose class was not read in a source."""

INDETERMINATE = "indeterminate"
"""The phenotype id that every gene with an uncertain outcome uses."""


@dataclass(frozen=True)
class Criteria:
    """What makes a patient belong to a population; every member that is set must hold."""

    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    age_from: Decimal | None = None
    age_below: Decimal | None = None
    weight_over_kg: Decimal | None = None
    weight_up_to_kg: Decimal | None = None
    uses: str | None = None
    uses_months: int | None = None
    naive_to: str | None = None
    beside: tuple[str, ...] = ()
    """Ingredients of which one is taken or drafted as well; groups and classes of the file are spelled out."""
    not_beside: tuple[str, ...] = ()
    judgement: str | None = None
    """Only the clinician can tell; words for the card."""
    either: tuple[Criteria, ...] = ()

    @property
    def parts(self) -> tuple[Criteria, ...]:
        """These criteria and all inside them."""
        return (self, *(part for one in self.either for part in one.parts))

    @property
    def conditions(self) -> set[str]:
        """The condition sets that are asked for, here or inside."""
        return {name for part in self.parts for name in (*part.any_of, *part.none_of)}

    @property
    def company(self) -> set[str]:
        """The medicines beside which it holds or does not, here or inside."""
        return {name for part in self.parts for name in (*part.beside, *part.not_beside)}


@dataclass(frozen=True)
class Population:
    """A named population of a drug's file."""

    id: str
    label: str
    criteria: Criteria


@dataclass(frozen=True)
class Row:
    """One cell or several like cells of a table. Flags are derived from the actions unless the row states them."""

    id: str
    when: Mapping[str, tuple[str, ...]]
    """Gene -> lookup values: phenotype ids, "*57:01 positive", score intervals ("0.25..1"), "no_result", "any"."""
    populations: tuple[str, ...]
    """Empty: every population."""
    strength: Strength
    indicator: Indicator
    actions: tuple[Action, ...]
    dose_change: bool
    alternative: bool
    other_guidance: bool
    effect: Effect | None = None
    note: str | None = None
    quiet: bool = False
    """Asks for usual care: raises no card by itself."""
    no_inhibitors: bool = False
    """Asks to keep inhibitors of its gene away from the drug."""
    switched_off: str | None = None
    """Why the site does not use this row; None where it does."""
    place: tuple[str, int] = field(default=("", 0), compare=False)
    """File and line where it stands; the line is 1 in compiled content."""


@dataclass(frozen=True)
class Table:
    """One body's guidance on a drug: a decision table over genes and populations, or an ordered flow of steps."""

    slug: str
    body: str
    genes: tuple[str, ...]
    source: Source
    rows: tuple[Row, ...]
    populations: tuple[str, ...] = ()
    """The populations that this table distinguishes."""
    flow: bool = False
    """True: every step whose `when` holds applies, in order. False: exactly one row applies."""


@dataclass(frozen=True)
class Alternative:
    """A medicine or a class that may be offered instead, and when it must not be."""

    name: str
    rxnorm: str | None
    unless: tuple[str, ...] = ()
    """Condition sets that forbid it."""
    age_from: Decimal | None = None
    is_class: bool = False
    label: str | None = None
    not_with: tuple[str, ...] = ()
    """Ingredients, groups and classes of modulators that it must not be taken together with."""
    age_below: Decimal | None = None
    weight_from_kg: Decimal | None = None
    check_if: tuple[str, ...] = ()
    """Condition sets with which it is to be checked first."""
    check_with: tuple[str, ...] = ()
    """As `not_with`; beside these it is to be checked first."""
    check: str | None = None
    """What is to be checked first in every patient."""
    meant_for: tuple[str, ...] = ()
    """Condition sets of which one speaks for it; without one on file it is to be checked first."""


@dataclass(frozen=True)
class PretestPolicy:
    """Whether the drug's own guidance asks for a test before the first dose."""

    genes: tuple[str, ...]
    priority: str
    populations: tuple[str, ...] = ()
    before: str | None = None
    """Before what, where that is not the first dose."""
    of_whom: str | None = None
    """Whom the demand means, in words; None where it means everybody."""
    unless_inhibited: bool = False
    """Not asked for while an inhibitor makes every genotype act as one."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Gene -> the test to order in place of a genotype, a key of the words file."""
    otherwise: Mapping[str, str] = field(default_factory=dict)
    """Gene -> the test that answers as well, where a genotype leaves the question open."""
    note: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class NotFor:
    """Forms of the medicine that its guidance is not meant for."""

    words: tuple[str, ...]
    """Words of a product's name, form or route."""
    atc: tuple[str, ...] = ()
    rxnorm: tuple[str, ...] = ()
    """Codes of such products."""
    but: tuple[str, ...] = ()
    """Rows that hold for these forms as well (dpwg/score-0)."""


@dataclass(frozen=True)
class Drug:
    """A medicine with guidance."""

    id: str
    name: str
    """The ingredient's name in RxNorm, lower case."""
    sign_off: SignOff
    rxnorm: tuple[str, ...]
    """Empty where no code is known."""
    atc: tuple[str, ...]
    genes: tuple[str, ...]
    populations: Mapping[str, Population]
    assume: tuple[str, ...]
    """Populations to assume where the record shows none to hold; the first that a table distinguishes."""
    alternatives: Mapping[str, Alternative]
    pretest: PretestPolicy | None
    tables: tuple[Table, ...]
    not_for: NotFor | None = None
    version: str = ""
    """First 12 hex digits of the SHA-256 of the file."""


@dataclass(frozen=True)
class Modulator:
    """A medicine that inhibits or induces an enzyme, with the factor CPIC applies to the activity score."""

    drug: str
    rxnorm: str
    strength: str
    effect: str
    factor: Decimal | None
    """None: named on the card, changes nothing."""

    @property
    def group(self) -> str:
        """ "inhibitor strong", as its file has it."""
        return f"{self.effect} {self.strength}"

    @property
    def words(self) -> str:
        """ "strong inhibitor"; an inhibitor whose class nobody read in a source says so."""
        if self.strength == UNVERIFIED:
            return f"{self.effect}, strength not verified"
        return f"{self.strength} {self.effect}"


@dataclass(frozen=True)
class ConditionSet:
    """A named set of codes for one clinical state."""

    id: str
    label: str
    codes: Mapping[str, tuple[str, ...]]
    """FHIR system URI -> codes; ICD-10 codes stand for themselves and everything below them."""
    lasting: bool = False
    """True where a resolved condition still counts."""


@dataclass(frozen=True)
class Library:
    """All content, ready to evaluate."""

    genes: Mapping[str, Gene]
    drugs: Mapping[str, Drug]
    modulators: Mapping[str, tuple[Modulator, ...]]
    """Gene -> its inhibitors and inducers."""
    conditions: Mapping[str, ConditionSet]
    synonyms: Mapping[str, str]
    """The laboratory's phenotype words, normalised -> CPIC's term, shared by all genes."""
    digest: str
    """SHA-256 over every content file, hexadecimal."""
    answer_codes: Mapping[tuple[str, str], tuple[str | None, str]] = field(default_factory=dict)
    """(system URI, code) -> (gene or None, CPIC's term): coded phenotype answers."""
    display_words: DisplayWords = field(default_factory=DisplayWords)
    atc_combinations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """ATC code of a combination -> names of its ingredients; none where the code leaves some open."""
    formulas: Mapping[str, Formula] = field(default_factory=dict)
    modulators_signed: Mapping[str, SignOff] = field(default_factory=dict)
    """Gene -> the sign-off of the file of its inhibitors and inducers."""
    medicine_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of a group -> ingredients, which need not have a known code."""
    transparency: Transparency = field(default_factory=Transparency)

    @property
    def version(self) -> str:
        """The first twelve digits of the digest, for cards and /health."""
        return self.digest[:12]

    def find_members(self, name: str) -> tuple[str, ...]:
        """The ingredients of a group or of a class ("CYP3A4 inhibitor strong"); an ingredient is its own."""
        if name in self.medicine_groups:
            return self.medicine_groups[name]
        gene, _, group = name.partition(" ")
        return tuple(one.drug for one in self.modulators.get(gene, ()) if one.group == group) or (name,)

    @cached_property
    def condition_index(
        self,
    ) -> tuple[Mapping[tuple[str, str], frozenset[str]], Mapping[tuple[str, str], tuple[tuple[str, str], ...]]]:
        """(system, code) -> set names; (system, first letter) -> (code, set name) for codes with others below."""
        exact: dict[tuple[str, str], set[str]] = {}
        prefixes: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for name, condition in self.conditions.items():
            for system, codes in condition.codes.items():
                for code in codes:
                    exact.setdefault((system, code), set()).add(name)
                    prefixes.setdefault((system, code[:1]), []).append((code, name))
        return {key: frozenset(names) for key, names in exact.items()}, {
            key: tuple(all_) for key, all_ in prefixes.items()
        }

    @cached_property
    def condition_heads(self) -> frozenset[str]:
        """What a code of any condition set is or begins with: SNOMED CT codes whole, ICD-10 codes by their category."""
        codes = (code for one in self.conditions.values() for codes in one.codes.values() for code in codes)
        return frozenset(code if code.isdigit() else code[:3] for code in codes)

    @cached_property
    def drug_index(self) -> Mapping[str, Drug]:
        """RxNorm ingredient code or name -> drug."""
        by_name = {drug.name: drug for drug in self.drugs.values()}
        return by_name | {code: drug for drug in self.drugs.values() for code in drug.rxnorm}
