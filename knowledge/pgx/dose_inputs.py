"""What a dose equation is computed from: each input read off the facts, or why it is not known.

Absence is not evidence: a medicine counts as not taken, and a condition as absent, only where the whole list was
obtained. Values are rounded as they are shown, so that a reader can compute the dose again from the card.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from knowledge.facts import Answer, DrugUse, Ingredient, PatientFacts
from knowledge.formula import Limit
from knowledge.library import Library
from knowledge.pgx.gene_answer import GeneAnswer
from knowledge.pgx.genotype import Genotype
from knowledge.pgx.phenotype import interpret_genotype

_OBTAINED = (Answer.READ, Answer.NONE_ON_FILE)
_TENTH, _HUNDREDTH = Decimal("0.1"), Decimal("0.01")
_MOSTELLER = Decimal(3600)
_BEYOND_MEASURE = 10_000
_NAMES = {"age_years": "age", "height_cm": "height", "weight_kg": "weight", "target_inr": "target INR"}
_UNITS = {"height_cm": " cm", "weight_kg": " kg"}
_SMOKING = "smoking"


@dataclass(frozen=True)
class Given:
    """Everything that the inputs of an equation are read from."""

    library: Library
    facts: PatientFacts
    medicines: tuple[DrugUse, ...]
    """Active medicines and the other drafts."""
    drug: Ingredient
    answers: Mapping[str, GeneAnswer]
    signed_only: bool = False


@dataclass(frozen=True)
class InputReading:
    """A number with the words for it (name, value), or what is missing. 1 and 0 are yes and no."""

    value: Decimal | None = None
    shown: tuple[tuple[str, str], ...] = ()
    lacks: tuple[str, ...] = ()


def read_number(given: Given, name: str, limits: Mapping[str, Limit]) -> InputReading:
    """A number of the equation: measured, or derived from what was measured."""
    if name == "age_decades":
        return _derive([read_number(given, "age_years", limits)], lambda values: values[0] / 10)
    if name == "bsa_m2":
        measured = [read_number(given, one, limits) for one in ("height_cm", "weight_kg")]
        found = _derive(measured, lambda values: (values[0] * values[1] / _MOSTELLER).sqrt().quantize(_HUNDREDTH))
        if found.value is None:
            return found
        return InputReading(found.value, (*found.shown, ("body surface area", f"{found.value} m²")))
    return _measured(given.facts, name, limits.get(name, Limit()))


def read_smoking(given: Given, limits: Mapping[str, Limit]) -> InputReading:
    """Whether the patient smokes now."""
    smokes = given.facts.smokes
    if smokes is None:
        return InputReading(lacks=("whether the patient smokes is not on file",))
    old = _too_old(given.facts, "smokes", "smoking status", limits.get("smokes", Limit()))
    dated = f"{_yes(smokes)}{_dated(given.facts, 'smokes')}"
    return InputReading(lacks=(old,)) if old else InputReading(Decimal(smokes), ((_SMOKING, dated),))


def read_medicine(given: Given, name: str) -> InputReading:
    """Whether a medicine is taken, or ordered together with this one."""
    if _is_among(name, given.medicines):
        return InputReading(Decimal(1), ((name, _yes(True)),))
    if _is_among(name, given.facts.ended):
        return InputReading(lacks=(f"{name} is on file as stopped: whether it still acts is not known",))
    if given.facts.medications_answer not in _OBTAINED:
        return InputReading(lacks=("the medication list was not obtained",))
    if any(not use.ingredients for use in given.medicines):
        return InputReading(lacks=("the medication list holds medicines that could not be identified",))
    return InputReading(Decimal(0), ((name, _yes(False)),))


def read_condition(given: Given, name: str) -> InputReading:
    """Whether a condition is on the problem list."""
    holds = name in given.facts.conditions
    if not holds and given.facts.conditions_answer not in _OBTAINED:
        return InputReading(lacks=("the problem list was not obtained",))
    return InputReading(Decimal(holds), ((f"{given.library.conditions[name].label} on file", _yes(holds)),))


def read_pair(given: Given, symbol: str) -> tuple[Genotype | None, str]:
    """The one genotype on which every result of a gene agrees; without it None, and why."""
    gene, answer = given.library.genes[symbol], given.answers.get(symbol)
    record = given.facts.gene(symbol)
    written = [one.genotype for one in record.results if one.answer is Answer.READ and one.genotype is not None]
    read = [interpret_genotype(gene, text, given.facts.sex, patient=True).genotype for text in written]
    pairs = {tuple(sorted(one.strands)): one for one in read if one is not None}
    if len(pairs) > 1 or (answer is not None and answer.disagreement is not None):
        return None, f"{symbol} results disagree"
    if not pairs and record.answer is Answer.WITHHELD:
        return None, f"the {symbol} genotype may not be used"
    if not pairs:
        only = ": only a phenotype is" if answer is not None and answer.values else ""
        return None, f"the {symbol} genotype is not on file{only}"
    (pair,) = pairs.values()
    return (None, f"the {symbol} result is ambiguous") if pair.possible else (pair, "")


def is_taken_already(given: Given) -> bool:
    """Whether the drug itself is on the medication list: a dose to start from no longer applies."""
    return _is_among(given.drug.name, given.facts.medications)


def _measured(facts: PatientFacts, name: str, limit: Limit) -> InputReading:
    values = {
        "age_years": facts.age,
        "height_cm": facts.height_cm,
        "weight_kg": facts.weight_kg,
        "target_inr": facts.target_inr,
    }
    words, value = _NAMES[name], values[name]
    if value is None:
        missing = facts.missing_person if name == "age_years" else "is not on file"
        return InputReading(lacks=(f"the {words} {missing}",))
    if not 0 <= value < _BEYOND_MEASURE:
        return InputReading(lacks=(f"the {words} on file is no possible value",))
    value = value.to_integral_value(ROUND_FLOOR) if name == "age_years" else value.quantize(_TENTH)
    shown = f"{format(value.normalize(), 'f')}{_UNITS.get(name, '')}"
    if (limit.low is not None and value < limit.low) or (limit.high is not None and value > limit.high):
        return InputReading(lacks=(f"the {words} of {shown} is not accepted ({_range(limit)})",))
    old = _too_old(facts, name, words, limit)
    return InputReading(lacks=(old,)) if old else InputReading(value, ((words, f"{shown}{_dated(facts, name)}"),))


def _derive(readings: Iterable[InputReading], combine: Callable[[list[Decimal]], Decimal]) -> InputReading:
    """A number from others; everything that any of them lacks."""
    read = list(readings)
    shown = tuple(one for reading in read for one in reading.shown)
    lacks = tuple(one for reading in read for one in reading.lacks)
    values = [reading.value for reading in read if reading.value is not None]
    return InputReading(None if lacks else combine(values), shown, lacks)


def _range(limit: Limit) -> str:
    if limit.low is None or limit.high is None:
        return f"from {limit.low}" if limit.high is None else f"up to {limit.high}"
    return f"{limit.low} to {limit.high}"


def _too_old(facts: PatientFacts, name: str, words: str, limit: Limit) -> str | None:
    """Why a dated value does not count; None where it does, or was stated with the question."""
    if limit.valid_days is None or name not in facts.measured_on:
        return None
    day = _read_day(facts.measured_on[name])
    if day is None:
        return f"the {words} on file has no date"
    days = (facts.today - day).days if facts.today else 0
    if days > limit.valid_days:
        return f"the {words} is from {day}, too old"
    return f"the {words} is dated {day}, a day to come" if days < -1 else None


def _dated(facts: PatientFacts, name: str) -> str:
    day = _read_day(facts.measured_on.get(name))
    return f" ({day})" if day else ""


def _read_day(text: str | None) -> date | None:
    """A day as sent; of a month or a year its first day, so that no value is taken for newer than it is."""
    for whole in (text or "")[:10], f"{(text or '')[:7]}-01", f"{(text or '')[:4]}-01-01":
        try:
            return date.fromisoformat(whole)
        except ValueError:
            continue
    return None


def _is_among(name: str, uses: Iterable[DrugUse]) -> bool:
    return any(name == ingredient.name for use in uses for ingredient in use.ingredients)


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"
