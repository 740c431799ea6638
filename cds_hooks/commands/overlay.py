"""`--overlay` of the commands that answer from content, and how content that cannot be used ends them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from knowledge.loading.errors import ContentError


def with_overlay(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command `overlay`: a site's folder, or None. Content with faults ends it with 1, each fault on a line."""

    @click.option(
        "--overlay",
        envvar="PGX_CDS_OVERLAY",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="A site's content folder; otherwise that of PGX_CDS_OVERLAY.",
    )
    @wraps(function)
    def run(**arguments: Any) -> None:
        try:
            function(**arguments)
        except ContentError as error:
            click.echo(str(error), err=True)
            raise SystemExit(1) from None

    return run
