"""Prove that the gene files carry every row of the tables that they were transcribed from, and nothing more.

    python3 .ci/check_genes.py FOLDER

FOLDER holds facts/ with alleles.csv, phenotypes.csv, phase_ambiguity.csv, variants.csv, variants_mtrnr1.csv and
inhibitors.csv. The content is read as plain YAML, without the program. Prints one line a difference; exit status 1
where there is one, 2 where the folder is not there.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
CONTENT = ROOT / "knowledge" / "content"
Row = Mapping[str, str]
Gene = Mapping[str, Any]

WITHOUT_CPIC = {"CYP3A4": "DPWG", "VKORC1": "DPWG", "CYP4F2": "none assigned"}
ONLY_HERE = ("BCHE", "HLA-DQA1", "HLA-DRB1")
"""Genes that only the FDA names: no allele table is to be had."""
DPWG_ALLELES = (("HLA-B", "*15:11"),)
CLASSES = ("strong", "moderate", "weak")
UNVERIFIED = "unverified"
READ_IN_A_SOURCE = "strength read in a source here"
SHORT_WORDS = {
    "MH associated": "Malignant Hyperthermia associated",
    "Uncertain/normal function": "Uncertain or normal function (not MH associated)",
    "Deficient": "II-III/Deficient",
    "Deficient with CNSHA": "I/Deficient with CNSHA",
    "Normal": "IV/Normal",
    "risk allele (positive/negative status)": "risk allele",
    "": "no function assigned",
}
"""The tables' other words for a function."""
ALSO_NAMED = {"Cassano/Union,Maewo, Chinese-2, Kal": "Cassano/Union,Maewo, Chinese-2, Kalo"}
"""Cut off in the table."""
MITOCHONDRIAL = {"930A>G": "930G>A"}
"""The table of positions has the change the wrong way round; the table of functions has it right."""
HAPB3 = "c.1129-5923C>G, c.1236G>A (HapB3)"


def read_rows(path: Path) -> list[Row]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if not line.startswith("#")]
    return list(csv.DictReader(lines))


def read_genes() -> dict[str, Gene]:
    paths = [path for path in (CONTENT / "genes").glob("*.yaml") if not path.name.endswith(".test.yaml")]
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(paths)}


def listed(gene: Gene) -> Iterator[tuple[str, str, str]]:
    """Allele, function in words, activity value (empty where the gene has none)."""
    for function, names in gene["alleles"].items():
        for value, valued in (names if isinstance(names, dict) else {"": names}).items():
            for name in valued:
                yield name, gene["functions"][function], value


def expected_alleles(rows: list[Row]) -> dict[str, set[tuple[str, str, str]]]:
    """What the table assigns: CPIC's rows, DPWG's where CPIC has none; rows without a function only where none has."""
    expected: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for row in rows:
        gene, words = row["gene"], re.sub(r" \[.*", "", row["clinical_function"])
        if not row["assigner"].startswith(WITHOUT_CPIC.get(gene, "CPIC")):
            continue
        if not words and gene != "CYP4F2":
            continue
        words = words if gene == "G6PD" else SHORT_WORDS.get(words, words)
        expected[gene].add((row["allele"], words, row["activity_value"]))
    return expected


def check_alleles(genes: Mapping[str, Gene], rows: list[Row]) -> Iterator[str]:
    expected = expected_alleles(rows)
    for name in sorted((set(expected) ^ set(genes)) - set(ONLY_HERE)):
        yield f"{name}: in the table or in the content, and not in both"
    for name in sorted(set(expected) & set(genes)):
        got = list(listed(genes[name]))
        for allele in sorted({one[0] for one in got if [two[0] for two in got].count(one[0]) > 1}):
            yield f"{name} {allele}: stands twice"
        for one in sorted(set(got) ^ expected[name]):
            if (name, one[0]) in DPWG_ALLELES:
                continue
            yield f"{name} {one}: {'only in the content' if one in set(got) else 'missing'}"


def function_id(gene: Gene, words: str) -> str | None:
    ids = {term: key for key, term in gene["functions"].items()}
    return ids.get(words) or ids.get(SHORT_WORDS.get(words, ""))


def term_of_pair(gene: Gene, first: str, second: str) -> str | None:
    """The content's term for a pair; an exact pair before one with `any`."""
    for wanted in ({frozenset((first, second))}, {frozenset((first, "any")), frozenset((second, "any"))}):
        for phenotype in gene["phenotypes"].values():
            if wanted & {frozenset(pair) for pair in phenotype.get("pairs", ())}:
                return str(phenotype["term"])
    return None


def term_of_score(gene: Gene, score: str) -> str | None:
    """The content's term for a score; every phenotype is asked, and more than one is no answer."""
    if score == "n/a":
        return "Indeterminate"
    value = Decimal(score.lstrip("≥"))
    found = [one["term"] for one in gene["phenotypes"].values() if "scores" in one and holds(one["scores"], value)]
    return found[0] if len(found) == 1 else None


def holds(interval: str, value: Decimal) -> bool:
    low, dots, high = interval.partition("..")
    if not dots:
        return value > Decimal(low[1:]) if low.startswith(">") else value == Decimal(low)
    above = value > Decimal(low[1:]) if low.startswith(">") else value >= Decimal(low)
    return above and (value < Decimal(high[1:]) if high.startswith("<") else value <= Decimal(high))


def add_scores(first: str, second: str) -> str:
    if "n/a" in (first, second):
        return "n/a"
    total = Decimal(first.lstrip("≥")) + Decimal(second.lstrip("≥"))
    plain = format(total.normalize(), "f")
    return ("≥" if "≥" in first + second else "") + (plain if "." in plain else f"{plain}.0")


def answer(gene: Gene, row: Row) -> tuple[str | None, str | None]:
    """The content's term and score for one row of the table of phenotypes."""
    kind, key = row["key_type"], row["key"]
    if kind == "activity_score":
        return term_of_score(gene, key), key
    if kind == "activity_value_pair":
        score = add_scores(*key.split(" + "))
        return term_of_score(gene, score), score
    if kind == "allele_status":
        allele, _, status = key.partition(" ")
        known = allele in {name for name, _, _ in listed(gene)} and gene["method"] == "allele_presence"
        return (f"{allele} {status}" if known else None), None
    ids = [function_id(gene, words) for words in key.split(" + ")]
    if kind == "function_pair" and len(ids) == 2 and None not in ids:
        return term_of_pair(gene, str(ids[0]), str(ids[1])), None
    singles = (one["term"] for one in gene["phenotypes"].values() if ids[0] in one.get("singles", ()))
    return next(singles, None), None


def check_phenotypes(genes: Mapping[str, Gene], rows: list[Row]) -> Iterator[str]:
    stated: dict[str, set[frozenset[str | None]]] = defaultdict(set)
    for row in rows:
        gene = genes[row["gene"]]
        term, score = answer(gene, row)
        if term != row["phenotype_cpic_term"] or (score or "") != row["activity_score"]:
            expected = f"{row['phenotype_cpic_term']} {row['activity_score']}".strip()
            yield f"{row['gene']} {row['key']}: expected {expected}, got {term} {score or ''}"
        if row["key_type"] == "function_pair":
            stated[row["gene"]].add(frozenset(function_id(gene, words) for words in row["key"].split(" + ")))
    terms = {(row["gene"], row["phenotype_cpic_term"]) for row in rows}
    for name, gene in genes.items():
        for one in gene.get("phenotypes", {}).values():
            if (name, one["term"]) not in terms and name not in ONLY_HERE:
                yield f"{name} {one['term']}: is no phenotype of the table"
    for name, pairs in stated.items():
        for pair in combinations_with_replacement(genes[name]["functions"], 2):
            if frozenset(pair) not in pairs and term_of_pair(genes[name], *pair) is not None:
                yield f"{name} {' + '.join(pair)}: answered, and the table does not have it"


def check_unphased(genes: Mapping[str, Gene], rows: list[Row]) -> Iterator[str]:
    expected = defaultdict(set)
    for row in rows:
        other = row["alternative_not_excluded"]
        expected[row["gene"]].add((row["called_diplotype_unphased"], ALSO_NAMED.get(other, other)))
    for name, gene in genes.items():
        for pair in sorted({(one, two) for one, two in gene.get("unphased", [])} ^ expected[name]):
            yield f"{name} unphased {pair}: in the table or in the content, and not in both"


def defining(rows: list[Row], mitochondrial: list[Row]) -> dict[tuple[str, str], set[str]]:
    """(gene, rsID or HGVS with its base) -> the alleles that have it among their core variants."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        if row["is_reference_allele"] == "yes" or row["core_position"] != "yes":
            continue
        found[row["gene"], row["rsid"]].add(row["allele"])
        for name in spell_out(row["hgvs_g_GRCh38"], row["required_base_cpic"]):
            found[row["gene"], name].add(row["allele"])
    for row in mitochondrial:
        if row["allele"] != "Reference":
            name = f"m.{MITOCHONDRIAL.get(row['allele'], row['allele'])}"
            found[row["gene"], row["rsid"]].add(name)
            found[row["gene"], f"NC_012920.1:{name}"].add(name)
    return found


def spell_out(hgvs: str, base: str) -> list[str]:
    """The names of a position that mean the base: all where there is one, else those that end with the base."""
    first, *others = hgvs.split("; ")
    if not others:
        return [first]
    head = first.split(":")[0]
    count = re.search(r"\((\d+)\)$", base)
    end = f"[{count[1]}]" if count else f">{base}"
    return [name for name in (first, *(f"{head}:{one}" for one in others)) if name.endswith(end)]


def check_variants(genes: Mapping[str, Gene], found: Mapping[tuple[str, str], set[str]]) -> Iterator[str]:
    for name, gene in genes.items():
        known = {allele for allele, _, _ in listed(gene)}
        for variant, allele in gene.get("variants", {}).items():
            defined = found.get((name, variant), set()) & known
            if defined != {allele} and not (allele == HAPB3 and HAPB3 in defined):
                yield f"{name} {variant}: leads to {allele}, and is part of {', '.join(sorted(defined)) or 'nothing'}"


def check_inhibitors(rows: list[Row]) -> Iterator[str]:
    """A class only where it was read in a source; the others may be named as unverified, and no further ones."""
    for path in sorted((CONTENT / "modulators").glob("*.yaml")):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        own = [row for row in rows if row["enzyme"].split("/")[0] == data["id"]]
        classed = [row for row in own if row["strength"] in CLASSES and row["status"] == READ_IN_A_SOURCE]
        listed = {(code, kind) for kind, drugs in data["modulators"].items() for code in drugs.values()}
        got = {one for one in listed if not one[1].endswith(UNVERIFIED)}
        expected = {(row["rxcui"], f"{row['effect']} {row['strength']}") for row in classed if row["rxcui"]}
        for one in sorted(got ^ expected):
            yield f"{data['id']} {one}: {'only in the content' if one in got else 'missing'}"
        known = {(row["rxcui"], f"{row['effect']} {UNVERIFIED}") for row in own}
        for one in sorted(listed - got - known):
            yield f"{data['id']} {one}: nowhere in the table"


def main(arguments: list[str]) -> int:
    facts = Path(arguments[0] if arguments else "../shared") / "facts"
    if not facts.is_dir():
        print(f"there is no folder {facts}: name the folder that holds facts/", file=sys.stderr)
        return 2
    genes = read_genes()
    found = defining(read_rows(facts / "variants.csv"), read_rows(facts / "variants_mtrnr1.csv"))
    faults = [
        *check_alleles(genes, read_rows(facts / "alleles.csv")),
        *check_phenotypes(genes, read_rows(facts / "phenotypes.csv")),
        *check_unphased(genes, read_rows(facts / "phase_ambiguity.csv")),
        *check_variants(genes, found),
        *check_inhibitors(read_rows(facts / "inhibitors.csv")),
    ]
    print("\n".join(faults) if faults else f"{len(genes)} gene files carry every row of the tables")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
