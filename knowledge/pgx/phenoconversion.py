"""Phenoconversion: an inhibitor among the active medicines makes a genotype act as another phenotype.

CPIC's factors for CYP2D6 (strong inhibitor: score 0, moderate: half) stand in knowledge/content/modulators. A class
without a factor is named and changes nothing. A drug never converts its own substrate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from knowledge.facts import DrugUse, Ingredient
from knowledge.library import Gene, Library, Modulator
from knowledge.pgx.phenotype import GeneValue, value_of_score


@dataclass(frozen=True)
class Conversion:
    """The values under inhibition, the medicines that did it, and those that are only to be named."""

    values: tuple[GeneValue, ...]
    because: tuple[str, ...] = ()
    named: tuple[str, ...] = ()


def convert(
    library: Library, gene: Gene, values: Sequence[GeneValue], medicines: Iterable[DrugUse], substrate: Ingredient
) -> Conversion:
    """The gene's values as the strongest inhibitor among the medicines leaves them."""
    active = _active_modulators(library.modulators.get(gene.id, ()), medicines, substrate)
    effective = [(use, one) for use, one in active if one.factor is not None]
    named = tuple(f"{one.drug} ({one.strength} {one.effect})" for _, one in active if one.factor is None)
    if not effective or not any(value.score for value in values):
        return Conversion(tuple(values), named=named)
    factor = min(one.factor for _, one in effective if one.factor is not None)
    converted = dict.fromkeys(out for value in values for out in _times(gene, value, factor))
    because = tuple(_describe(use, one) for use, one in effective)
    return Conversion(tuple(converted), because, named)


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
    ordered = ", being ordered as well" if use.draft else ""
    return f"{one.drug} ({one.strength} {one.effect}{ordered})"
