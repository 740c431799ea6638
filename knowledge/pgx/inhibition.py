"""An alternative looked at as an inhibitor: what it would do to the medicines that the patient takes already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from knowledge.facts import DrugUse, Ingredient
from knowledge.library import Alternative, Drug
from knowledge.pgx.recommend import Question, recommend


@dataclass(frozen=True)
class AsInhibitor:
    """Reasons against an alternative, and reasons to look twice."""

    harmed: tuple[str, ...] = ()
    """Medicines whose guidance would ask for a change that it does not ask for now."""
    unsure: tuple[str, ...] = ()
    """Medicines that depend on an inhibited gene without a usable result."""


def look_at_as_inhibitor(question: Question, one: Alternative) -> AsInhibitor:
    """What the alternative would do as an inhibitor whose factor is known (CPIC's, on the activity score)."""
    genes = [
        gene
        for gene, listed in question.library.modulators.items()
        if any(found.factor is not None and one.rxnorm == found.rxnorm for found in listed)
    ]
    harmed, unsure = [], []
    for drug, ingredient in _taken(question) if genes else ():
        touched = [gene for gene in genes if gene in drug.genes]
        if not touched:
            continue
        inhibits = f"it inhibits {' and '.join(touched)}"
        changes = _changes(replace(question, drug=drug, ingredient=ingredient, every_population=False), one, touched)
        if changes:
            harmed.append(f"{inhibits}: {ingredient.name}, which is taken, would need a change")
        elif changes is None:
            unsure.append(f"{inhibits}, and {ingredient.name} is taken, for which no result says how much that matters")
    return AsInhibitor(tuple(harmed), tuple(unsure))


def _taken(question: Question) -> Sequence[tuple[Drug, Ingredient]]:
    """Medicines in use that have guidance, each once; not the one that is to be replaced."""
    index = question.library.drug_index
    taken = dict.fromkeys(one for use in question.facts.medications for one in use.ingredients)
    found = ((index.get(one.rxnorm or "") or index.get(one.name), one) for one in taken if one != question.ingredient)
    return [(drug, one) for drug, one in found if drug is not None]


def _changes(taken: Question, one: Alternative, touched: Sequence[str]) -> bool | None:
    """Whether a medicine's guidance would ask for something new; None where its genes have no usable result."""
    before = {found.id for found in recommend(taken) if found.acts}
    added = DrugUse((Ingredient(one.name, one.rxnorm),), one.name, draft=True)
    after = recommend(replace(taken, medicines=(*taken.medicines, added)))
    if any(found.acts and found.id not in before for found in after):
        return True
    return None if any(gap.gene in touched for found in after for gap in found.gaps) else False
