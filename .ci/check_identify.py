"""`pgx-cds identify` against the table of RxNorm products: every code, and every product name without its code.

Usage: check_identify.py FOLDER, the folder that holds facts/. Counted are all rows of the table: each code alone, and
each row's name alone where it has one. What comes must be exactly the row's set of ingredients; where the table itself
is wrong, by .ci/drug_names_corrections.csv, it must be the correction's. Two more shares are shown: code and name
together, and names as the reader of display names reads them word by word, without having seen the whole name.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from cds_hooks.commands.identify import identify
from knowledge.loading.load import load_library
from knowledge.terms.drug_names import load_drug_names

CORRECTIONS = Path(__file__).with_name("drug_names_corrections.csv")
WANTED = {"code": 99, "name": 99, "code and name": 99, "name, word by word": 97}
FULL = frozenset(["SCD", "SBD", "SCDC", "SBDC", "SCDF", "SBDF", "SCDG", "SBDG", "SCDFP", "SBDFP", "SCDGP"])
FULL |= {"GPCK", "BPCK", "MIN", "IN"}
"""Levels whose names are RxNorm's own grammar: what is read word by word."""


def main(folder: Path) -> int:
    """Four shares; exit code 1 where one is too low."""
    names = load_drug_names(load_library())
    good: Counter[str] = Counter()
    all_: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for code, level, name, contents in read_products(folder):
        tries = {"code": f"rxnorm|{code}|"}
        if name:
            tries |= {"name": f"||{name}", "code and name": f"rxnorm|{code}|{name}"}
        found = {kind: {_key(one) for one in identify(names, line)["ingredients"]} for kind, line in tries.items()}
        if level in FULL and name:
            found["name, word by word"] = set(names.reader.read(name).contents)
        for kind, got in found.items():
            all_[kind] += 1
            good[kind] += got == contents
            wrong[kind] += bool(got) and not got >= contents
    for kind, least in WANTED.items():
        share = 100 * good[kind] / all_[kind]
        print(f"{kind}: {good[kind]} of {all_[kind]} ({share:.2f} %, at least {least}); others or fewer: {wrong[kind]}")
    print(f"{sum(good.values())} passed, {sum(all_.values()) - sum(good.values())} failed")
    return 0 if all(100 * good[kind] / all_[kind] >= least for kind, least in WANTED.items()) else 1


def _key(ingredient: Mapping[str, str | None]) -> str:
    return ingredient["rxnorm"] or str(ingredient["name"])


def read_products(folder: Path) -> Iterator[tuple[str, str, str, set[str]]]:
    """Code, level, name and ingredient codes of every row, corrected; a corrected row without contents is left out."""
    rows = {}
    for path in (folder / "facts" / "rxnorm_products_pgx.csv", CORRECTIONS):
        with path.open(encoding="utf-8", newline="") as lines:
            rows.update({row["rxcui"]: row for row in csv.DictReader(lines)})
    for row in rows.values():
        contents = {code for code in row["ingredient_rxcuis"].split("|") if code}
        if contents:
            yield row["rxcui"], row["tty"], row["name"], contents


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
