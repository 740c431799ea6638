"""Consent resources -> Consents. What cannot be read is kept, with its problem: it may be the one that refuses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import chain

from cds_hooks.consent.codes import (
    ACT_CODE,
    BASE_RULES,
    COUNTING,
    NOT_COUNTING,
    OTHER_CATEGORIES,
    OTHER_SCOPES,
    SCOPES,
    TREATMENT_SCOPES,
    short_system,
)
from cds_hooks.consent.directive import DENY, PERMIT, Actor, Consent, Convention, DataRule, Provision, Span
from cds_hooks.fhir.calendar_dates import read_days
from cds_hooks.fhir.coding import Pair, read_concept, resource_type, text_of
from cds_hooks.fhir.record import Json
from cds_hooks.fhir.references import read_reference
from cds_hooks.fhir.subject import is_of_other
from cds_hooks.fhir.unwrapping import collect
from cds_hooks.hook_request import reference_of

_MODIFIERS = ("modifierExtension", "implicitRules", "provisionReference")
_STU3 = ("except", "purpose", "actor", "action", "securityLabel", "data", "dataPeriod")
"""Members by which an STU3 Consent limits itself beside its period; later releases limit provisions instead."""
_MOST_NESTED = 2
"""Levels of provisions: a root and what is nested in it (IHE PCF allows no more)."""


_NAMELESS = "Consent/"
_NO_TYPE = "it does not say what kind of resource it is"
_FOREIGN = "it names another patient than was asked for"
_CUT = "there are more resources beside the consents than are looked at"


class _UnreadableError(Exception):
    """Why a Consent cannot be read."""


def read_consents(resources: Iterable[Json], patient_id: str) -> tuple[Consent, ...]:
    """The patient's Consents that count: active ones that speak of treatment, and those that cannot be read.

    A Consent of another patient in the answer shows that it is not the answer to what was asked: this patient's may be
    missing in it.
    """
    given = tuple(resources)
    candidates = collect(given)
    found = candidates.of_kind("Consent")
    own = [one for one in found if not is_of_other(one, candidates, patient_id)]
    read = [_read(one.resource) for one in own]
    kinds = [resource_type(each) for each in given] + [one.kind for one in candidates.found]
    problems = [_NO_TYPE for kind in kinds if _is_unclear(kind)] + [_CUT] * candidates.cut
    problems += [_FOREIGN] * (len(own) < len(found))
    unread = (Consent(_NAMELESS, problem=each) for each in dict.fromkeys(problems))
    return (*(one for one in read if one is not None), *unread)


def _is_unclear(kind: str | None) -> bool:
    """Whether a resource may be a Consent and does not say so as FHIR does."""
    return kind is None or kind != "Consent" and kind.casefold() == "consent"


def _read(resource: Json) -> Consent | None:
    reference = reference_of(resource)
    status = text_of(resource.get("status"))
    if status in NOT_COUNTING:
        return None
    try:
        if status not in COUNTING:
            raise _UnreadableError("its status is missing or unknown")
        scope = _read_scope(resource)
        if scope in OTHER_SCOPES or _categories(resource) & OTHER_CATEGORIES:
            return None
        return _read_rules(resource, reference, scope)
    except _UnreadableError as problem:
        return Consent(reference, problem=str(problem))


def _read_rules(resource: Json, reference: str, scope: str | None) -> Consent:
    _refuse_modifiers(resource)
    for name in _STU3:
        if resource.get(name):
            raise _UnreadableError(f"it has a {name} of its own, as in STU3, which is not read")
    if scope is not None and scope not in TREATMENT_SCOPES:
        raise _UnreadableError("its scope is unknown")
    roots = tuple(_read_provision(each, 1) for each in _items(resource, "provision"))
    base, convention = _read_base(resource, roots)
    if convention is not Convention.DECISION and len(roots) > 1:
        raise _UnreadableError("it has several root provisions")
    if convention is Convention.DECISION and any(one.type for one in chain(roots, *(root.nested for root in roots))):
        raise _UnreadableError("it has both a decision and provisions with a type")
    return Consent(
        reference,
        base,
        convention,
        roots,
        scope,
        given=_read_given(resource),
        period=_read_span(resource, "period"),
        grantees=tuple(Actor(reference=_read_named(each)) for each in _items(resource, "grantee")),
    )


def _read_base(resource: Json, roots: tuple[Provision, ...]) -> tuple[str, Convention]:
    """What holds in general, and where that is said. A policyRule of another kind says nothing of it."""
    decision = resource.get("decision")
    if decision is not None:
        if decision not in (PERMIT, DENY):
            raise _UnreadableError("its decision is neither permit nor deny")
        return decision, Convention.DECISION
    rules = {BASE_RULES[code] for system, code in _concepts(resource, "policyRule") if _is_base(system, code) and code}
    if len(rules) > 1:
        raise _UnreadableError("its policyRule both permits and denies")
    if rules:
        return rules.pop(), Convention.RULE
    if roots and roots[0].type:
        return roots[0].type, Convention.ROOT
    raise _UnreadableError("it has no base rule: no policyRule, no type of the root provision, no decision")


def _is_base(system: str | None, code: str | None) -> bool:
    return system in (ACT_CODE, None) and code in BASE_RULES


def _read_provision(value: Json, level: int) -> Provision:
    _refuse_modifiers(value)
    if level > _MOST_NESTED:
        raise _UnreadableError("its provisions are nested more than once")
    kind = value.get("type")
    if kind not in (None, PERMIT, DENY):
        raise _UnreadableError("a provision's type is neither permit nor deny")
    if "expression" in value:
        raise _UnreadableError("a provision is an expression")
    return Provision(
        type=kind,
        period=_read_span(value, "period"),
        purposes=_concepts(value, "purpose"),
        actions=_concepts(value, "action"),
        actors=tuple(_read_actor(each) for each in _items(value, "actor")),
        labels=_concepts(value, "securityLabel"),
        classes=tuple(pair for name in ("class", "documentType", "resourceType") for pair in _concepts(value, name)),
        codes=_concepts(value, "code"),
        data=tuple(DataRule(text_of(each.get("meaning")), _reference(each)) for each in _items(value, "data")),
        data_period=_read_span(value, "dataPeriod"),
        nested=tuple(_read_provision(each, level + 1) for each in _items(value, "provision")),
    )


def _read_actor(value: Json) -> Actor:
    role = next((code for _, code in read_concept(value.get("role")).pairs if code), None)
    return Actor(role, _reference(value))


def _reference(value: Json) -> str | None:
    """What the Reference that is the member `reference` names."""
    inner = value.get("reference")
    return _read_named(inner) if isinstance(inner, dict) else None


def _read_named(value: Json) -> str | None:
    """What a Reference names: "Type/id", or an address, whosever server it is; None where it is of another kind."""
    return read_reference(text_of(value.get("reference")), server=None)


def _read_scope(resource: Json) -> str | None:
    pairs = _concepts(resource, "scope")
    known = TREATMENT_SCOPES | OTHER_SCOPES
    found = {code for system, code in pairs if system in (SCOPES, None) and code in known}
    if "scope" in resource and not found:
        return "unknown"
    return min(found, key=lambda code: (code in OTHER_SCOPES, code), default=None) if found else None


def _categories(resource: Json) -> set[Pair]:
    return set(_concepts(resource, "category"))


def _read_given(resource: Json) -> Span | None:
    """When it was given: `dateTime` (R4), `date` (R5)."""
    days = read_days(resource.get("dateTime", resource.get("date")))
    return Span(*days) if days else None


def _read_span(holder: Json, name: str) -> Span | None:
    value = holder.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _UnreadableError(f"its {name} is no period")
    first, last = (_day(value, end, name) for end in ("start", "end"))
    if first is None and last is None:
        raise _UnreadableError(f"its {name} says neither start nor end")
    if first is not None and last is not None and last < first:
        raise _UnreadableError(f"its {name} ends before it starts")
    return Span(first, last)


def _day(period: Json, end: str, name: str) -> date | None:
    value = period.get(end)
    if value is None:
        return None
    days = read_days(value)
    if days is None:
        raise _UnreadableError(f"the {end} of its {name} is no date")
    return days[0] if end == "start" else days[1]


def _concepts(holder: Json, name: str) -> tuple[Pair, ...]:
    """(short system, code) of every coding of a member: CodeableConcepts or Codings, one or several.

    A concept without a code limits all the same, by something unknown: (None, None).
    """
    pairs: list[Pair] = []
    for item in _items(holder, name):
        codes = [(short_system(system), code) for system, code in read_concept(item).pairs if code]
        pairs += codes or [(None, None)]
    return tuple(pairs)


def _items(holder: Json, name: str) -> tuple[Json, ...]:
    """The objects of a member, one or several. Raises _UnreadableError where it holds anything else."""
    value = holder.get(name)
    listed = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) for one in listed):
        raise _UnreadableError(f"its {name} is not what FHIR says")
    return tuple(listed)


def _refuse_modifiers(holder: Json) -> None:
    for name in _MODIFIERS:
        if holder.get(name):
            raise _UnreadableError(f"it has a {name}, which may change its meaning")
