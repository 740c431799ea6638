"""Every medicine that a body speaks of is carried or missing with a reason, and every inhibitor stands in its class.

Usage: check_carried.py FOLDER, FOLDER holds facts/. Prints each medicine of a body that is neither carried nor named in
knowledge/content/missing.yaml, and each row of inhibitors.csv that knowledge/content/modulators has otherwise: a class
counts only where the row's strength was read in a source; every other row is unverified, named and never counted.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from knowledge.checking.coverage import load_missing
from knowledge.library import UNVERIFIED, Library
from knowledge.loading.load import load_library

MARKS = {
    "in_pharmcat311_cpic": "CPIC",
    "in_pharmcat311_dpwg": "DPWG",
    "in_pharmcat311_fda_assoc": "FDA",
    "in_pharmcat311_fda_label": "FDA",
}
"""Column of drugs.csv -> body."""
SAME = {
    "amifampridine phosphate": "amifampridine",
    "sulfamethoxazole / trimethoprim": "sulfamethoxazole",
}
"""Name in the tables -> the ingredient that is carried."""
GENES = {"CYP3A4/5": "CYP3A4"}
"""Enzyme of inhibitors.csv -> gene, where the part before the stroke is not its name."""
READ = "strength read in a source here"
CLASSES = ("strong", "moderate", "weak")
Row = Mapping[str, str]


def main(folder: Path) -> int:
    """Compare both tables; exit code 1 where anything is missing without a reason, or nothing was compared."""
    library, reasons = load_library(), read_reasons()
    drugs, inhibitors = read_table(folder, "drugs.csv"), read_table(folder, "inhibitors.csv")
    failed = [*unexplained(drugs, library, reasons), *misplaced(inhibitors, library, reasons)]
    print(*failed, sep="\n")
    print(f"{len(drugs)} medicines and {len(inhibitors)} inhibitors compared, {len(failed)} failed")
    return 1 if failed or not drugs or not inhibitors else 0


def read_table(folder: Path, name: str) -> list[Row]:
    """A fact table without its line of source."""
    lines = (folder / "facts" / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def read_reasons() -> Mapping[str, set[str]]:
    """Medicine, in small letters -> bodies that are missing with a reason."""
    reasons: dict[str, set[str]] = defaultdict(set)
    for entry in load_missing():
        for drug in entry.get("drugs", ()):
            reasons[drug.lower()].add(entry["body"])
    return reasons


def unexplained(rows: Iterable[Row], library: Library, reasons: Mapping[str, set[str]]) -> Iterator[str]:
    """Medicines of a body that are neither carried nor missing with a reason."""
    carried = {drug.name: {table.body for table in drug.tables} for drug in library.drugs.values()}
    for row in rows:
        name = SAME.get(row["drug"], row["drug"])
        for body in sorted({body for mark, body in MARKS.items() if row[mark] == "yes"}):
            if body not in carried.get(name, ()) and not reasons.get(name.lower(), set()) & {body, "all"}:
                yield f"{body} {name}: not carried, and no reason is given"


def misplaced(rows: Iterable[Row], library: Library, reasons: Mapping[str, set[str]]) -> Iterator[str]:
    """Inhibitors and inducers of a gene that stand elsewhere than the table says, or nowhere without a reason."""
    for row in rows:
        gene = GENES.get(row["enzyme"], row["enzyme"].split("/")[0])
        first = row["drug"].split("+")[0].lower().replace("st. john", "st john")
        listed = [one for one in library.modulators.get(gene, ()) if one.drug == row["drug"]]
        counted = row["status"] == READ and row["strength"] in CLASSES
        wanted = (row["effect"], row["strength"] if counted else UNVERIFIED, row["rxcui"])
        got = [(one.effect, one.strength, one.rxnorm) for one in listed]
        if got != [wanted] and (got or (gene in library.modulators and "all" not in reasons.get(first, ()))):
            yield f"{gene} {row['drug']}: wanted {wanted}, got {got}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
