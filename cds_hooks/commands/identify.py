"""`pgx-cds identify`: lines `system|code|display` to ingredients, one JSON object a line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from cds_hooks.commands.output import print_json
from cds_hooks.commands.overlay import with_overlay
from knowledge.loading.load import load_library
from knowledge.terms.code_systems import ATC, NDC, RXNORM
from knowledge.terms.drug_names import DrugNames, load_drug_names

_SHORT = {"rxnorm": RXNORM, "ndc": NDC, "atc": ATC}


@click.command("identify")
@with_overlay
def command(overlay: Path | None) -> None:
    """Read lines SYSTEM|CODE|DISPLAY on standard input (any part may be empty); print one JSON object a line.

    SYSTEM is a FHIR system URI, or rxnorm, ndc or atc. Members: ingredients (name and RxNorm code), evidence (code or
    name, null where there is none), reason (null, or why the medicine stays unknown) and unknownWord (the first word of
    the display that is not known). Exit code 0 whatever the lines hold, 1: the site's content cannot be used.
    """
    names = load_drug_names(load_library(overlay), overlay)
    for line in _read_lines():
        if line.strip():
            print_json(identify(names, line))


def _read_lines() -> Iterator[str]:
    """The lines as UTF-8; other bytes are shown as what cannot be read, and make no word known."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r\n")


def identify(names: DrugNames, line: str) -> dict[str, Any]:
    """One line in the shape that the command prints."""
    system, code, display = (part.strip(" |\t") or None for part in (*line.split("|", 2), "", "")[:3])
    uri = _SHORT.get(system.lower(), system) if system else None
    found = names.identify([(uri, code, display)], None)
    read = names.reader.read(display) if display and not found.ingredients else None
    return {
        "ingredients": [{"name": one.name, "rxnorm": one.rxnorm} for one in found.ingredients],
        "evidence": found.evidence,
        "reason": found.reason,
        "unknownWord": read.unknown if read else None,
    }
