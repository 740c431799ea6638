"""An alternative looked at as an inhibitor: what it would do to the medicines that the patient takes already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from knowledge.facts import Answer, DrugUse, Ingredient
from knowledge.findings import Finding
from knowledge.library import Alternative, Drug, Modulator
from knowledge.pgx.recommend import Question, recommend


@dataclass(frozen=True)
class AsInhibitor:
    """Reasons against an alternative, and reasons to look twice."""

    harmed: tuple[str, ...] = ()
    """Medicines whose guidance would ask for a change that it does not ask for now, or that depend on an inhibited gene
    without a usable result."""
    unsure: tuple[str, ...] = ()
    """Medicines that depend on a gene which is inhibited or induced to a degree that no factor tells."""


def look_at_as_inhibitor(question: Question, one: Alternative) -> AsInhibitor:
    """What the alternative would do to what is taken: by CPIC's factor where it has one, else only said."""
    listed = {
        gene: found for gene, several in question.library.modulators.items() for found in several if _is(found, one)
    }
    harmed, unsure = [], []
    for drug, ingredient in _taken(question) if listed else ():
        touched = [gene for gene in listed if gene in drug.genes and listed[gene].factor is not None]
        named = [gene for gene in listed if gene in drug.genes and listed[gene].factor is None]
        unsure += [_say_named(listed[gene], gene, ingredient) for gene in named]
        if not touched:
            continue
        inhibits = f"it inhibits {' and '.join(touched)}"
        changes = _changes(replace(question, drug=drug, ingredient=ingredient, every_population=False), one, touched)
        if changes:
            harmed.append(f"{inhibits}: {ingredient.name}, which is taken, would need a change")
        elif changes is None:
            # What is refused to a normal metabolizer must not be open to somebody who was never tested.
            harmed.append(f"{inhibits}, and {ingredient.name} is taken: how much that matters is not known")
    return AsInhibitor(tuple(harmed), tuple(unsure))


def _is(found: Modulator, one: Alternative) -> bool:
    return one.rxnorm == found.rxnorm if one.rxnorm else one.name == found.drug


def _say_named(found: Modulator, gene: str, taken: Ingredient) -> str:
    """ "it is listed for CYP2C19 (inhibitor, strength not verified), and clopidogrel is taken, which depends on it"."""
    return f"it is listed for {gene} ({found.words}), and {taken.name} is taken, which depends on it"


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
    # What is true of every genotype is no proof that this one acted otherwise before.
    certain = (found for found in after if found.acts and not found.hidden_by and not _is_of_any_genotype(found))
    if any(found.id not in before for found in certain):
        return True
    return None if any(gap.gene in touched for found in after for gap in found.gaps) else False


def _is_of_any_genotype(found: Finding) -> bool:
    return any(gene.because and gene.answer is Answer.NONE_ON_FILE for gene in found.genes)
