"""The laboratory's words on what a genotype means, coded or as text, and whether they are a phenotype of the gene.

Third parties' advice ("increase dose") and effects on single medicines ("responsive") are no phenotypes and are left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cds_hooks.fhir.codes import (
    DIAGNOSTIC_IMPLICATION,
    EFFECT_METABOLISM,
    EFFICACY,
    HIGH_RISK,
    IMPLICATION_COMPONENTS,
    METABOLISM,
    PHENOTYPIC_CONTEXT,
    TRANSPORTER,
)
from cds_hooks.fhir.coding import Concept, objects, read_concept, read_decimal, read_value, text_of
from cds_hooks.fhir.record import Json
from knowledge.library import Gene, Library
from knowledge.pgx.words import read_phenotype

_METABOLIC = frozenset({METABOLISM, TRANSPORTER, EFFECT_METABOLISM})


@dataclass(frozen=True)
class Words:
    """One statement of the laboratory; `phenotype` is the id in the gene's file, None for words that are on no list."""

    written: str
    phenotype: str | None = None
    problem: str | None = None


def read_implication(observation: Json, gene: Gene, library: Library) -> tuple[Words, ...]:
    """The phenotype words of an implication (STU1 value, STU2 and STU3 components), each once."""
    words = (read_words(value, gene, library, strict) for value, strict in _values(observation))
    return tuple(dict.fromkeys(one for one in words if one is not None))


def read_words(value: Concept, gene: Gene, library: Library, strict: bool = False) -> Words | None:
    """What a concept says on the phenotype of a gene.

    Code, display and text that mean unlike phenotypes are a `problem`. `strict` leaves out what is no phenotype: coded
    answers that the library does not list.
    """
    coded = [one for pair in value.pairs() if (one := _answer(library, pair)) is not None]
    if any(owner is not None and owner != gene.id for owner, _ in coded):
        return Words(value.label() or "", problem=f"its code is one of another gene than {gene.id}")
    named = value.names()
    found: dict[str, str] = {}
    for text in (*named, *(term for _, term in coded)):
        read = read_phenotype(library, gene, text)
        if read is not None:
            found.setdefault(read.id, text)
    if len(found) > 1:
        return Words(value.label() or "", problem=f"its words disagree: {' and '.join(found.values())}")
    if found:
        phenotype, words = next(iter(found.items()))
        return Words(words, phenotype)
    shown = value.label() if named else next((term for _, term in coded), value.label())
    if shown is None or strict and value.codings and not coded:
        return None
    return Words(shown)


def is_listed(value: Concept, library: Library) -> bool:
    """True where a concept is a phenotype of some gene: an answer code or a synonym of the library."""
    if any(_answer(library, pair) is not None for pair in value.pairs()):
        return True
    return any(" ".join(name.casefold().split()) in library.synonyms for name in value.names())


def states_phenotype(observation: Json, library: Library) -> bool:
    """True where an implication holds a phenotype of whatever gene."""
    return any(is_listed(value, library) for value, _ in _values(observation))


def read_score(observation: Json) -> str | None:
    """The activity score that the laboratory states in a component of that name, as sent."""
    for component in objects(observation.get("component")):
        names = read_concept(component.get("code")).names()
        if any("activity score" in name.casefold() for name in names):
            quantity = component.get("valueQuantity")
            number = read_decimal(quantity.get("value")) if isinstance(quantity, Mapping) else None
            if number is not None:
                return str(number)
            return text_of(component.get("valueString")) or read_value(component).label()
    return None


def _values(observation: Json) -> Iterator[tuple[Concept, bool]]:
    """Each value that may state a phenotype, and whether unlisted codes in it are to be left out."""
    codes = frozenset(read_concept(observation.get("code")).pairs())
    own = read_value(observation)
    if own and EFFICACY not in codes:
        yield own, not codes & _METABOLIC
    wanted = IMPLICATION_COMPONENTS | ({PHENOTYPIC_CONTEXT} if DIAGNOSTIC_IMPLICATION in codes else frozenset())
    for component in objects(observation.get("component")):
        inside = frozenset(read_concept(component.get("code")).pairs())
        if inside & wanted:
            value = read_value(component)
            if value:
                yield value, not inside & _METABOLIC or HIGH_RISK in inside


def _answer(library: Library, pair: tuple[str | None, str | None]) -> tuple[str | None, str] | None:
    system, code = pair
    return library.answer_codes.get((system, code)) if system and code else None
