"""A dose to start from by published equations: sums over terms that are content, and every reason not to compute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from knowledge.findings import Action, Amount, DoseEstimate
from knowledge.formula import Formula, Term
from knowledge.gene import Gene
from knowledge.pgx.diplotype import read_genotype
from knowledge.pgx.dose_inputs import (
    Given,
    InputReading,
    is_taken_already,
    read_condition,
    read_medicine,
    read_number,
    read_pair,
    read_smoking,
)

_DAYS = {"day": 1, "week": 7}
_TENTH, _HALF = Decimal("0.1"), Decimal("0.5")


@dataclass(frozen=True)
class ComputedDose:
    """What an equation gives, unrounded and in its own unit, from which inputs, and all that stood in the way."""

    dose: Decimal | None
    inputs: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]


def estimate_doses(actions: Sequence[Action], given: Given) -> tuple[DoseEstimate, ...]:
    """An estimate for each equation that a row's actions name and that is in use."""
    named = dict.fromkeys(name for action in actions for name in action.formulas)
    formulas = (given.library.formulas.get(name) for name in named)
    return tuple(_estimate(formula, given) for formula in formulas if formula is not None)


def compute_dose(formula: Formula, given: Given) -> ComputedDose:
    """The equation for one patient; with anything missing or excluded there is no dose."""
    readings = [_read_term(formula, term, given) for term in formula.terms]
    shown = dict.fromkeys(one for reading in readings for one in reading.shown)
    reasons = dict.fromkeys([*_exclusions(formula, given), *(lack for one in readings for lack in one.lacks)])
    if reasons:
        return ComputedDose(None, tuple(shown), tuple(reasons))
    total = formula.constant + sum((one.value for one in readings if one.value is not None), Decimal(0))
    dose = total.exp() if formula.transform == "exp" else total * total
    low, high = formula.plausible
    # The square of a negative sum would look like a dose.
    if not low <= dose / _DAYS[formula.per] <= high or (formula.transform == "square" and total <= 0):
        return ComputedDose(None, tuple(shown), (f"the result lies outside {low} to {high} mg per day",))
    return ComputedDose(dose, tuple(shown), ())


def _estimate(formula: Formula, given: Given) -> DoseEstimate:
    computed = compute_dose(formula, given)
    reasons = list(computed.reasons)
    today = given.facts.today
    if given.signed_only and not formula.sign_off.holds(today):
        ended = formula.sign_off.ended(today)
        lacking = f"the signature of the equation ended on {ended}" if ended else "the equation is not signed"
        reasons.insert(0, f"{lacking}, and the site asks for signed content only")
    daily = weekly = None
    if computed.dose is not None and not reasons:
        a_day = (computed.dose / _DAYS[formula.per]).quantize(_TENTH, ROUND_HALF_UP)
        daily = Amount(a_day, "mg", "day")
        if formula.per == "week":
            weekly = Amount((computed.dose / _HALF).quantize(Decimal(1), ROUND_HALF_UP) * _HALF, "mg", "week")
    return DoseEstimate(
        formula=formula.id,
        title=formula.title,
        amount=daily,
        weekly=weekly,
        inputs=computed.inputs,
        reason="; ".join(reasons) or None,
        note=formula.note,
        sources=formula.sources,
        content_version=formula.version,
        content_status=formula.sign_off.status_on(today),
    )


def _exclusions(formula: Formula, given: Given) -> Iterator[str]:
    """Why the equation must not be asked at all, whatever is known."""
    if is_taken_already(given):
        yield f"{given.drug.name} is on the medication list already, a dose to start from no longer applies"
    for name in formula.excluded_medicines:
        reading = read_medicine(given, name)
        yield from reading.lacks
        if reading.value:
            yield f"{name} is on the medication list: {formula.excluded_because}"


def _read_term(formula: Formula, term: Term, given: Given) -> InputReading:
    """The summand of a term."""
    if term.kind == "diplotype":
        return _read_diplotype(term, given)
    if term.kind == "alleles":
        return _read_alleles(term, given)
    if term.kind == "medicine":
        reading = read_medicine(given, term.of)
    elif term.kind == "condition":
        reading = read_condition(given, term.of)
    elif term.kind == "yes_no":
        reading = read_smoking(given, formula.limits)
    else:
        reading = read_number(given, term.of, formula.limits)
    value = None if reading.value is None else reading.value * term.coefficient
    return InputReading(value, reading.shown, reading.lacks)


def _read_diplotype(term: Term, given: Given) -> InputReading:
    """The coefficient of the patient's genotype; one that the equation does not name is not computed."""
    pair, lack = read_pair(given, term.of)
    if pair is None:
        return InputReading(lacks=(lack,))
    gene = given.library.genes[term.of]
    named = {strands_of(gene, text): text for text in term.coefficients}
    text = named.get(tuple(sorted(pair.strands)))
    if text is None:
        known = {strand for strands in named for strand in strands}
        return _unknown(term, pair.canonical, [strand for strand in pair.strands if strand not in known])
    return InputReading(term.coefficients[text], ((term.of, text),))


def _read_alleles(term: Term, given: Given) -> InputReading:
    """The sum of both alleles' coefficients."""
    pair, lack = read_pair(given, term.of)
    if pair is None:
        return InputReading(lacks=(lack,))
    alleles = given.library.genes[term.of].alleles
    named: dict[tuple[str, ...], Decimal] = {(alleles[name].name,): value for name, value in term.coefficients.items()}
    unknown = [strand for strand in pair.strands if strand not in named]
    if unknown or len(pair.strands) != 2:
        return _unknown(term, pair.canonical, unknown)
    return InputReading(sum((named[strand] for strand in pair.strands), Decimal(0)), ((term.of, pair.canonical),))


def strands_of(gene: Gene, text: str) -> tuple[tuple[str, ...], ...]:
    """A genotype of a formula's file as an unordered pair. Raises UnreadableGenotype."""
    return tuple(sorted(read_genotype(gene, text).strands))


def _unknown(term: Term, canonical: str, strands: Sequence[Sequence[str]]) -> InputReading:
    names = " and ".join(dict.fromkeys(" + ".join(strand) for strand in strands)) or "this genotype"
    return InputReading(lacks=(f"{term.of} {canonical}: the equation does not know {names}",))
