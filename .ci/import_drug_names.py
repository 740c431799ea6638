"""Rebuild knowledge/content/imported/drug_names.json from a table of RxNorm products.

    .venv/bin/python .ci/import_drug_names.py PRODUCTS.csv

PRODUCTS.csv has the columns rxcui, tty, name, ingredient_rxcuis ("|" between several). What it gets wrong or lacks
stands, each with its reason, in .ci/drug_names_corrections.csv (an empty list of ingredients leaves the code out).
Fails (exit status 1) where a product's name contradicts its ingredients and no correction says which is right.
"""

from __future__ import annotations

import csv
import hashlib
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from knowledge.terms.imported_tables import write_names
from knowledge.terms.rxnorm_release import SOURCE

ROOT = Path(__file__).resolve().parent.parent
CORRECTIONS = ROOT / ".ci" / "drug_names_corrections.csv"
TABLE = ROOT / "knowledge" / "content" / "imported" / "drug_names.json"
BRAND = re.compile(r"\[([^\]]+)\]\s*$")
GROUP_BRAND = re.compile(r"([A-Z][A-Z0-9' -]+[A-Z0-9]) \(")
GENERIC_GROUP = re.compile(r"([A-Za-z]{4,}) \(")
LEADING_HOURS = re.compile(r"^[0-9]+ HR ")
SALT = re.compile(r"^anhydrous | hydrochloride$")
PART_END = re.compile(r"\s([(\[0-9]|pill|xr|oral product|oral tablet|topical).*$", re.IGNORECASE)


@dataclass(frozen=True)
class Product:
    """One code with what it is called and what is in it; an ingredient consists of itself."""

    rxcui: str
    level: str
    name: str
    ingredients: tuple[str, ...]

    @property
    def borrowed_name(self) -> bool:
        """True where the table joined the name from another list: a name that contradicts is dropped, not the code."""
        return self.level.endswith("?")


def read_products(path: Path) -> dict[str, Product]:
    """The table's rows by code."""
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["rxcui"]: _product(row) for row in csv.DictReader(lines)}


def _product(row: Mapping[str, str]) -> Product:
    ingredients = tuple(code for code in row["ingredient_rxcuis"].split("|") if code)
    return Product(row["rxcui"], row["tty"], " ".join(row["name"].split()), ingredients)


def name_ingredients(products: Iterable[Product]) -> dict[str, str]:
    """Ingredient code -> name in lower case: its own row's, else the part of a combination that is left over."""
    rows = list(products)
    names = {row.rxcui: row.name.lower() for row in rows if row.ingredients == (row.rxcui,) and row.name}
    combinations = [row for row in rows if len(row.ingredients) > 1 and row.level in ("MIN", "", "SCDG", "SCD")]
    while found := dict(filter(None, (_left_over(row, names) for row in combinations))):
        names.update(found)
    return names


def _left_over(row: Product, names: Mapping[str, str]) -> tuple[str, str] | None:
    unnamed = [code for code in row.ingredients if code not in names]
    parts = [PART_END.sub("", part).strip().lower() for part in row.name.split("/")]
    if len(unnamed) != 1 or len(parts) != len(row.ingredients):
        return None
    own = {names[code] for code in row.ingredients if code in names}
    left = [part for part in parts if not any(part == name or part.startswith(f"{name} ") for name in own)]
    certain = len(left) == 1 and left[0] not in names.values() and (row.level != "SCD" or " " not in left[0])
    return (unnamed[0], left[0]) if certain else None


def contradicts(row: Product, names: Mapping[str, str], codes: Mapping[str, str]) -> bool:
    """True where the name begins with another ingredient and none of the product's own stands in it."""
    text = LEADING_HOURS.sub("", row.name).lower()
    own = [names[code] for code in row.ingredients if code in names]
    if not text or not own or any(name[:6] in text for name in own):
        return False
    words = text.replace("/", " ").split()
    starts = {codes.get(" ".join(words[:length])) for length in range(1, 5)} - {None}
    return bool(starts - set(row.ingredients))


def complete(row: Product, names: Mapping[str, str], codes: Mapping[str, str]) -> Product:
    """The product with every ingredient that its full name lists and the table left out: by its code, or by its name
    alone where the table knows no code. Half a combination would pass for the whole."""
    if row.borrowed_name or "{" in row.name or " / " not in row.name:
        return row
    own = [names[code] for code in row.ingredients if code in names]
    parts = [PART_END.sub("", LEADING_HOURS.sub("", part)).strip().lower() for part in row.name.split(" / ")]
    unexplained = [part for part in parts if not part.startswith(tuple(own))]
    found = {part: _longest_name(part, codes) for part in unexplained}
    added = {code for code in found.values() if code is not None} - set(row.ingredients)
    # A part under another spelling of an ingredient that the row has is no part too many.
    open_ = len(parts) - len(row.ingredients) - len(added)
    nameless = [part for part, code in found.items() if code is None and not any(name[:5] in part for name in own)]
    by_name = [SALT.sub("", part) for part in nameless] if 0 < len(nameless) <= open_ else []
    return replace(row, ingredients=(*row.ingredients, *sorted(added, key=int), *by_name))


def _longest_name(part: str, codes: Mapping[str, str]) -> str | None:
    words = part.split()
    starts = (codes.get(" ".join(words[:length])) for length in range(len(words), 0, -1))
    return next((code for code in starts if code is not None), None)


def brand_of(row: Product, names: Collection[str]) -> str | None:
    """The brand in "... [Plavix]", "PLAVIX (Oral Pill)" or, under generic groups, "LaMICtal (Oral Pill)", in lower
    case: there a single word that holds no ingredient's name (`names`)."""
    found = BRAND.search(row.name) or (GROUP_BRAND.match(row.name) if row.level.startswith("SBDG") else None)
    if found:
        return found[1].lower()
    group = GENERIC_GROUP.match(row.name) if row.level == "SCDG" and len(row.ingredients) == 1 else None
    word = group[1].lower() if group else None
    return word if word and not any(name in word or word in name for name in names) else None


def list_brands(products: Iterable[Product], names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Brand -> ingredients, for brands that mean the same ingredients in every product."""
    seen: dict[str, set[tuple[str, ...]]] = {}
    for row in products:
        brand = brand_of(row, names)
        if brand is not None:
            seen.setdefault(brand, set()).add(tuple(sorted(row.ingredients, key=_by_number)))
    return {brand: next(iter(sets)) for brand, sets in seen.items() if len(sets) == 1}


def _by_number(code: str) -> tuple[int, str]:
    """Codes by their number, names without a code behind them."""
    return (len(code) if code.isdigit() else 99, code)


def find_contradictions(products: Mapping[str, Product], names: Mapping[str, str]) -> list[Product]:
    """Products whose name is another medicine's, each said on standard error."""
    codes = {name: code for code, name in names.items()}
    wrong = [row for row in products.values() if contradicts(row, names, codes)]
    for row in wrong:
        what = "name dropped" if row.borrowed_name else f"correct it in {CORRECTIONS.name}"
        sys.stderr.write(f"{row.rxcui} {row.name!r} is not {'|'.join(row.ingredients)}: {what}\n")
    return wrong


def build_tables(
    products: Iterable[Product], names: Mapping[str, str], unnamed: frozenset[str]
) -> dict[str, dict[str, object]]:
    """The four tables of the file; `unnamed`: codes whose name is not to be trusted."""
    rows = list(products)
    return {
        "ingredients": dict(names),
        "products": {row.rxcui: list(row.ingredients) for row in rows if row.ingredients != (row.rxcui,)},
        "names": {row.rxcui: row.name for row in rows if row.name and row.rxcui not in unnamed | names.keys()},
        "brands": {brand: list(ingredients) for brand, ingredients in list_brands(rows, set(names.values())).items()},
    }


def main(arguments: list[str]) -> int:
    """Read, correct, check, write."""
    if len(arguments) != 1:
        sys.stderr.write(__doc__ or "")
        return 2
    given = Path(arguments[0])
    products = {
        code: row for code, row in (read_products(given) | read_products(CORRECTIONS)).items() if row.ingredients
    }
    names = name_ingredients(products.values())
    wrong = find_contradictions(products, names)
    if any(not row.borrowed_name for row in wrong):
        return 1
    codes = {name: code for code, name in names.items()}
    completed = [complete(row, names, codes) for row in products.values()]
    tables = build_tables(completed, names, frozenset(row.rxcui for row in wrong))
    digests = {"digest": given, "corrections": CORRECTIONS}
    head = {"source": SOURCE, **{key: hashlib.sha256(path.read_bytes()).hexdigest() for key, path in digests.items()}}
    write_names(TABLE, head, tables)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
