"""The tables of medicine names and codes, rebuilt from NLM's own files (RxNorm Current Prescribable Content).

RXNCONSO.RRF names concepts (RXCUI, SAB, TTY, STR, SUPPRESS), RXNREL.RRF relates them (RXCUI1, RXCUI2, RELA: read from
the second to the first, "RXCUI2 consists_of RXCUI1"), RXNSAT.RRF holds their NDCs.
https://www.nlm.nih.gov/research/umls/rxnorm/docs/techdoc.html, sections 12.4 to 12.6.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from knowledge.loading.errors import ContentError, Fault

SOURCE = (
    "RxNorm, courtesy of the U.S. National Library of Medicine. This product uses publicly available data from NLM; "
    "NLM is not responsible for the product and does not endorse or recommend it."
)
INGREDIENT, BRAND_NAME = "IN", "BN"
LEVELS = frozenset(
    {"IN", "PIN", "MIN", "BN", "SCD", "SBD", "SCDC", "SBDC", "SCDF", "SBDF", "SCDG", "SBDG", "SCDFP", "SBDFP", "SCDGP"}
) | {"GPCK", "BPCK"}
"""Kinds of concepts that a medicine may be written as."""
_DOWN = frozenset(
    {"has_ingredient", "has_ingredients", "has_part", "has_precise_ingredient", "form_of", "consists_of"}
) | {"contains", "tradename_of", "isa", "quantified_form_of"}
"""Relations that lead from a medicine to what it is made of."""
_BRAND = re.compile(r"\[([^\[\]]+)\]\s*$")
_LABELER_PRODUCT = re.compile(r"[0-9]{11}")


@dataclass(frozen=True)
class Release:
    """The tables of one release, as imported/drug_names.json and imported/ndc.json.gz hold them."""

    ingredients: Mapping[str, str]
    products: Mapping[str, tuple[str, ...]]
    names: Mapping[str, str]
    brands: Mapping[str, tuple[str, ...]]
    ndc: Mapping[str, tuple[str, ...]]
    """Nine digits -> ingredients; without RXNSAT.RRF empty."""


def read_release(concepts: Path, relations: Path, attributes: Path | None = None) -> Release:
    """Read the files of a release. Raises ContentError where a file is not what it should be."""
    found = dict(_concepts(concepts))
    down: dict[str, set[str]] = defaultdict(set)
    for lower, upper in _relations(relations):
        if lower in found and upper in found and found[lower][0] != BRAND_NAME:
            down[upper].add(lower)
    contents = _resolve(found, down)
    ingredients = {code: name.lower() for code, (level, name) in found.items() if level == INGREDIENT}
    named = {
        code: (level, name) for code, (level, name) in found.items() if code in contents and code not in ingredients
    }
    return Release(
        ingredients=ingredients,
        products={code: contents[code] for code, (level, _) in named.items() if level != BRAND_NAME},
        names={code: name for code, (level, name) in named.items() if level != BRAND_NAME},
        brands=_brands(named, contents),
        ndc=_ndc(attributes, contents) if attributes else {},
    )


def _rows(path: Path, columns: int) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            cells = line.rstrip("\r\n").split("|")
            if len(cells) < columns:
                what = f"{len(cells)} columns where {columns} belong"
                raise ContentError([Fault(str(path), number, what, "give NLM's own file, as it was unpacked")])
            yield cells


def _concepts(path: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """Code, level and name of every concept in use."""
    for cells in _rows(path, 17):
        code, source, level, name, suppressed = cells[0], cells[11], cells[12], cells[14], cells[16]
        if source == "RXNORM" and level in LEVELS and suppressed == "N":
            yield code, (level, name)


def _relations(path: Path) -> Iterator[tuple[str, str]]:
    """(what it is made of, the medicine) for each relation that leads down."""
    for cells in _rows(path, 11):
        first, second, relation, source = cells[0], cells[4], cells[7], cells[10]
        if source == "RXNORM" and relation in _DOWN and first and second:
            yield first, second


def _resolve(found: Mapping[str, tuple[str, str]], down: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Code -> ingredient codes, for every concept that leads to at least one ingredient."""
    known: dict[str, frozenset[str]] = {}

    def contents(code: str, above: frozenset[str]) -> frozenset[str]:
        if found[code][0] == INGREDIENT:
            return frozenset({code})
        if code not in known:
            below = [contents(one, above | {code}) for one in down.get(code, ()) if one not in above]
            known[code] = frozenset().union(*below)
        return known[code]

    resolved = {code: contents(code, frozenset()) for code in found}
    return {code: tuple(sorted(codes, key=int)) for code, codes in resolved.items() if codes}


def _brands(
    named: Mapping[str, tuple[str, str]], contents: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Brand -> ingredients, for brands that mean the same in every product."""
    seen: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for code, (_, name) in named.items():
        brand = _BRAND.search(name)
        if brand:
            seen[brand[1].lower()].add(contents[code])
    return {brand: sets.copy().pop() for brand, sets in seen.items() if len(sets) == 1}


def _ndc(path: Path, contents: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Labeler and product -> ingredients; what two packages of one product give differently is left out."""
    seen: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for cells in _rows(path, 12):
        code, name, source, value = cells[0], cells[8], cells[9], cells[10]
        if name == "NDC" and source == "RXNORM" and code in contents and _LABELER_PRODUCT.fullmatch(value):
            seen[value[:9]].add(contents[code])
    return {code: sets.copy().pop() for code, sets in seen.items() if len(sets) == 1}
