"""`pgx-cds read FILE...`: the gene results in any FHIR JSON, one JSON object a line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import orjson

from cds_hooks.commands.output import print_json
from cds_hooks.commands.overlay import with_overlay
from cds_hooks.fhir.gene_file import read_gene_results
from knowledge.facts import GeneResult
from knowledge.library import Library
from knowledge.loading.load import load_library
from knowledge.pgx.phenotype import interpret


@click.command("read")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@with_overlay
def command(files: tuple[Path, ...], overlay: Path | None) -> None:
    """Print one JSON object for each gene result in FHIR JSON files (resource, Bundle, Parameters; NDJSON by .ndjson).

    Members: file, gene, diplotype, reportedPhenotype, phenotype, activityScore, status, reason, resourceId, notes.
    Exit code 0: every file was read, 1: the site's content cannot be used, 2: a file could not be opened or is not JSON
    (said on standard error).
    """
    library = load_library(overlay)
    failed = False
    for file in files:
        try:
            for resource in _resources(file):
                for result in read_gene_results(resource, library):
                    print_json(describe(str(file), result, library))
        except (OSError, orjson.JSONDecodeError) as error:
            failed = True
            click.echo(f"{file}: {_why(error)}", err=True)
    sys.stdout.flush()
    if failed:
        raise SystemExit(2)


def describe(file: str, result: GeneResult, library: Library) -> dict[str, Any]:
    """One gene result in the shape that the command prints."""
    gene = library.genes.get(result.gene)
    meaning = interpret(library, gene, result, None) if gene is not None else None
    usable = meaning is not None and bool(meaning.values)
    reason = result.reason or (meaning.gap if meaning is not None else f"there is no file for {result.gene}")
    return {
        "file": file,
        "gene": result.gene,
        "diplotype": result.as_written or result.genotype,
        "reportedPhenotype": result.reported_phenotype,
        "phenotype": meaning.phenotype if meaning is not None else None,
        "activityScore": meaning.score if meaning is not None else None,
        "status": result.answer if usable or result.answer != "read" else "unreadable",
        "reason": reason,
        "resourceId": result.result_id,
        "notes": list(dict.fromkeys((*result.notes, *(meaning.notes if meaning is not None else ())))),
    }


def _resources(file: Path) -> Iterator[Mapping[str, Any]]:
    content = file.read_bytes()
    texts = content.splitlines() if file.suffix == ".ndjson" else [content]
    for text in texts:
        found = orjson.loads(text) if text.strip() else None
        if isinstance(found, dict):
            yield found


def _why(error: Exception) -> str:
    return (
        f"not JSON: {error}"
        if isinstance(error, orjson.JSONDecodeError)
        else getattr(error, "strerror", None) or "unreadable"
    )
