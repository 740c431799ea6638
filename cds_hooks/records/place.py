"""Where the records of a deployment are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from cds_hooks.records.database import is_memory

FILE = "pgx-cds.sqlite3"


@dataclass(frozen=True)
class Place:
    """The database's URL, and the folder beside it for audit rows that it did not take (None: nowhere)."""

    url: str
    spill_folder: Path | None


def find_place(url: str | None, instance: Path) -> Place:
    """The place of PGX_CDS_DATABASE; None: a file in the instance folder, which is made."""
    if url is None:
        instance.mkdir(parents=True, exist_ok=True)
        return Place(f"sqlite:///{instance / FILE}", instance)
    if is_memory(url):
        return Place(url, None)
    parts = make_url(url)
    if parts.drivername == "sqlite" and parts.database is not None:
        return Place(url, Path(parts.database).parent)
    return Place(url, instance)
