"""The bodies' recommendation tables against what `pgx-cds recommend` answers, row by row.

Usage: check_recommendations.py FOLDER [DRUG...], FOLDER holds facts/. Prints how many rows agree, body by body, and
every row that does not: those that stand in recommendation_exceptions.csv with their reason, and those that fail.

Of a lookup everything is compared that its drug answers, in every population: a row agrees where its strength and its
three flags are among the answers, and where nothing else is advised than its rows advise. The DPWG does not grade:
of it the flags are compared, and whether it recommends anything at all.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cds_hooks.commands.recommend import recommend
from knowledge.library import Library
from knowledge.loading.load import load_library
from knowledge.question import Names
from knowledge.terms.drug_names import load_drug_names

STRENGTHS = {
    "CPIC": {"Strong": "strong", "Moderate": "moderate", "Optional": "optional"},
    "DPWG": {"N/A": "strong", "Unspecified": "strong"},
}
EXCEPTIONS = Path(__file__).with_name("recommendation_exceptions.csv")
FROM_SUPPLEMENT = ("hydralazine", "metoprolol")
"""Drugs whose table stands complete in the supplement."""
SILENT = ("none", False, False, False)
NOTHING_SAID = "the row is classified, and its text says that nothing is recommended"
Row = Mapping[str, str]
Flags = tuple[str, bool, bool, bool]
Lookup = tuple[str, str, str]
"""Body, drug, lookup as JSON."""


def main(folder: Path, only: Iterable[str]) -> int:
    """Compare every row of every drug; exit code 1 where one differs without a reason, or nothing was compared."""
    library = load_library()
    names = Names(library, load_drug_names(library))
    ids = {drug.name: drug.id for drug in library.drugs.values()}
    wanted: dict[Lookup, list[Flags]] = defaultdict(list)
    silent = set()
    for row in read_rows(folder):
        key = (row["source"], row["drug"], row["lookup_json"])
        if not only or row["drug"] in only:
            wanted[key].append(expected(row))
        if row["text"].strip().lower() == "no recommendation":
            silent.add(key)
    reasons = read_reasons()
    agreed: Counter[str] = Counter()
    excused: Counter[str] = Counter()
    failed = []
    for (body, drug, lookup), flags in wanted.items():
        got = answers(body, drug, lookup, names) if drug in ids else None
        for one in flags:
            if got is not None and one in got and got - {SILENT} <= set(flags):
                agreed[body] += 1
            elif got == {SILENT} and (body, drug, lookup) in silent:
                excused[f"{body} {drug}: {NOTHING_SAID}"] += 1
            elif reason := reasons.get((body, drug, lookup)) or reasons.get((body, drug, "")):
                excused[f"{body} {drug}: {reason}"] += 1
            else:
                said = sorted(got) if got is not None else "no file"
                failed.append(f"{body} {drug} {lookup}: wanted {one}, got {said}")
    print(*(f"exception, {count} rows: {text}" for text, count in sorted(excused.items())), sep="\n")
    print(*failed, sep="\n")
    print(", ".join(f"{body}: {count} rows agree" for body, count in sorted(agreed.items())))
    print(f"{sum(agreed.values())} passed, {sum(excused.values())} excepted with a reason, {len(failed)} failed")
    return 1 if failed or not agreed else 0


def read_rows(folder: Path) -> Iterable[Row]:
    """The rows of both bodies' tables; the notes on copy numbers written xN are no results."""
    texts = (folder / "facts" / "recommendations_text.jsonl").read_text(encoding="utf-8").splitlines()
    for name in ("recommendations.csv", "recommendations_supplement_2026.csv"):
        lines = (folder / "facts" / name).read_text(encoding="utf-8").splitlines()[1:]
        said = texts if name == "recommendations.csv" else ['{"text": ""}'] * len(lines)
        for number, row in enumerate(csv.DictReader(lines)):
            row["text"] = json.loads(said[number])["text"] or ""
            table = row.get("row_kind") == "table" or (row["drug"] in FROM_SUPPLEMENT and "row_kind" not in row)
            if row["source"] in STRENGTHS and table and "xN" not in row["lookup_json"]:
                yield row


def read_reasons() -> Mapping[Lookup, str]:
    """Known exceptions: body, drug and lookup (empty: every lookup of the drug) -> reason."""
    lines = EXCEPTIONS.read_text(encoding="utf-8").splitlines()
    return {(row["body"], row["drug"], row["lookup"]): row["reason"] for row in csv.DictReader(lines)}


def expected(row: Row) -> Flags:
    """Strength and the three flags of a row."""
    flags = tuple(row[key] == "yes" for key in ("dosing_change", "alternate_drug", "other_guidance"))
    ungraded = row["source"] == "DPWG" and not row["classification"] and any(flags)
    strength = "strong" if ungraded else STRENGTHS[row["source"]].get(row["classification"], "none")
    return (strength, *flags)  # type: ignore[return-value]


def answers(body: str, drug: str, lookup: str, names: Names) -> set[Flags]:
    """What a body's findings say for a lookup, in every population; a table that stays silent beside another one of the
    same body, on a gene that the lookup does not name, is left out."""
    genes = {gene: given(names.library, gene, result) for gene, result in json.loads(lookup).items()}
    question: dict[str, Any] = {
        "drug": drug,
        "genes": {gene: value for gene, value in genes.items() if value is not None},
        "population": "all",
    }
    return {
        (found["strength"], found["doseChange"], found["alternative"], found["otherGuidance"])
        for found in recommend(question, names)
        if found["body"] == body and (not found["genes"] or {gene["gene"] for gene in found["genes"]} & set(genes))
    }


def given(library: Library, gene: str, result: Any) -> Any:
    """A result of the tables as `pgx-cds recommend` takes it."""
    if result == "No Result":
        return None
    if isinstance(result, dict):
        alleles = [allele for allele, count in result.items() for _ in range(int(count))]
        return "/".join(alleles * 2 if len(alleles) == 1 else alleles)
    score = re.sub(r" \(.*\)$", "", result)
    if library.genes[gene].method == "activity_score" and not score.endswith("Metabolizer"):
        return {"activityScore": score}
    return {"phenotype": result}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
