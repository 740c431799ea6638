"""`pgx-cds check [FILE]`: everything wrong with the content, or with one file and its cases."""

from __future__ import annotations

from pathlib import Path

import click

from cards.phrases import load_words
from knowledge.checking.check import check_content, check_overlay
from knowledge.loading.errors import ContentError


@click.command("check")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--overlay", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A site's content folder instead."
)
def command(file: Path | None, overlay: Path | None) -> None:
    """Check content: YAML, schema, laws and cases; all faults at once as FILE:LINE: WHAT: HOW TO MEND.

    Without FILE all content is checked. An overlay is checked as the shipped files become by it, without their cases.
    Exit code 0: no fault, 1: faults.
    """
    if file is not None and overlay is not None:
        raise click.UsageError("--overlay checks the whole folder: leave FILE out.")
    try:
        faults = check_overlay(load_words(), overlay) if overlay else check_content(load_words(), only=file)
    except ContentError as error:
        faults = error.faults
    for fault in faults:
        click.echo(str(fault))
    if faults:
        raise SystemExit(1)
    click.echo("content is sound", err=True)
