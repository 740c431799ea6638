"""What a row discloses: the 13 source attributes of a decision support intervention, and how it is no device.

The attributes are those of 45 CFR 170.315(b)(11)(iv)(A): citation, developer, funding, dates, and which data on a
person are used. Everything that follows from the row is derived; what does not stands in content/transparency.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.findings import Source
from knowledge.library import Drug, Library, Row, Table
from knowledge.row_inputs import Inputs, find_inputs, list_attributes
from knowledge.transparency import Issuer

NOT_STATED = "not stated in the source"
_WORDS = {
    "age": "age",
    "sex": "sex",
    "weight_kg": "body weight",
    "height_cm": "height",
    "smokes": "smoking status",
    "target_inr": "the INR goal",
    "genes": "gene results",
    "conditions": "conditions",
    "medications": "medicines on the list",
    "allergies": "allergies",
}


@dataclass(frozen=True)
class Disclosed:
    """One of the 13 attributes. `used` is None for the four that are no data on a person."""

    id: str
    name: str
    value: str
    used: bool | None = None


@dataclass(frozen=True)
class RowDisclosure:
    """One row with everything that it discloses."""

    id: str
    drug: Drug
    table: Table
    row: Row
    sources: tuple[Source, ...]
    """The table's own first, then those of its equations, then those that its genes are read by."""
    asked: tuple[str, ...]
    """The facts that are looked at, in words."""
    attributes: tuple[Disclosed, ...]


def disclose_row(library: Library, row_id: str) -> RowDisclosure | None:
    """The disclosure of a row by its id, e.g. "clopidogrel/cpic/poor-acs-pci"; None where there is no such row."""
    drug_id, _, rest = row_id.partition("/")
    drug = library.drugs.get(drug_id)
    for table in drug.tables if drug is not None else ():
        for row in table.rows:
            if drug is not None and rest == f"{table.slug}/{row.id}":
                return disclose(library, drug, table, row)
    return None


def disclose(library: Library, drug: Drug, table: Table, row: Row) -> RowDisclosure:
    """The disclosure of a row of a drug's table."""
    inputs = find_inputs(library, drug, table, row)
    sources = _list_sources(library, table, row)
    return RowDisclosure(
        id=f"{drug.id}/{table.slug}/{row.id}",
        drug=drug,
        table=table,
        row=row,
        sources=sources,
        asked=tuple(_describe(library, fact, inputs) for fact in inputs.facts),
        attributes=(*_describe_origin(library, table, row, sources), *_describe_use(library, inputs)),
    )


def describe_body(library: Library, body: str) -> Issuer:
    """Who stands behind a body's guidance; what the content does not know is None."""
    return library.transparency.issuers.get(body, Issuer())


def cite(source: Source) -> str:
    """A source as a citation: title, version where the title does not say it, PubMed ids."""
    pmid = f", PMID {', '.join(source.pmid)}" if source.pmid else ""
    version = "" if source.title.endswith(source.version) else f", {source.version}"
    return f"{source.title}{version}{pmid}"


def _list_sources(library: Library, table: Table, row: Row) -> tuple[Source, ...]:
    names = [name for action in row.actions for name in action.formulas if name in library.formulas]
    equations = [source for name in names for source in library.formulas[name].sources]
    genes = [source for name in table.genes if name in library.genes for source in library.genes[name].sources]
    return tuple(dict.fromkeys((table.source, *equations, *genes)))


def _describe_origin(library: Library, table: Table, row: Row, sources: tuple[Source, ...]) -> tuple[Disclosed, ...]:
    """Attributes 1 to 4: citation, developer, funding, dates."""
    issuers = [(table.body, describe_body(library, table.body))]
    if any(action.formulas for action in row.actions):
        issuers.append(("equations", describe_body(library, "equations")))
    issuers.append(("transcription", describe_body(library, "transcription")))
    developers = (f"{name}: {one.developer or NOT_STATED}" for name, one in issuers)
    funding = (f"{name}: {one.funding or NOT_STATED}" for name, one in issuers)
    dates = (f"{one.title}: {one.version}, transcribed {one.transcribed}" for one in sources)
    return (
        Disclosed("citation", "bibliographic citation", "; ".join(cite(one) for one in sources)),
        Disclosed("developer", "developer", "; ".join(developers)),
        Disclosed("funding", "funding source", "; ".join(funding)),
        Disclosed("dates", "release and revision dates", "; ".join(dates)),
    )


def _describe_use(library: Library, inputs: Inputs) -> tuple[Disclosed, ...]:
    """Attributes 5 to 13: which data on a person are used."""
    used = list_attributes(library, inputs)
    described = []
    for one in library.transparency.attributes:
        facts = [_WORDS[fact] for fact in inputs.facts if library.transparency.facts.get(fact) == one.id]
        names = [name for name in inputs.conditions if library.transparency.conditions.get(name) == one.id]
        facts += [library.conditions[name].label if name in library.conditions else name for name in names]
        value = f"used: {', '.join(facts)}" if one.id in used else "not used"
        described.append(Disclosed(one.id, one.name, value, one.id in used))
    return tuple(described)


def _describe(library: Library, fact: str, inputs: Inputs) -> str:
    """ "conditions (depression, epilepsy)": a fact with what is looked for in it."""
    named = {"conditions": inputs.conditions, "medications": inputs.medicines}.get(fact, ())
    labels = [library.conditions[name].label if name in library.conditions else name for name in named]
    return f"{_WORDS[fact]} ({'; '.join(labels)})" if labels else _WORDS[fact]
