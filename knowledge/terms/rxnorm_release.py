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
from typing import NamedTuple

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
_PARTS = frozenset(
    {"has_ingredient", "has_ingredients", "has_part", "has_precise_ingredient", "consists_of", "contains"}
)
"""Relations that lead from a medicine to a part of it: each of the parts must be known, or the whole is not."""
_DOWN = _PARTS | {"form_of", "tradename_of", "isa", "quantified_form_of"}
"""Relations that lead from a medicine to what it is made of."""
_BRAND = re.compile(r"\[([^\[\]]+)\]\s*$")
_LABELER_PRODUCT = re.compile(r"[0-9]{11}")


class Concept(NamedTuple):
    """One concept of RxNorm."""

    level: str
    name: str
    in_use: bool


@dataclass(frozen=True)
class Release:
    """The tables of one release, as imported/drug_names.json and imported/ndc.json.gz hold them."""

    ingredients: Mapping[str, str]
    products: Mapping[str, tuple[str, ...]]
    names: Mapping[str, str]
    brands: Mapping[str, tuple[str, ...]]
    ndc: Mapping[str, tuple[str, ...]]
    """Nine digits -> ingredients; without RXNSAT.RRF empty."""
    incomplete: tuple[str, ...] = ()
    """Codes that were left out because a part of them leads to no ingredient."""


def read_release(concepts: Path, relations: Path, attributes: Path | None = None) -> Release:
    """Read the files of a release. Raises ContentError where a file is not what it should be."""
    found: dict[str, Concept] = {}
    for code, concept in _concepts(concepts):
        if code not in found or concept.in_use:
            found[code] = concept
    resolved = _resolve(found, _links(relations, found))
    contents = {code: codes for code, codes in resolved.items() if codes and found[code].in_use}
    ingredients = {code: one.name.lower() for code, one in found.items() if one.level == INGREDIENT}
    named = {code: found[code] for code in contents if code not in ingredients}
    return Release(
        ingredients=ingredients,
        products={code: contents[code] for code, one in named.items() if one.level != BRAND_NAME},
        names={code: one.name for code, one in named.items() if one.level != BRAND_NAME},
        brands=_brands(named, contents),
        ndc=_ndc(attributes, contents) if attributes else {},
        incomplete=tuple(sorted(code for code, codes in resolved.items() if codes is None and found[code].in_use)),
    )


def _rows(path: Path, columns: int) -> Iterator[list[str]]:
    number = 0
    try:
        with path.open(encoding="utf-8", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                cells = line.rstrip("\r\n").split("|")
                if len(cells) < columns:
                    what = f"{len(cells)} columns where {columns} belong"
                    raise ContentError([Fault(str(path), number, what, "give NLM's own file, as it was unpacked")])
                yield cells
    except UnicodeDecodeError:
        fault = Fault(str(path), number + 1, "is no UTF-8", "give NLM's own file, as it was unpacked")
        raise ContentError([fault]) from None


def _concepts(path: Path) -> Iterator[tuple[str, Concept]]:
    """Every concept of RxNorm's own; one that is no longer in use may still be a part of one that is."""
    for cells in _rows(path, 17):
        code, source, level, name, suppressed = cells[0], cells[11], cells[12], cells[14], cells[16]
        if source == "RXNORM" and level in LEVELS:
            yield code, Concept(level, name, suppressed == "N")


def _links(path: Path, found: Mapping[str, Concept]) -> dict[str, set[str]]:
    """Medicine -> what leads down from it; a part that is no concept of the release stays in, to be missed there."""
    down: dict[str, set[str]] = defaultdict(set)
    for cells in _rows(path, 11):
        lower, upper, relation, source = cells[0], cells[4], cells[7], cells[10]
        if source != "RXNORM" or relation not in _DOWN or not lower or upper not in found:
            continue
        if lower in found and found[lower].level == BRAND_NAME:
            continue
        if lower in found or relation in _PARTS:
            down[upper].add(lower)
    return down


def _resolve(found: Mapping[str, Concept], down: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...] | None]:
    """Code -> ingredient codes: empty where it leads to none, None where one of its parts does."""
    known: dict[str, frozenset[str] | None] = {}

    def contents(code: str, above: frozenset[str]) -> frozenset[str] | None:
        if code not in found:
            return None
        if found[code].level == INGREDIENT:
            return frozenset({code})
        if code not in known:
            below = [contents(one, above | {code}) for one in down.get(code, ()) if one not in above]
            whole = frozenset(one for part in below for one in part or ())
            known[code] = None if any(not part for part in below) else whole
        return known[code]

    resolved = {code: contents(code, frozenset()) for code in found}
    return {code: None if codes is None else tuple(sorted(codes, key=int)) for code, codes in resolved.items()}


def _brands(named: Mapping[str, Concept], contents: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Brand -> ingredients, for brands that mean the same in every product."""
    seen: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for code, one in named.items():
        brand = _BRAND.search(one.name)
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
