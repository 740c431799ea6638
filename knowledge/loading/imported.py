"""Where the imported tables of names and codes lie: in the site's overlay, else beside the shipped content."""

from __future__ import annotations

from pathlib import Path

from knowledge.loading.errors import ContentError, Fault

DRUG_NAMES, NDC_TABLE = "drug_names.json", "ndc.json.gz"


def find_imported(content: Path, name: str, overlay: Path | None = None) -> Path:
    """A table of the overlay (built there by `pgx-cds terms build`), else the shipped one.

    Raises ContentError where the shipped one is missing: without it codes would look as if they were on no list.
    """
    own = overlay / name if overlay else None
    if own is not None and own.exists():
        return own
    shipped = content / "imported" / name
    if shipped.exists():
        return shipped
    mend = "install the project anew, with everything in knowledge/content, or write it with `pgx-cds terms build`"
    raise ContentError([Fault(str(shipped), 1, "this table of the shipped content is missing", mend)])
