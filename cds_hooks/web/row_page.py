"""What `/transparency/<row id>` says of a row: its source, what it asks for and does, its attributes and criteria."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from cards.phrases import join, load_words, render_action, render_effect
from knowledge.disclosure import RowDisclosure, cite
from knowledge.findings import Source, Strength
from knowledge.library import NO_RESULT, Drug, Library

_STATUS = {"transcribed": "transcribed from the source, reviewed by nobody", "reviewed": "reviewed by this site"}
_EVERYBODY = "every population"
_FEEDBACK = {
    "onACard": "Accept or override the card in the EHR, with a reason or a comment: the EHR sends it to "
    "/cds-services/<service id>/feedback of this service.",
    "onTheRule": "Tell whoever runs this service at your site, with the row's id and the content's version. They may "
    "correct, sign off or switch off the row in the site's own content.",
}


def describe_row(library: Library, told: RowDisclosure, today: date) -> dict[str, Any]:
    """The page as JSON; see schema/transparency.schema.json."""
    drug, row = told.drug, told.row
    return {
        "id": told.id,
        "drug": {"name": drug.name, "rxnorm": list(drug.rxnorm)},
        "body": told.table.body,
        "content": {"version": library.version, "fileVersion": drug.version, "status": _say_status(drug, today)},
        "sources": [_describe_source(one) for one in told.sources],
        "asksFor": {
            "genes": {gene: [_say_result(library, gene, one) for one in values] for gene, values in row.when.items()},
            "populations": [drug.populations[name].label for name in row.populations] or [_EVERYBODY],
            "record": list(told.asked),
        },
        "strength": describe_strength(told),
        "indicator": str(row.indicator),
        "actions": _say_actions(library, told),
        "effect": render_effect(row.effect) if row.effect else "",
        "note": row.note or "",
        "attributes": [
            {"id": one.id, "name": one.name, "value": one.value, "used": one.used} for one in told.attributes
        ],
        "criteria": _describe_criteria(library, told),
        "feedback": _FEEDBACK,
    }


def _say_status(drug: Drug, today: date) -> str:
    ended = drug.sign_off.ended(today)
    return f"this site's review ended on {ended}" if ended else _STATUS.get(drug.sign_off.status, "")


def describe_strength(told: RowDisclosure) -> str:
    """The body's grade in words; not every body grades what it says."""
    if told.row.strength is Strength.NONE:
        return "no recommendation"
    ungraded: str | None = load_words()["ungraded"].get(told.table.body)
    return ungraded or f"{told.row.strength} recommendation"


def _describe_source(source: Source) -> dict[str, Any]:
    return {
        "citation": cite(source),
        "title": source.title,
        "version": source.version,
        "pmid": list(source.pmid),
        "url": source.url,
        "transcribed": source.transcribed,
    }


def _say_result(library: Library, gene: str, value: str) -> str:
    """A lookup value in words: the phenotype's term; scores and alleles are words already."""
    if value == NO_RESULT:
        return "no result on file"
    known = library.genes[gene].phenotypes if gene in library.genes else {}
    return known[value].term if value in known else value


def _say_actions(library: Library, told: RowDisclosure) -> list[str]:
    """The actions in words, as the card has them; what an equation estimates depends on the patient."""
    said = [render_action(action, told.drug.name) for action in told.row.actions]
    named = [name for action in told.row.actions for name in action.formulas if name in library.formulas]
    said += [f"Estimate the starting dose by {library.formulas[name].title}." for name in named]
    return [one for one in said if one]


def _describe_criteria(library: Library, told: RowDisclosure) -> list[Mapping[str, str]]:
    words = {
        "genes": join(told.table.genes) or "no gene",
        "asked": join(told.asked) or "nothing but the order",
        "source": cite(told.table.source),
        "actions": " ".join(_say_actions(library, told)) or "nothing, since the body makes no recommendation here.",
        "strength": f"{told.table.body}, {describe_strength(told)}",
        "version": library.version,
    }
    return [{"id": one.id, "asks": one.asks, "met": one.met.format(**words)} for one in library.transparency.criteria]
