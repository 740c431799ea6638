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
from knowledge.loading.errors import ContentError
from knowledge.loading.imported import DRUG_NAMES, NDC_TABLE, find_imported
from knowledge.loading.load import CONTENT, check_document
from knowledge.loading.strict_yaml import load_strict
from knowledge.terms.code_systems import ATC, NDC, RXNORM, usual_system
from knowledge.terms.display_name import NO_NAMES, NameReader, ReadName, normalise_name
from knowledge.terms.ndc import load_ndc

_STRENGTH = re.compile(r"[0-9] |\]|\(")
"""What only names of products hold, and never the name of an ingredient or brand."""
_MOST_CODINGS = 100
"""Codes of one medicine; whoever sends more does not want it to be identified, but to keep the service busy."""
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
        """The ingredients of a medicine, or the reason why it stays unknown.

        A code decides; what names say beside it must not be another medicine. A name that holds all that the code
        means and more is the whole of it.
        """
        if len(codings) > _MOST_CODINGS:
            return Identified((), reason="it has more codes than are looked at")
        coded = [found for system, code, _ in codings if (found := self._by_code(system, code))]
        named = [self._by_name(name) for name in (*(display for _, _, display in codings), text) if name]
        known = [found.contents for found in named if found.contents]
        whole = self._widest(coded)
        if coded and not whole:
            return Identified((), reason="its codes name different medicines")
        if not coded and any(found.half for found in named):
            return Identified((), reason=_why_not(codings, "a part of the combination in its name is not known"))
        both = self._widest([whole, *known]) if coded else self._widest(known)
        if not both and known:
            what = "its code and its name" if coded else "its names"
            return Identified((), reason=f"{what} name different medicines")
        if both:
            return Identified(tuple(map(self.ingredient, both)), "code" if both == whole else "name")
        return Identified((), reason=_why_not(codings, next((one.reason for one in named if one.reason), None)))

    def _widest(self, found: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
        """The contents that hold all the others, the first of several; none where they are unlike."""
        widest = max(found, key=len, default=())
        return widest if all(self._fits(one, widest) for one in found) else ()

    def _fits(self, contents: tuple[str, ...], whole: tuple[str, ...]) -> bool:
        """True where every ingredient is one of `whole`, or goes by the same first word (tenofovir disoproxil)."""
        if set(contents) <= set(whole):
            return True
        words = {self.ingredient(code).name.split()[0] for code in whole}
        return all(self.ingredient(code).name.split()[0] in words for code in contents)

    def ingredient(self, code: str) -> Ingredient:
        """The ingredient of an RxNorm ingredient code, or of the name that stands for a drug without one."""
        if not code.isdigit():
            return Ingredient(code)
        return Ingredient(self.ingredients.get(code, f"RxNorm {code}"), code)

    def _by_code(self, system: str | None, code: str | None) -> tuple[str, ...]:
        if not system or not code:
            return ()
        own = self.local.get((system, code))
        if own:
            return own
        usual, code = usual_system(system), code.strip()
        if usual == RXNORM:
            return self.products.get(code) or ((code,) if code in self.ingredients else ())
        if usual == ATC:
            return self.atc.get(code.upper(), ())
        return load_ndc(self.ndc).find(code) if usual == NDC and self.ndc else ()

    def _by_name(self, name: str) -> ReadName:
        listed = self.names.get(normalise_name(name))
        return ReadName(listed) if listed else self.reader.read(name)


def load_drug_names(library: Library, overlay: Path | None = None, content: Path = CONTENT) -> DrugNames:
    """The tables of the imported RxNorm list, the drug files and the site's overlay."""
    data = json.loads(find_imported(content, DRUG_NAMES, overlay).read_bytes())
    named = {code: drug.name for drug in library.drugs.values() for code in drug.rxnorm}
    ingredients: dict[str, str] = named | data["ingredients"]
    products = {code: tuple(found) for code, found in data["products"].items()}
    names = _names(ingredients, products, data.get("names", {}))
    for brand, contents in data.get("brands", {}).items():
        names.setdefault(normalise_name(brand), tuple(contents))
    for drug in library.drugs.values():
        names.setdefault(normalise_name(drug.name), _key(drug))
    names |= _synonyms(library.display_words.synonyms, names)
    whole = {normalise_name(name) for name in data.get("names", {}).values() if _STRENGTH.search(name)}
    phrases = {name: contents for name, contents in names.items() if name not in whole}
    reader = NameReader.build(phrases, library.display_words)
    return DrugNames(
        ingredients=ingredients,
        products=products,
        names=names,
        atc=_atc_codes(library, names),
        local=_local_codes(overlay),
        ndc=find_imported(content, NDC_TABLE, overlay),
        reader=reader,
    )


def _atc_codes(library: Library, names: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The codes of the drug files, and what the combinations among them hold; an open one identifies nothing."""
    found: dict[str, tuple[str, ...]] = {}
    for drug in library.drugs.values():
        for code in drug.atc:
            found[code] = (*found.get(code, ()), *_key(drug))
    for code, parts in library.atc_combinations.items():
        found[code] = tuple(one for part in parts for one in names.get(part, (part,)))
    return found


def _synonyms(stated: Mapping[str, str], names: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Other names -> ingredient codes; only where every part is known, and never in place of a listed name."""
    found: dict[str, tuple[str, ...]] = {}
    for other, whole in stated.items():
        parts = [names.get(part) for part in whole.split(" / ")]
        if normalise_name(other) not in names and all(parts):
            found[normalise_name(other)] = tuple(sorted({code for part in parts for code in part or ()}))
    return found


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
    """`drug_codes.yaml` of the overlay: system URI -> code -> list of RxNorm ingredient codes. Raises ContentError."""
    path = overlay / "drug_codes.yaml" if overlay else None
    if path is None or not path.exists():
        return {}
    document = load_strict(path)
    faults = check_document(document, "drug_codes")
    if faults:
        raise ContentError(faults)
    data = document.data or {}
    return {(system, code): tuple(found) for system, codes in data.items() for code, found in codes.items()}


def _why_not(codings: Sequence[Coding], unread: str | None) -> str:
    systems = sorted({system or "no system" for system, code, _ in codings if code})
    if systems:
        return f"its code ({', '.join(systems)}) is on no list, and {unread or 'it has no name'}"
    return unread or "it has neither code nor name"
