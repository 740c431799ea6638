"""`pgx-cds terms build`: the tables of medicine names and codes from NLM's own files."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import click

from knowledge.loading.errors import ContentError
from knowledge.loading.load import CONTENT
from knowledge.terms.rxnorm_release import SOURCE, Release, read_release

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("terms")
def command() -> None:
    """Tables of medicine names and codes."""


@command.command("build")
@click.argument("concepts", metavar="RXNCONSO.RRF", type=_FILE)
@click.argument("relations", metavar="RXNREL.RRF", type=_FILE)
@click.argument("attributes", metavar="[RXNSAT.RRF]", type=_FILE, required=False)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=CONTENT / "imported",
    help="Folder to write to: a site's overlay, or (default) the shipped content.",
)
def build(concepts: Path, relations: Path, attributes: Path | None, out: Path) -> None:
    """Write drug_names.json and, with RXNSAT.RRF, ndc.json.gz. Exit code 0: written, 1: a file is not NLM's."""
    try:
        release = read_release(concepts, relations, attributes)
    except ContentError as error:
        raise click.ClickException(str(error)) from None
    if not release.ingredients:
        raise click.ClickException(f"{concepts} names no ingredient of RxNorm: give RXNCONSO.RRF as it was unpacked")
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (concepts, relations))).hexdigest()
    if release.incomplete:
        click.echo(
            f"{len(release.incomplete)} codes left out, as a part of each leads to no ingredient: "
            f"{', '.join(release.incomplete[:10])}{' ...' if len(release.incomplete) > 10 else ''}",
            err=True,
        )
    out.mkdir(parents=True, exist_ok=True)
    _write_names(out / "drug_names.json", release, digest)
    if release.ndc:
        _write_ndc(out / "ndc.json.gz", release)
    click.echo(
        f"{len(release.ingredients)} ingredients, {len(release.products)} codes of products, "
        f"{len(release.brands)} brands, {len(release.ndc)} NDC products -> {out}"
    )


def _write_names(path: Path, release: Release, digest: str) -> None:
    """One entry a line, sorted, so that a rebuilt table shows its differences."""
    parts = [f'"source": {json.dumps(SOURCE)}', f'"digest": {json.dumps(digest)}']
    tables: dict[str, Any] = {
        "ingredients": release.ingredients,
        "products": release.products,
        "names": release.names,
        "brands": release.brands,
    }
    for key, table in tables.items():
        entries = sorted(table.items(), key=lambda entry: (len(entry[0]) if entry[0].isdigit() else 0, entry[0]))
        lines = ",\n".join(f"{json.dumps(code)}:{json.dumps(value, separators=(',', ':'))}" for code, value in entries)
        parts.append(f'"{key}": {{\n{lines}\n}}')
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def _write_ndc(path: Path, release: Release) -> None:
    contents: dict[str, list[str]] = defaultdict(list)
    for code, codes in release.ndc.items():
        contents["|".join(codes)].append(code)
    table = {"source": SOURCE, "contents": {key: sorted(contents[key]) for key in sorted(contents)}}
    path.write_bytes(gzip.compress(json.dumps(table, separators=(",", ":")).encode(), 9, mtime=0))
