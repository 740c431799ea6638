"""Read every JSON and NDJSON file under <shared>/examples, and compare with the hand-read rows of expected.json.

Usage: python .ci/check_examples.py <shared>. Prints the verdict on each row and "N passed, N failed"; exit code 1 on
any failed row and on any file that raises.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cds_hooks.fhir.gene_file import read_gene_results
from knowledge.facts import Answer, GeneResult
from knowledge.library import Library
from knowledge.loading.load import load_library
from knowledge.pgx.phenotype import interpret

NOT_READ = {"T13", "T14", "T25", "T26", "T32", "T37", "T40"}
"""Traps whose right answer is that nothing was read."""


def main(shared: Path) -> int:
    """Run both checks; the number of failures."""
    library = load_library()
    files, raised = read_all(shared / "examples", library)
    print(f"{files} files read, {raised} raised an exception")
    rows = json.loads((shared / "examples" / "expected.json").read_text("utf-8"))
    failed = 0
    for row in rows:
        faults = list(compare(row, shared / "examples", library))
        failed += bool(faults)
        print(f"{'FAIL' if faults else 'ok  '} {row['path']} [{row['gene']}] {'; '.join(faults)}")
    print(f"{len(rows) - failed} passed, {failed} failed")
    return failed + raised


def read_all(folder: Path, library: Library) -> tuple[int, int]:
    """How many files were read, and how many of them raised."""
    files = raised = 0
    for path in sorted((*folder.rglob("*.json"), *folder.rglob("*.ndjson"))):
        files += 1
        try:
            for document in documents(path):
                read_gene_results(document, library)
        except Exception as error:
            raised += 1
            print(f"FAIL {path.relative_to(folder)}: {type(error).__name__}: {error}")
    return files, raised


def documents(path: Path) -> Iterator[Any]:
    """The JSON values of a file; an array is handed over as one value inside an object."""
    text = path.read_text("utf-8")
    for part in text.splitlines() if path.suffix == ".ndjson" else [text]:
        if part.strip():
            value = json.loads(part)
            yield value if isinstance(value, dict) else {"items": value}


def compare(row: dict[str, Any], folder: Path, library: Library) -> Iterator[str]:
    """What is wrong with our reading of one row."""
    results = [one for document in documents(folder / row["path"]) for one in read_gene_results(document, library)]
    genes = set(re.findall(r"[A-Z0-9]+(?:-[A-Z0-9]+)?", row["gene"])) & set(library.genes)
    own = [one for one in results if one.gene in genes]
    read = [one for one in own if _is_read(one, library)]
    traps = {trap.partition("-")[0] for trap in row["traps"]}
    if traps & NOT_READ or not genes or "T20" in traps and "cpic_phenotype" not in row:
        wrongly = read if genes else [one for one in results if one.answer is Answer.READ]
        if wrongly:
            yield f"read as {[one.as_written or one.reported_phenotype for one in wrongly]}, and must not be"
        if genes and not [one for one in results if one.answer is Answer.UNREADABLE]:
            yield "nothing is said to be on file"
        return
    if not read:
        yield f"not read: {[one.reason for one in own]}"
        return
    yield from compare_words(row, read, library)


def compare_words(row: dict[str, Any], read: list[GeneResult], library: Library) -> Iterator[str]:
    """Genotype as written and phenotype by our tables, as far as the row has them."""
    written = [one.as_written or "" for one in read]
    wanted = row["diplotype_as_written"]
    if not wanted.startswith("(") and not any(
        squeeze(wanted) in squeeze(f"{one.gene}{text}") for one, text in zip(read, written, strict=True)
    ):
        yield f"genotype {written}, not {wanted}"
    meanings = [interpret(library, library.genes[one.gene], one, None) for one in read]
    terms = [f"{one.gene}{one.phenotype}" if one.phenotype else "" for one in meanings]
    expected = row.get("cpic_phenotype")
    if expected is None:
        return
    statuses = re.findall(r"(HLA-[AB]\*[0-9:]+) (positive|negative)", expected)
    for allele, status in statuses:
        if not any(f"{allele.partition('*')[2]} {status}" in term for term in terms):
            yield f"{allele} is not {status} in {terms}"
    if "no PGx risk allele" in expected and any("positive" in term for term in terms):
        yield f"positive in {terms}"
    if "Metabolizer" in expected and not any(one.phenotype and expected.startswith(one.phenotype) for one in meanings):
        yield f"phenotype {terms}, not {expected}"


def squeeze(text: str) -> str:
    """Without spaces and separators."""
    return re.sub(r"[\s_]", "", text).casefold()


def _is_read(result: GeneResult, library: Library) -> bool:
    return result.answer is Answer.READ and bool(interpret(library, library.genes[result.gene], result, None).values)


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1])) else 0)
