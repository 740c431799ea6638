"""docs/transparency.md: what the rules disclose, table by table, derived from the content.

`python -m knowledge.checking.transparency_page` prints it; a test keeps the file equal to it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from knowledge.disclosure import NOT_STATED, RowDisclosure, cite, disclose
from knowledge.library import Drug, Library, Table
from knowledge.loading.load import load_library

_HEAD = """\
# Transparency

Made from the content by `python -m knowledge.checking.transparency_page > docs/transparency.md`; a test keeps it true.
What one row discloses, its actions included, is at `/transparency/<row id>` of a running service, and a card links to
it where `PGX_CDS_PUBLIC_URL` is set. The page is open to all, with authentication as well: it holds content and nothing
of any patient. This is a checklist, no legal opinion.
"""


def render_transparency(library: Library) -> str:
    """The whole page, Markdown."""
    parts = [_HEAD, _issuers(library), _attributes(library), _tables(library), _criteria(library)]
    return "\n".join(parts)


def _issuers(library: Library) -> str:
    head = (
        "## Who stands behind the rules\n\nAttributes 2 and 3 of 13.\n\n"
        "| body | developer | funding source |\n|---|---|---|\n"
    )
    issuers = library.transparency.issuers.items()
    lines = (f"| {body} | {one.developer or NOT_STATED} | {one.funding or NOT_STATED} |" for body, one in issuers)
    return head + "\n".join(lines) + "\n"


def _attributes(library: Library) -> str:
    """Attributes 5 to 13, and in how many rows each is used."""
    rows = list(_disclose_all(library))
    head = (
        "## Data on a person\n\nAttributes 5 to 13, and how many of the rows use them. A fact is used where the row's "
        "table, an alternative that the row offers or an equation that it names asks for it.\n\n"
        "| attribute | rows that use it | used as |\n|---|---|---|\n"
    )
    lines = []
    for told in library.transparency.attributes:
        uses = [one for row in rows for one in row.attributes if one.id == told.id and one.used]
        used_as = ", ".join(sorted({one.value.removeprefix("used: ") for one in uses})) or "not used"
        lines.append(f"| {told.name} | {len(uses)} of {len(rows)} | {used_as} |")
    return head + "\n".join(lines) + "\n"


def _tables(library: Library) -> str:
    head = (
        "## Table by table\n\nAttributes 1 and 4, and what is used of 5 to 13 by any row of the table.\n\n"
        "| medicine | body | citation | transcribed | used |\n|---|---|---|---|---|\n"
    )
    drugs = sorted(library.drugs.values(), key=lambda drug: drug.name)
    lines = [_table(library, drug, table) for drug in drugs for table in drug.tables]
    return head + "\n".join(lines) + "\n"


def _table(library: Library, drug: Drug, table: Table) -> str:
    told = [disclose(library, drug, table, row) for row in table.rows]
    used = dict.fromkeys(one.name for row in told for one in row.attributes if one.used)
    citation = f"[{cite(table.source)}]({table.source.url})"
    return f"| {drug.name} | {table.body} | {citation} | {table.source.transcribed} | {', '.join(used) or 'none'} |"


def _criteria(library: Library) -> str:
    head = "## The four criteria of non-device software\n\n"
    words = {
        "genes": "its genes",
        "asked": "the facts that its table asks for",
        "source": "the source that it names",
        "actions": "the row's actions, in words.",
        "strength": "the row's body and strength",
        "version": "included",
    }
    lines = (
        f"{number}. {one.asks} {one.met.format(**words)}".rstrip()
        for number, one in enumerate(library.transparency.criteria, 1)
    )
    return head + "\n".join(lines) + "\n"


def _disclose_all(library: Library) -> Iterator[RowDisclosure]:
    for drug in library.drugs.values():
        for table in drug.tables:
            yield from (disclose(library, drug, table, row) for row in table.rows)


if __name__ == "__main__":
    sys.stdout.write(render_transparency(load_library()))
