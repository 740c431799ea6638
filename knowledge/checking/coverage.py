"""docs/coverage.md: which body speaks of which medicine and gene here, row by row counted, and what is missing.

`python -m knowledge.checking.coverage` prints it; a test keeps the file equal to it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from knowledge.findings import Strength
from knowledge.gene import Gene
from knowledge.library import Drug, Library, Table
from knowledge.loading.load import CONTENT, load_library
from knowledge.loading.strict_yaml import load_strict

_HEAD = """\
# Coverage

Made from the content by `python -m knowledge.checking.coverage > docs/coverage.md`; a test keeps it true. Everything
here was transcribed from what the bodies published. No clinician has reviewed it.
"""


STRENGTHS = ("strong", "moderate", "optional", "silent")


def render_coverage(library: Library, missing: Sequence[Mapping[str, Any]]) -> str:
    """The whole page, Markdown."""
    parts = [_HEAD, _totals(library), _drugs(library), _genes(library), _missing(missing)]
    return "\n".join(parts)


def load_missing() -> Sequence[Mapping[str, Any]]:
    """The list of what is not carried."""
    data: Sequence[Mapping[str, Any]] = load_strict(CONTENT / "missing.yaml").data
    return data


def _totals(library: Library) -> str:
    tables = [table for drug in library.drugs.values() for table in drug.tables]
    rows = Counter(table.body for table in tables for _ in table.rows)
    drugs: Counter[str] = Counter()
    for drug in library.drugs.values():
        drugs.update({table.body for table in drug.tables})
    lines = [f"| {body} | {drugs[body]} | {rows[body]} |" for body in sorted(rows)]
    head = (
        f"{len(library.drugs)} medicines, {len(library.genes)} genes.\n\n| body | medicines | rows |\n|---|---|---|\n"
    )
    return head + "\n".join(lines) + "\n"


def _drugs(library: Library) -> str:
    columns = ("medicine", "body", "genes", "populations", "rows", *STRENGTHS, "test first", "version of the source")
    head = (
        "## Medicines\n\nRows by strength; silent: the body makes no recommendation. FDA and DPWG do not grade: "
        "what they recommend is counted as strong. Test first: what is proposed where no result is on file.\n\n"
        f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    )
    drugs = sorted(library.drugs.values(), key=lambda drug: drug.name)
    return head + "\n".join(line for drug in drugs for line in _tables(drug)) + "\n"


def _tables(drug: Drug) -> Iterator[str]:
    for table in drug.tables:
        counted = Counter(row.strength for row in table.rows)
        cells = [
            drug.name,
            table.body,
            ", ".join(table.genes) or "-",
            ", ".join(_labels(drug, table)) or "all",
            len(table.rows),
            *(counted[strength] for strength in Strength),
            _test_first(drug, table),
            table.source.version,
        ]
        yield f"| {' | '.join(str(cell) for cell in cells)} |"


def _test_first(drug: Drug, table: Table) -> str:
    """The priority of testing the table's genes before the first dose."""
    asked = drug.pretest is not None and set(drug.pretest.genes) & set(table.genes)
    return drug.pretest.priority if drug.pretest is not None and asked else "-"


def _labels(drug: Drug, table: Table) -> Iterable[str]:
    return (drug.populations[name].label for name in table.populations)


def _genes(library: Library) -> str:
    head = "## Genes\n\n| gene | read as | alleles | phenotypes | medicines that ask for it |\n|---|---|---|---|---|\n"
    return (
        head + "\n".join(_gene(library, gene) for gene in sorted(library.genes.values(), key=lambda one: one.id)) + "\n"
    )


def _gene(library: Library, gene: Gene) -> str:
    asked = sorted(drug.name for drug in library.drugs.values() if gene.id in drug.genes)
    alleles = len({allele.name for allele in gene.alleles.values()})
    phenotypes = ", ".join(one.term for one in gene.phenotypes.values())
    method = gene.method.replace("_", " ")
    return f"| {gene.id} | {method} | {alleles or '-'} | {phenotypes or '-'} | {', '.join(asked) or '-'} |"


def _missing(missing: Sequence[Mapping[str, Any]]) -> str:
    head = "## What is missing, and why\n\n| body | medicines | what | why |\n|---|---|---|---|\n"
    lines = (
        f"| {entry['body']} | {', '.join(entry.get('drugs', ())) or 'all'} | {entry['what']} | {entry['why']} |"
        for entry in missing
    )
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render_coverage(load_library(), load_missing()))
