"""What a row asks the record for, derived from its table: which facts decide whether it applies, and what it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from knowledge.formula import Formula
from knowledge.library import Alternative, Criteria, Drug, Library, Row, Table

FACTS = frozenset(
    {
        "genes",
        "age",
        "sex",
        "weight_kg",
        "height_cm",
        "smokes",
        "target_inr",
        "conditions",
        "medications",
        "allergies",
    }
)
"""Fields of PatientFacts that a row, an alternative or an equation can ask for."""

_NUMBERS = {"age_years": ("age",), "age_decades": ("age",), "bsa_m2": ("height_cm", "weight_kg")}
"""Inputs of equations that go by another name than the fact they are read from."""


@dataclass(frozen=True)
class Inputs:
    """Facts, condition sets and medicines that are looked at, each once and sorted."""

    facts: tuple[str, ...]
    """Of FACTS."""
    conditions: tuple[str, ...]
    medicines: tuple[str, ...]


Asked = tuple[str, str | None]
"""A fact, and of conditions and medications which one; None: whatever the record holds."""


def find_inputs(library: Library, drug: Drug, table: Table, row: Row) -> Inputs:
    """Everything that is looked at before this row is said, its alternatives and equations included."""
    asked = set(_ask_table(library, drug, table))
    offered = {name for action in row.actions for name in action.drugs}
    for name in offered & set(drug.alternatives):
        asked |= set(_ask_alternative(library, drug.alternatives[name]))
    asked |= {("conditions", name) for action in row.actions for name in action.by_hand_in}
    for name in dict.fromkeys(name for action in row.actions for name in action.formulas):
        asked |= set(_ask_formula(library, library.formulas[name])) if name in library.formulas else set()
    return Inputs(
        facts=tuple(sorted({fact for fact, _ in asked})),
        conditions=tuple(sorted({which for fact, which in asked if fact == "conditions" and which})),
        medicines=tuple(sorted({which for fact, which in asked if fact == "medications" and which})),
    )


def list_attributes(library: Library, inputs: Inputs) -> tuple[str, ...]:
    """Ids of the attributes that these inputs are, in the order of the content's list."""
    told = library.transparency
    found = {told.facts.get(fact) for fact in inputs.facts} | {told.conditions.get(name) for name in inputs.conditions}
    return tuple(one.id for one in told.attributes if one.id in found)


def _ask_table(library: Library, drug: Drug, table: Table) -> Iterator[Asked]:
    """Its genes, with what they are read with, and the criteria of every population that it tells apart."""
    yield from _ask_genes(library, table.genes)
    for name in table.populations:
        if name in drug.populations:
            yield from _ask_criteria(drug.populations[name].criteria)


def _ask_genes(library: Library, genes: Iterable[str]) -> Iterator[Asked]:
    for name in genes:
        yield "genes", None
        if name in library.genes and library.genes[name].hangs_on_sex:
            yield "sex", None
        if name in library.modulators:
            yield "medications", None


def _ask_criteria(criteria: Criteria) -> Iterator[Asked]:
    yield from (("conditions", name) for name in (*criteria.any_of, *criteria.none_of))
    medicines = (criteria.uses, criteria.naive_to, *criteria.beside, *criteria.not_beside)
    yield from (("medications", name) for name in medicines if name)
    if criteria.age_from is not None or criteria.age_below is not None:
        yield "age", None
    if criteria.weight_over_kg is not None or criteria.weight_up_to_kg is not None:
        yield "weight_kg", None
    for one in criteria.either:
        yield from _ask_criteria(one)


def _ask_alternative(library: Library, one: Alternative) -> Iterator[Asked]:
    """Its own conditions; and what its own tables ask, since it is checked against them as well."""
    yield from (("conditions", name) for name in (*one.unless, *one.check_if, *one.meant_for))
    yield from (("medications", name) for name in (*one.not_with, *one.check_with))
    yield from (("medications", None), ("allergies", None))
    if one.age_from is not None or one.age_below is not None:
        yield "age", None
    if one.weight_from_kg is not None:
        yield "weight_kg", None
    own = library.drugs.get(one.name)
    for table in own.tables if own is not None and not one.is_class else ():
        yield from _ask_table(library, own, table) if own is not None else ()


def _ask_formula(library: Library, formula: Formula) -> Iterator[Asked]:
    yield "medications", None
    yield from _ask_genes(library, formula.genes)
    yield from (("medications", name) for name in formula.excluded_medicines)
    for name in formula.limits:
        yield from ((fact, None) for fact in _NUMBERS.get(name, (name,)))
    for term in formula.terms:
        if term.kind in ("number", "yes_no"):
            yield from ((fact, None) for fact in _NUMBERS.get(term.of, (term.of,)))
        elif term.kind in ("medicine", "condition"):
            yield f"{term.kind}s".replace("medicines", "medications"), term.of
