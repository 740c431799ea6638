"""Laws of content/transparency.yaml: nothing that a rule can ask for goes undisclosed."""

from __future__ import annotations

import string
from collections.abc import Iterator

from knowledge.disclosure import NOT_STATED
from knowledge.library import Library
from knowledge.loading.errors import Fault
from knowledge.loading.strict_yaml import Document
from knowledge.row_inputs import FACTS

PLACEHOLDERS = frozenset({"genes", "asked", "source", "actions", "strength", "version"})


def check_transparency(library: Library, document: Document) -> Iterator[Fault]:
    """Every body, fact and condition set is known to the file, and the file knows no others."""
    yield from _check_bodies(library, document)
    yield from _check_names(library, document)
    yield from _check_criteria(document)


def _check_bodies(library: Library, document: Document) -> Iterator[Fault]:
    bodies = {table.body for drug in library.drugs.values() for table in drug.tables}
    for body in sorted(bodies - set(document.data["issuers"])):
        mend = f"write its developer and funding, null for what is {NOT_STATED}"
        yield document.fault(("issuers",), f"{body} has tables and is not named", mend)


def _check_names(library: Library, document: Document) -> Iterator[Fault]:
    facts, listed = document.data["facts"], [one["id"] for one in document.data["attributes"]]
    for name in sorted(FACTS - set(facts)):
        yield document.fault(("facts",), f"rules can ask for {name}, which is not named", "name its attribute or null")
    for name in sorted(set(facts) - FACTS):
        yield document.fault(("facts", name), f"no rule can ask for {name}", f"known are {', '.join(sorted(FACTS))}")
    for name in sorted(set(document.data["conditions"]) - set(library.conditions)):
        yield document.fault(("conditions", name), f"{name} is no condition set", "see knowledge/content/conditions")
    for name in sorted({one for one in listed if listed.count(one) > 1}):
        yield document.fault(("attributes",), f"the attribute {name} stands twice", "name each of the nine once")


def _check_criteria(document: Document) -> Iterator[Fault]:
    for at, one in enumerate(document.data["criteria"]):
        try:
            named = {name for _, name, _, _ in string.Formatter().parse(one["met"]) if name is not None}
        except ValueError:
            named = {"{"}
        for name in sorted(named - PLACEHOLDERS):
            mend = f"known are {', '.join(sorted(PLACEHOLDERS))}"
            yield document.fault(("criteria", at, "met"), f"{{{name}}} stands for nothing", mend)
