"""Phenoconversion: an inhibitor among the active medicines makes a genotype act as another phenotype.

CPIC's factors for CYP2D6 (strong inhibitor: score 0, moderate: half) stand in knowledge/content/modulators. A class
without a factor is named and changes nothing, and so is an inhibitor that was stopped: its effect may outlast it, for
how long no table says. A drug never converts its own substrate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from knowledge.facts import DrugUse, Ingredient
from knowledge.gene import Gene
from knowledge.library import UNVERIFIED, Library, Modulator
from knowledge.pgx.phenotype import GeneValue, value_of_score
from knowledge.pgx.score import Score


@dataclass(frozen=True)
class Conversion:
    """The values under inhibition, the medicines that did it, and those that are only to be named."""

    values: tuple[GeneValue, ...]
    because: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    """A sentence for each medicine that is only named."""


def convert(
    library: Library,
    gene: Gene,
    values: Sequence[GeneValue],
    medicines: Iterable[DrugUse],
    substrate: Ingredient,
    ended: Iterable[DrugUse] = (),
) -> Conversion:
    """The gene's values as the strongest inhibitor among the medicines leaves them; `ended`: those stopped lately."""
    listed = library.modulators.get(gene.id, ())
    active = _active_modulators(listed, medicines, substrate)
    effective = [(use, one) for use, one in active if one.factor is not None]
    taken = {one.drug for _, one in active}
    stopped = [(use, one) for use, one in _active_modulators(listed, ended, substrate) if one.drug not in taken]
    named = (
        *(_describe_uncounted(gene, use, one) for use, one in active if one.factor is None),
        *(_describe_stopped(gene, use, one) for use, one in stopped),
    )
    if not effective or not any(value.score for value in values):
        return Conversion(tuple(values), named=named)
    factor = min(one.factor for _, one in effective if one.factor is not None)
    converted = dict.fromkeys(out for value in values for out in _times(gene, value, factor))
    if {(one.phenotype, one.score) for one in converted} == {(one.phenotype, one.score) for one in values}:
        return Conversion(tuple(values), named=named)  # nothing is left to inhibit
    because = tuple(_describe(use, one) for use, one in effective)
    return Conversion(tuple(converted), because, named)


def convert_any(library: Library, gene: Gene, medicines: Iterable[DrugUse], substrate: Ingredient) -> Conversion | None:
    """What every genotype acts as, where an inhibitor leaves no score at all (factor 0); None where none does."""
    active = _active_modulators(library.modulators.get(gene.id, ()), medicines, substrate)
    total = [(use, one) for use, one in active if one.factor == 0]
    if not total or gene.method != "activity_score":
        return None
    return Conversion((value_of_score(gene, Score(Decimal(0))),), tuple(_describe(use, one) for use, one in total))


def find_modulators(
    library: Library, gene: str, medicines: Iterable[DrugUse], substrate: Ingredient
) -> tuple[str, ...]:
    """Names of the gene's inhibitors and inducers among the medicines, whether they are counted or only named."""
    return tuple(one.drug for _, one in _active_modulators(library.modulators.get(gene, ()), medicines, substrate))


def _times(gene: Gene, value: GeneValue, factor: Decimal) -> tuple[GeneValue, ...]:
    """One value times a factor; a score that stays open upwards may reach every phenotype above it."""
    if value.score is None:
        return (value,)
    score = value.score.times(factor)
    first = value_of_score(gene, score)
    if not score.at_least:
        return (first,)
    above = (
        GeneValue(phenotype.id)
        for phenotype in gene.phenotypes.values()
        if phenotype.scores is not None and phenotype.scores.low is not None and phenotype.scores.low >= score.value
    )
    return (first, *(value for value in above if value.phenotype != first.phenotype))


def _active_modulators(
    modulators: Sequence[Modulator], medicines: Iterable[DrugUse], substrate: Ingredient
) -> list[tuple[DrugUse, Modulator]]:
    by_code = {one.rxnorm: one for one in modulators}
    by_name = {one.drug: one for one in modulators}
    found: dict[str, tuple[DrugUse, Modulator]] = {}
    for use in medicines:
        for ingredient in use.ingredients:
            if ingredient == substrate or (ingredient.rxnorm and ingredient.rxnorm == substrate.rxnorm):
                continue
            one = by_code.get(ingredient.rxnorm or "") or by_name.get(ingredient.name)
            if one is not None:
                found.setdefault(one.drug, (use, one))
    return list(found.values())


def _describe(use: DrugUse, one: Modulator) -> str:
    """ "fluoxetine (strong inhibitor, to end on 2026-12-01)"."""
    further = ", being ordered as well" if use.draft else f", to end on {use.until}" if use.until else ""
    return f"{one.drug} ({one.words}{further})"


def _describe_uncounted(gene: Gene, use: DrugUse, one: Modulator) -> str:
    of = f"{one.effect} of {gene.id}"
    strength = ", strength not verified" if one.strength == UNVERIFIED else f", {one.strength}"
    listed = "is being ordered as well" if use.draft else "is on the medication list"
    return f"{one.drug} ({of}{strength}) {listed}: the genotype's phenotype was not changed for it"


def _describe_stopped(gene: Gene, use: DrugUse, one: Modulator) -> str:
    when = f" until {use.until}" if use.until else ""
    return f"{one.drug} ({one.words} of {gene.id}) was taken{when}: it was not counted, its effect may outlast it"
