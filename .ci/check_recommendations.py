"""CPIC's recommendation tables against what `pgx-cds recommend` answers, row by row.

Usage: check_recommendations.py FOLDER, the folder that holds facts/. Prints how many rows agree and every exception.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cds_hooks.commands.recommend import recommend
from knowledge.library import Library
from knowledge.loading.load import load_library
from knowledge.question import Names
from knowledge.terms.drug_names import load_drug_names

STRENGTHS = {"Strong": "strong", "Moderate": "moderate", "Optional": "optional"}
FROM_SUPPLEMENT = ("metoprolol",)
"""Drugs whose table stands complete in the supplement."""
Flags = tuple[str, bool, bool, bool]


def main(folder: Path) -> int:
    """Compare every row of every drug that has a file; exit code 1 where one differs."""
    library = load_library()
    names = Names(library, load_drug_names(library))
    agreed: Counter[str] = Counter()
    exceptions = []
    for row in read_rows(folder, library):
        wanted = expected(row)
        got = answers(row, names)
        if wanted in got:
            agreed[row["drug"]] += 1
        else:
            exceptions.append(
                f"{row['drug']} {row['lookup_json']} {row['population_or_indication']}: {wanted}, got {got}"
            )
    print(*(f"{drug}: {count} rows agree" for drug, count in sorted(agreed.items())), sep="\n")
    print(*exceptions, sep="\n")
    print(f"{sum(agreed.values())} passed, {len(exceptions)} failed")
    return 1 if exceptions or not agreed else 0


def read_rows(folder: Path, library: Library) -> Iterator[Mapping[str, str]]:
    """CPIC rows of drugs with a file; the notes on copy numbers written xN are no results."""
    for name in ("recommendations.csv", "recommendations_supplement_2026.csv"):
        lines = (folder / "facts" / name).read_text(encoding="utf-8").splitlines()[1:]
        for row in csv.DictReader(lines):
            complete = row.get("row_kind") == "table" or row["drug"] in FROM_SUPPLEMENT and "row_kind" not in row
            if row["source"] == "CPIC" and complete and row["drug"] in library.drugs and "xN" not in row["lookup_json"]:
                yield row


def expected(row: Mapping[str, str]) -> Flags:
    """Strength and the three flags of a row."""
    flags = tuple(row[key] == "yes" for key in ("dosing_change", "alternate_drug", "other_guidance"))
    return (STRENGTHS.get(row["classification"], "none"), *flags)  # type: ignore[return-value]


def answers(row: Mapping[str, str], names: Names) -> list[Flags]:
    """What CPIC's findings say for the row's results, in every population."""
    genes = {
        gene: {"activityScore" if names.library.genes[gene].method == "activity_score" else "phenotype": result}
        for gene, result in json.loads(row["lookup_json"]).items()
        if result != "No Result"
    }
    question: dict[str, Any] = {"drug": row["drug"], "genes": genes, "population": "all"}
    return [
        (found["strength"], found["doseChange"], found["alternative"], found["otherGuidance"])
        for found in recommend(question, names)
        if found["body"] == "CPIC"
    ]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
