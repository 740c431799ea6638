"""`pgx-cds terms build`: the tables of medicine names and codes from NLM's own files."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import click

from knowledge.loading.errors import ContentError
from knowledge.loading.imported import DRUG_NAMES, NDC_TABLE
from knowledge.loading.load import CONTENT
from knowledge.terms.imported_tables import write_names, write_ndc
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
    write_names(out / DRUG_NAMES, {"source": SOURCE, "digest": digest}, _tables(release))
    if release.ndc:
        write_ndc(out / NDC_TABLE, SOURCE, _by_contents(release))
    click.echo(
        f"{len(release.ingredients)} ingredients, {len(release.products)} codes of products, "
        f"{len(release.brands)} brands, {len(release.ndc)} NDC products -> {out}"
    )


def _tables(release: Release) -> dict[str, Mapping[str, object]]:
    return {
        "ingredients": release.ingredients,
        "products": release.products,
        "names": release.names,
        "brands": release.brands,
    }


def _by_contents(release: Release) -> dict[str, list[str]]:
    contents: dict[str, list[str]] = defaultdict(list)
    for code, codes in release.ndc.items():
        contents["|".join(codes)].append(code)
    return contents
