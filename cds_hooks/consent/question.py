"""What is asked of the consents: may this piece of data be used now, by this user, for treatment?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from cds_hooks.consent.codes import ACT_CODE, CONFIDENTIALITY, GENETIC, RESOURCE_TYPES, short_system
from cds_hooks.consent.directive import Span
from cds_hooks.fhir.calendar_dates import read_days
from cds_hooks.fhir.coding import Pair, member, objects, read_coding, read_concept, text_of
from cds_hooks.fhir.record import Json
from cds_hooks.fhir.references import read_reference
from cds_hooks.fhir.resource_status import result_date
from cds_hooks.hook_request import reference_of

_RELATIONS = ("encounter", "basedOn", "partOf", "derivedFrom", "hasMember", "result", "specimen")


@dataclass(frozen=True)
class Asker:
    """Who asks, and when."""

    today: date
    user: str | None = None
    """The user's relative reference, e.g. "Practitioner/1"."""
    organizations: frozenset[str] = frozenset()
    """References of the organisations that the user acts for; empty: not known."""
    server: str | None = None
    """Base address of the FHIR server that the record is of: a reference to another one may mean somebody else."""


@dataclass(frozen=True)
class Question:
    """One piece of genetic data and who asks for it. What the record does not say is unknown, never assumed."""

    asker: Asker
    kinds: tuple[Pair, ...] = ((RESOURCE_TYPES, "Observation"), (RESOURCE_TYPES, "DiagnosticReport"))
    codes: tuple[Pair, ...] = ()
    """What it is, by code and category; empty: not known."""
    confidentiality: frozenset[str] = frozenset()
    """U, L, M, N, R, V; empty: not labelled."""
    sensitivities: frozenset[str] = frozenset({GENETIC})
    references: frozenset[str] = frozenset()
    """What it can be referred to by, e.g. "Observation/1"; empty: not known."""
    date: Span | None = None
    """The days that it may be of."""
    sources: frozenset[str] = frozenset()
    """Who made it, keeps it or stands for it; empty: not known."""
    relations: frozenset[str] = field(default_factory=frozenset)
    """What it refers to, e.g. its encounter."""
    relations_known: bool = False
    """Whether nothing but `relations` is related to it: a result does not know of Tasks that speak of it."""


def ask_of(resource: Json, asker: Asker) -> Question:
    """The question on one resource of the record."""
    labels = [read_coding(one) for one in objects(member(resource.get("meta"), "security"))]
    named = {(short_system(one.system), one.code) for one in labels}
    sources = [one for name in ("performer", "resultsInterpreter", "author") for one in objects(resource.get(name))]
    days = read_days(result_date(resource))
    concepts = [*objects(resource.get("category")), resource.get("code")]
    own = reference_of(resource)
    return Question(
        asker=asker,
        kinds=((RESOURCE_TYPES, text_of(resource.get("resourceType"))),),
        codes=tuple(pair for one in concepts for pair in read_concept(one).pairs if pair[1]),
        confidentiality=frozenset(code for system, code in named if system == CONFIDENTIALITY and code),
        sensitivities=frozenset({GENETIC} | {code for system, code in named if system == ACT_CODE and code}),
        references=frozenset() if own.endswith("/") else frozenset({own}),
        date=Span(*days) if days else None,
        sources=_references(sources, asker),
        relations=_references([one for name in _RELATIONS for one in objects(resource.get(name))], asker),
    )


def _references(values: list[Json], asker: Asker) -> frozenset[str]:
    """What the References name; one that only its own Bundle or resource knows stays as it is."""
    texts = (text_of(one.get("reference")) for one in values)
    return frozenset(read_reference(text, asker.server) or text for text in texts if text)
