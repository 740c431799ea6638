"""Every pair of alleles of CPIC's tables through what `pgx-cds translate` does: phenotype and score as the tables say.

Usage: check_translations.py FOLDER, the folder that holds facts/. Prints the counts gene by gene.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations_with_replacement
from pathlib import Path

from cds_hooks.commands.translate import translate
from knowledge.loading.load import load_library

GENES = (
    "CYP2C9",
    "CYP2D6",
    "DPYD",
    "ABCG2",
    "CFTR",
    "CYP2B6",
    "CYP2C19",
    "CYP3A5",
    "NAT2",
    "NUDT15",
    "SLCO1B1",
    "TPMT",
    "UGT1A1",
    "CACNA1S",
)
"""Genes whose alleles carry CPIC's function as the phenotype table words it."""
SHOWN = 10
Answer = tuple[str, str | None]


def main(folder: Path) -> int:
    """Compare; exit code 1 where one pair differs."""
    library = load_library()
    table, functions = read_phenotypes(folder), read_functions(folder)
    agreed: Counter[str] = Counter()
    differing = []
    for gene in GENES:
        for first, second in combinations_with_replacement(sorted(functions[gene]), 2):
            wanted = table.get((gene, pair(functions[gene][first], functions[gene][second])))
            if wanted is None:
                continue
            said = translate(library, gene, f"{first}/{second}")
            if (said["phenotype"], said["activityScore"]) == wanted:
                agreed[gene] += 1
            else:
                differing.append(f"{gene} {first}/{second}: {wanted}, got {said['phenotype']} {said['activityScore']}")
    print(*(f"{gene}: {count} diplotypes agree" for gene, count in agreed.items()), sep="\n")
    print(*differing[:SHOWN], sep="\n")
    print(f"{sum(agreed.values())} passed, {len(differing)} failed")
    return 1 if differing or not agreed else 0


def read_phenotypes(folder: Path) -> Mapping[tuple[str, tuple[str, str]], Answer]:
    """(gene, pair of functions or values) -> phenotype and printed score."""
    found = {}
    for row in rows(folder / "facts" / "phenotypes.csv"):
        if row["key_type"] in ("function_pair", "activity_value_pair"):
            first, second = row["key"].split(" + ")
            found[row["gene"], pair(first, second)] = (row["phenotype_cpic_term"], row["activity_score"] or None)
    return found


def read_functions(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """Gene -> allele -> function, or the printed activity value where the gene has values."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows(folder / "facts" / "alleles.csv"):
        if row["assigner"] == "CPIC" and row["clinical_function"]:
            found[row["gene"]][row["allele"]] = row["activity_value"] or row["clinical_function"]
    return found


def pair(first: str, second: str) -> tuple[str, str]:
    """An unordered pair."""
    return (first, second) if first <= second else (second, first)


def rows(path: Path) -> Iterator[Mapping[str, str]]:
    """The rows of a table whose first line is a comment."""
    yield from csv.DictReader(path.read_text(encoding="utf-8").splitlines()[1:])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
