"""`pgx-cds translate`: CSV lines `gene,diplotype` to phenotypes, one JSON object a line."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import click

from cds_hooks.commands.output import print_json
from cds_hooks.commands.overlay import with_overlay
from knowledge.library import Library
from knowledge.loading.load import load_library
from knowledge.pgx.phenotype import interpret_genotype


@click.command("translate")
@with_overlay
def command(overlay: Path | None) -> None:
    """Read CSV lines GENE,DIPLOTYPE on standard input; print one JSON object a line.

    Members: gene, diplotype, phenotype (CPIC's term or null), activityScore, functions, gap (null or the reason) and
    notes. Exit code 0 whatever the lines hold: what cannot be translated is a gap. 1: the site's content
    cannot be used.
    """
    library = load_library(overlay)
    for row in csv.reader(sys.stdin):
        if (
            not row
            or row[0].lstrip().startswith("#")
            or [cell.strip().lower() for cell in row[:2]] == ["gene", "diplotype"]
        ):
            continue
        gene = row[0].strip()
        diplotype = ",".join(row[1:]).strip() if len(row) != 2 else row[1].strip()
        print_json(translate(library, gene, diplotype))


def translate(library: Library, symbol: str, diplotype: str) -> dict[str, Any]:
    """One diplotype in the shape that the command prints."""
    gene = library.genes.get(symbol) or library.genes.get(symbol.upper())
    empty: dict[str, Any] = {
        "gene": symbol,
        "diplotype": diplotype,
        "phenotype": None,
        "activityScore": None,
        "functions": [],
    }
    if gene is None:
        return empty | {"gap": f"there is no file for the gene {symbol[:40]}", "notes": []}
    meaning = interpret_genotype(gene, diplotype)
    return {
        "gene": gene.id,
        "diplotype": diplotype,
        "phenotype": meaning.phenotype,
        "activityScore": meaning.score,
        "functions": list(meaning.functions),
        "gap": meaning.gap,
        "notes": list(meaning.notes),
    }
