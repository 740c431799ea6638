"""The decision applied: a Record without the gene results that may not be used.

Results that are linked (a report and what it lists, a finding and what it was derived from, a resource and what it
contains) tell each other's content: they are released together or not at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cds_hooks.consent.decision import Decision, decide
from cds_hooks.consent.directive import Consent
from cds_hooks.consent.judging import Outcome
from cds_hooks.consent.question import Asker, Question, ask_of
from cds_hooks.consent.reading import read_consents
from cds_hooks.fhir.coding import objects, text_of
from cds_hooks.fhir.record import Fetched, Json, Record
from cds_hooks.fhir.references import type_and_id
from cds_hooks.fhir.unwrapping import collect
from knowledge.facts import Answer

NOT_ALLOWED = "consent does not allow their use"
_LINKS = ("result", "hasMember", "derivedFrom")
_MOST_JUDGED = 50_000
"""Most pairs of a result and a Consent that are weighed, some seconds' work; a real record comes to some hundreds."""
_TOO_MANY = "there are more consents and results than are weighed"
_UNRESOLVED = "urn:"
"""What stands for every link into a Bundle of its own: the entry's address, and so the result, is not known here."""


def release_record(record: Record, asker: Asker, default: str) -> tuple[Record, Decision]:
    """The record as far as it may be used, and the decision; `default` is the client's, see `Client.consent`.

    Withheld results leave the topic WITHHELD with the rest, also where there is none at all: whether a result is on
    file is not told either.
    """
    consents = record.consents
    if consents is not None and consents.answer not in (Answer.READ, Answer.NONE_ON_FILE):
        said = f"the consents could not be had: {consents.reason}"
        return _withhold(record, (), Decision(Outcome.UNDECIDABLE, said, withheld=len(record.gene_results.resources)))
    read = read_consents(consents.resources, record.patient_id) if consents is not None else ()
    results = record.gene_results.resources
    if len(read) * _count_parts(results) > _MOST_JUDGED:
        return _withhold(record, (), Decision(Outcome.UNDECIDABLE, _TOO_MANY, withheld=len(results)))
    decisions = _decide_each(results, read, asker, default)
    refused = [at for at, one in enumerate(decisions) if not one.permits]
    if results and not refused:
        return record, decisions[0]
    if not results:
        decision = decide(read, Question(asker), default)
        return (record, decision) if decision.permits else _withhold(record, (), decision)
    kept_back = _spread(results, refused)
    worst = min((decisions[at] for at in refused), key=lambda one: one.outcome is not Outcome.DENY)
    kept = tuple(one for at, one in enumerate(results) if at not in kept_back)
    return _withhold(record, kept, replace(worst, withheld=len(kept_back)))


def _withhold(record: Record, kept: tuple[Json, ...], decision: Decision) -> tuple[Record, Decision]:
    return replace(record, gene_results=Fetched(Answer.WITHHELD, kept, NOT_ALLOWED)), decision


def _decide_each(results: Sequence[Json], consents: Sequence[Consent], asker: Asker, default: str) -> list[Decision]:
    """The decision on each resource: the gravest on it and on all that it contains."""
    if not consents:
        return [decide((), Question(asker), default)] * len(results)
    return [_decide_whole(one, consents, asker, default) for one in results]


def _count_parts(results: Sequence[Json]) -> int:
    return len(results) + len(collect(results).found)


def _decide_whole(resource: Json, consents: Sequence[Consent], asker: Asker, default: str) -> Decision:
    inside = [found.resource for found in collect((resource,)).found]
    # A wrapper is not among what is found in it; where it wraps no result it is judged by itself.
    parts = [part for part in inside if _tells(part, resource)] or [resource]
    order = (Outcome.DENY, Outcome.UNDECIDABLE, Outcome.PERMIT)
    found = [decide(consents, ask_of(part, asker), default) for part in parts]
    return min(found, key=lambda one: order.index(one.outcome))


def _tells(part: Json, whole: Json) -> bool:
    """Whether a part is a result itself; a contained Patient or Specimen is none."""
    return part is whole or part.get("resourceType") in ("Observation", "DiagnosticReport")


def _spread(results: Sequence[Json], refused: Sequence[int]) -> set[int]:
    """The refused ones, and all that is linked with them over any number of steps."""
    by_name: dict[str, list[int]] = defaultdict(list)
    names = [tuple(_names(one)) for one in results]
    for at, own in enumerate(names):
        for name in own:
            by_name[name].append(at)
    reached, waiting = set(refused), list(refused)
    # Which result a "urn:uuid:" means is not known any more: it may be one that is refused.
    doubtful = by_name.pop(_UNRESOLVED, []) if refused else []
    waiting += [at for at in doubtful if at not in reached]
    reached.update(doubtful)
    while waiting:
        for name in names[waiting.pop()]:
            new = [at for at in by_name.pop(name, ()) if at not in reached]
            reached.update(new)
            waiting += new
    return reached


def _names(resource: Json) -> Iterator[str]:
    """What a resource and those inside it are referred to by, and what they refer to as a part of the same content."""
    for part in collect((resource,)).found:
        if part.container is None and part.reference is not None:
            yield part.reference
        for link in (one for name in _LINKS for one in objects(part.resource.get(name))):
            text = text_of(link.get("reference"))
            if text and text.startswith(_UNRESOLVED):
                yield _UNRESOLVED
            elif text and not text.startswith("#"):
                yield type_and_id(text)
