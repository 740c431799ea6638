"""The laboratory's words on what a genotype means, coded or as text, and whether they are a phenotype of the gene.

Third parties' advice ("increase dose") and effects on single medicines ("responsive") are no phenotypes and are left.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from cds_hooks.fhir.coding import Concept, Pair, member, read_decimal, text_of
from cds_hooks.fhir.observation import Observation
from knowledge.gene import Gene
from knowledge.library import Library
from knowledge.pgx.words import read_phenotype

_METABOLIC = frozenset({METABOLISM, TRANSPORTER, EFFECT_METABOLISM})


@dataclass(frozen=True)
class Words:
    """One statement of the laboratory; `phenotype` is the id in the gene's file, None for words that are on no list."""

    written: str
    phenotype: str | None = None
    problem: str | None = None


def read_implication(observation: Observation, gene: Gene, library: Library, own: bool = True) -> tuple[Words, ...]:
    """The phenotype words of an implication (STU1 value, STU2 and STU3 components), each once.

    Without `own` the Observation's own value is left: its form decides elsewhere what it is.
    """
    words = (read_words(value, gene, library, strict) for value, strict in _values(observation, own))
    return tuple(dict.fromkeys(one for one in words if one is not None))


def read_words(value: Concept, gene: Gene, library: Library, strict: bool = False) -> Words | None:
    """What a concept says on the phenotype of a gene.

    Code, display and text that mean unlike phenotypes are a `problem`. `strict` leaves out what is no phenotype: coded
    answers that the library does not list.
    """
    coded = [one for pair in value.pairs if (one := _answer(library, pair)) is not None]
    if any(owner is not None and owner != gene.id for owner, _ in coded):
        return Words(value.label() or "", problem=f"its code is one of another gene than {gene.id}")
    named = value.names
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
    if any(_answer(library, pair) is not None for pair in value.pairs):
        return True
    return any(" ".join(name.casefold().split()) in library.synonyms for name in value.names)


def states_phenotype(observation: Observation, library: Library) -> bool:
    """True where an implication holds a phenotype of whatever gene."""
    return any(is_listed(value, library) for value, _ in _values(observation, own=True))


def read_score(observation: Observation) -> str | None:
    """The activity score that the laboratory states in a component of that name, as sent."""
    for part in observation.parts:
        if any("activity score" in name.casefold() for name in part.code.names):
            number = read_decimal(member(part.raw.get("valueQuantity"), "value"))
            if number is not None:
                return str(number)
            return text_of(part.raw.get("valueString")) or part.value.label()
    return None


def _values(observation: Observation, own: bool) -> Iterator[tuple[Concept, bool]]:
    """Each value that may state a phenotype, and whether unlisted codes in it are to be left out."""
    codes = observation.code.pairs
    if own and observation.value and EFFICACY not in codes:
        yield observation.value, _METABOLIC.isdisjoint(codes)
    contexts = (PHENOTYPIC_CONTEXT,) if DIAGNOSTIC_IMPLICATION in codes else ()
    for part in observation.parts_of(*IMPLICATION_COMPONENTS, *contexts):
        if part.value:
            yield part.value, _METABOLIC.isdisjoint(part.code.pairs) or HIGH_RISK in part.code.pairs


def _answer(library: Library, pair: Pair) -> tuple[str | None, str] | None:
    system, code = pair
    return library.answer_codes.get((system, code)) if system and code else None
