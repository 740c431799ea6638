"""`pgx-cds identify` against the table of RxNorm products: every code, and every full product name without its code.

Usage: check_identify.py FOLDER, the folder that holds facts/. Names are tried twice: as the service answers, and as its
reader of display names reads them word by word without having seen the whole name. Where the table itself is wrong, by
.ci/drug_names_corrections.csv, the correction is what must come. At least 99 of 100 must. Ingredients without a name
(vitamins and minerals of combinations) are left aside.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cds_hooks.commands.identify import identify
from knowledge.loading.load import load_library
from knowledge.terms.drug_names import load_drug_names

CORRECTIONS = Path(__file__).with_name("drug_names_corrections.csv")
FULL = frozenset(["SCD", "SBD", "SCDC", "SBDC", "SCDF", "SBDF", "SCDG", "SBDG", "SCDFP", "SBDFP", "SCDGP"])
FULL |= {"GPCK", "BPCK", "MIN", "IN"}
WANTED, READER_WANTED = 99, 97


def main(folder: Path) -> int:
    """Three shares; exit code 1 where one is too low."""
    library = load_library()
    names = load_drug_names(library)
    good: Counter[str] = Counter()
    all_: Counter[str] = Counter()
    for code, level, name, contents in read_products(folder):
        shown = {one for one in contents if one in names.ingredients}
        tries = {"code": f"rxnorm|{code}|"}
        if level in FULL and name:
            tries["name"] = f"||{name}"
            all_["name, word by word"] += 1
            good["name, word by word"] += set(names.reader.read(name).contents) == shown
        for kind, line in tries.items():
            found = {one["rxnorm"] for one in identify(names, line)["ingredients"]}
            all_[kind] += 1
            good[kind] += found == shown
    shares = {kind: 100 * good[kind] / all_[kind] for kind in all_}
    for kind, share in shares.items():
        print(f"{kind}: {good[kind]} of {all_[kind]} ({share:.2f} %)")
    enough = min(shares["code"], shares["name"]) >= WANTED and shares["name, word by word"] >= READER_WANTED
    print(f"{sum(good.values())} passed, {sum(all_.values()) - sum(good.values())} failed")
    return 0 if enough else 1


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
