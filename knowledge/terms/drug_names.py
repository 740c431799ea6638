"""From a coded or named medicine to its ingredients.

Codes first: RxNorm at any level and NDC by the imported tables, ATC by the drug files, local codes by the site's
overlay. A name counts when it equals a listed name after normalisation, or when every one of its words is known. A
medicine that cannot be identified is said so, never guessed; of a combination every ingredient is named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge.facts import Identified, Ingredient
from knowledge.library import Drug, Library
from knowledge.loading.load import CONTENT
from knowledge.loading.strict_yaml import load_strict
from knowledge.terms.display_name import NO_NAMES, NameReader, ReadName
from knowledge.terms.ndc import SYSTEMS as NDC
from knowledge.terms.ndc import load_ndc, read_ndc

RXNORM = ("http://www.nlm.nih.gov/research/umls/rxnorm", "urn:oid:2.16.840.1.113883.6.88")
ATC = ("http://www.whocc.no/atc", "urn:oid:2.16.840.1.113883.6.73")
_STRENGTH = re.compile(r"[0-9] |\]|\(")
"""What only names of products hold, and never the name of an ingredient or brand."""
_BRAND = re.compile(r"\[([^\[\]]+)\]\s*$")

Coding = tuple[str | None, str | None, str | None]


@dataclass(frozen=True)
class DrugNames:
    """Tables from codes and names to ingredient codes."""

    ingredients: Mapping[str, str]
    """RxNorm ingredient code -> name."""
    products: Mapping[str, tuple[str, ...]]
    """RxNorm code of any level -> ingredient codes."""
    names: Mapping[str, tuple[str, ...]]
    """Normalised name -> ingredient codes."""
    atc: Mapping[str, tuple[str, ...]]
    """ATC code -> ingredient codes of every drug file that has it (combinations)."""
    local: Mapping[tuple[str, str], tuple[str, ...]]
    """(system URI, code) of the site's own tables -> ingredient codes."""
    ndc: Path | None = None
    """The imported table of National Drug Codes."""
    reader: NameReader = NO_NAMES
    """Reads names that are not listed whole."""

    def identify(self, codings: Sequence[Coding], text: str | None) -> Identified:
        """The ingredients of a medicine, or the reason why it stays unknown."""
        coded = [found for system, code, _ in codings if (found := self._by_code(system, code))]
        if coded:
            return self._agree(coded)
        named = [self._by_name(name) for name in (*(display for _, _, display in codings), text) if name]
        known = [found.contents for found in named if found.contents]
        if known:
            return self._agree(known, evidence="name")
        unread = next((found.reason for found in named if found.reason), None)
        return Identified((), reason=_why_not(codings, unread))

    def ingredient(self, code: str) -> Ingredient:
        """The ingredient of an RxNorm ingredient code, or of the name that stands for a drug without one."""
        if not code.isdigit():
            return Ingredient(code)
        return Ingredient(self.ingredients.get(code, f"RxNorm {code}"), code)

    def _by_code(self, system: str | None, code: str | None) -> tuple[str, ...]:
        if not system or not code:
            return ()
        if system in RXNORM:
            return self.products.get(code) or ((code,) if code in self.ingredients else ())
        if system in ATC:
            return self.atc.get(code, ())
        if system in NDC:
            return self._by_ndc(code)
        return self.local.get((system, code), ())

    def _by_ndc(self, code: str) -> tuple[str, ...]:
        """Ten digits without hyphens count only where every product that they may mean holds the same."""
        table = load_ndc(self.ndc) if self.ndc else {}
        found = {table[one] for one in read_ndc(code) if one in table}
        return found.pop() if len(found) == 1 else ()

    def _by_name(self, name: str) -> ReadName:
        listed = self.names.get(normalise_name(name))
        return ReadName(listed) if listed else self.reader.read(name)

    def _agree(self, found: Sequence[tuple[str, ...]], evidence: str = "code") -> Identified:
        """All codes must fit into the widest one; codes of unlike medicines identify nothing."""
        widest = max(found, key=len)
        if any(not set(one) <= set(widest) for one in found):
            return Identified((), reason="its codes name different medicines")
        return Identified(tuple(self.ingredient(code) for code in widest), evidence)


def normalise_name(name: str) -> str:
    """Lower case, single spaces, without punctuation at either end."""
    return " ".join(name.casefold().replace("\u00a0", " ").split()).strip(" .,;:")


def load_drug_names(library: Library, overlay: Path | None = None, content: Path = CONTENT) -> DrugNames:
    """The tables of the imported RxNorm list, the drug files and the site's overlay."""
    table = _imported(overlay, content, "drug_names.json")
    data = json.loads(table.read_bytes())
    ingredients: dict[str, str] = data["ingredients"]
    products = {code: tuple(found) for code, found in data["products"].items()}
    atc: dict[str, tuple[str, ...]] = {}
    for drug in library.drugs.values():
        for code in drug.atc:
            atc[code] = (*atc.get(code, ()), *_key(drug))
    names = _names(ingredients, products, data.get("names", {}))
    for brand, contents in data.get("brands", {}).items():
        names.setdefault(normalise_name(brand), tuple(contents))
    for drug in library.drugs.values():
        names.setdefault(normalise_name(drug.name), _key(drug))
    for other, name in library.display_words.synonyms.items():
        if name in names:
            names.setdefault(other, names[name])
    whole = {normalise_name(name) for name in data.get("names", {}).values() if _STRENGTH.search(name)}
    phrases = {name: contents for name, contents in names.items() if name not in whole}
    reader = NameReader.build(phrases, library.display_words)
    return DrugNames(
        ingredients, products, names, atc, _local_codes(overlay), _imported(overlay, content, "ndc.json.gz"), reader
    )


def _imported(overlay: Path | None, content: Path, name: str) -> Path:
    """A table of the overlay (built there by `pgx-cds terms build`), else the shipped one."""
    own = overlay / name if overlay else None
    return own if own is not None and own.exists() else content / "imported" / name


def _key(drug: Drug) -> tuple[str, ...]:
    """A drug's first RxNorm code; its name where it has none."""
    return drug.rxnorm[:1] or (drug.name,)


def _names(
    ingredients: Mapping[str, str], products: Mapping[str, tuple[str, ...]], displays: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Every listed name; a name or brand that stands for unlike medicines stands for none."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for code, name in ingredients.items():
        found.setdefault(normalise_name(name), set()).add((code,))
    for code, name in displays.items():
        content = tuple(sorted(products.get(code, ())))
        if not content:
            continue
        found.setdefault(normalise_name(name), set()).add(content)
        brand = _BRAND.search(name)
        if brand:
            found.setdefault(normalise_name(brand[1]), set()).add(content)
    return {name: contents.copy().pop() for name, contents in found.items() if len(contents) == 1}


def _local_codes(overlay: Path | None) -> dict[tuple[str, str], tuple[str, ...]]:
    """`drug_codes.yaml` of the overlay: system URI -> code -> list of RxNorm ingredient codes."""
    path = overlay / "drug_codes.yaml" if overlay else None
    if path is None or not path.exists():
        return {}
    data = load_strict(path).data
    return {(system, code): tuple(found) for system, codes in data.items() for code, found in codes.items()}


def _why_not(codings: Sequence[Coding], unread: str | None) -> str:
    systems = sorted({system or "no system" for system, code, _ in codings if code})
    if systems:
        return f"its code ({', '.join(systems)}) is on no list, and {unread or 'it has no name'}"
    return unread or "it has neither code nor name"
