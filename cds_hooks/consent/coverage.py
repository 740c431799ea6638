"""Whether a provision covers what is asked: yes, no, or not known.

A provision covers by all of its limits at once; a limit that lists several things, by any of them. `permitting` says
which way the provision goes: where FHIR leaves room, a refusal reaches further than a permission.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cds_hooks.consent.codes import (
    ABOVE_TREATMENT,
    ACT_CODE,
    ACT_REASON,
    ACTIONS,
    CONFIDENTIALITY,
    NORMAL,
    NOT_READING,
    RANKS,
    READING,
    RESOURCE_TYPES,
    SOURCES,
    TREATMENT,
    short_system,
)
from cds_hooks.consent.directive import Actor, DataRule, Provision, Span
from cds_hooks.consent.question import Question
from cds_hooks.consent.truth import Truth, all_of, any_of
from cds_hooks.fhir.coding import Pair
from cds_hooks.fhir.references import is_elsewhere, read_reference, type_and_id

_PEOPLE = ("Practitioner", "PractitionerRole", "Patient", "RelatedPerson", "Device")
_OPEN_TYPES = frozenset({"PractitionerRole"})
"""Who stands behind these is not told by the reference alone."""


def covers(provision: Provision, question: Question, permitting: bool) -> Truth:
    """Whether the provision is about this data in this use."""
    return all_of((covers_data(provision, question, permitting), covers_use(provision, question, permitting)))


def covers_use(provision: Provision, question: Question, permitting: bool) -> Truth:
    """Whether it is about this use: the purpose, what is done, who gets it. Its period is judged apart."""
    receivers = tuple(one for one in provision.actors if one.role not in SOURCES)
    return all_of(
        (
            _limit(any_of(_is_treatment(one, permitting) for one in provision.purposes), provision.purposes),
            _limit(any_of(_is_reading(one) for one in provision.actions), provision.actions),
            is_for_asker(receivers, question, permitting),
        )
    )


def is_for_asker(receivers: Sequence[Actor], question: Question, permitting: bool) -> Truth:
    """Whether what is for these is for the user; where nobody is listed it is for everybody."""
    return _limit(any_of(_is_asker(one, question, permitting) for one in receivers), receivers)


def covers_data(provision: Provision, question: Question, permitting: bool) -> Truth:
    """Whether it is about this data: label, kind, code, instance, date, and where it comes from."""
    sources = [one for one in provision.actors if one.role in SOURCES]
    return all_of(
        (
            _covers_labels(provision.labels, question, permitting),
            _limit(any_of(_is_kind(one, question) for one in provision.classes), provision.classes),
            _limit(any_of(_is_code(one, question) for one in provision.codes), provision.codes),
            _limit(any_of(_is_data(one, question, permitting) for one in provision.data), provision.data),
            True if provision.data_period is None else lies_within(question.date, provision.data_period),
            _limit(any_of(_is_source(one.reference, question, permitting) for one in sources), sources),
        )
    )


def inherit(root: Provision, nested: Provision) -> Provision:
    """A nested provision with the limits of its root where it has none of its own."""
    return replace(
        nested,
        period=nested.period or root.period,
        purposes=nested.purposes or root.purposes,
        actions=nested.actions or root.actions,
        actors=nested.actors or root.actors,
        labels=nested.labels or root.labels,
        classes=nested.classes or root.classes,
        codes=nested.codes or root.codes,
        data=nested.data or root.data,
        data_period=nested.data_period or root.data_period,
    )


def lies_within(days: Span | None, period: Span) -> Truth:
    """Whether days that are only known to lie in a span are all, or none, in a period; None: not known."""
    if days is None or days.first is None or days.last is None:
        return None
    if period.first is not None and days.last < period.first or period.last is not None and days.first > period.last:
        return False
    inside = (period.first is None or days.first >= period.first) and (period.last is None or days.last <= period.last)
    return True if inside else None


def _limit(found: Truth, listed: object) -> Truth:
    return found if listed else True


def _is_treatment(purpose: Pair, permitting: bool) -> Truth:
    """A purpose of another code system may mean treatment: that does for a doubt, not for a permission."""
    system, code = purpose
    if system in (ACT_REASON, None) and code is not None:
        return code in TREATMENT or not permitting and code in ABOVE_TREATMENT
    return False if permitting else None


def _is_reading(action: Pair) -> Truth:
    system, code = action
    if system in (ACTIONS, None) and code in READING:
        return True
    return False if system in (ACTIONS, None) and code in NOT_READING else None


def _is_asker(actor: Actor, question: Question, permitting: bool) -> Truth:
    """Whether the user, or an organisation that the user acts for, is meant."""
    reference, asker = read_reference(actor.reference, question.asker.server), question.asker
    if reference is None:
        return None
    found = _is_among(reference, asker.organizations | ({asker.user} if asker.user else set()), permitting)
    if found is not False:
        return found
    kind, users = type_and_id(reference).partition("/")[0], (asker.user or "").partition("/")[0]
    if kind == "Organization":
        return False if asker.organizations and not is_elsewhere(reference) else None
    if kind not in _PEOPLE or users not in _PEOPLE:
        return None
    # Who works at two places has another id on each server, and so has an organisation, above.
    open_person = kind == users and is_elsewhere(reference) or kind != users and bool({kind, users} & _OPEN_TYPES)
    return None if open_person else False


def _is_source(reference: str | None, question: Question, permitting: bool) -> Truth:
    named = read_reference(reference, question.asker.server)
    if named is None or not question.sources:
        return None
    found = _is_among(named, question.sources, permitting)
    if found is not False:
        return found
    kind = type_and_id(named).partition("/")[0]
    alike = [one for one in question.sources if type_and_id(one).partition("/")[0] == kind]
    return None if any(is_elsewhere(named) or is_elsewhere(one) for one in alike) else False


def _is_among(reference: str, named: frozenset[str], permitting: bool) -> Truth:
    """Whether a reference is one of these. The same type and id on another server may be anybody or anything: a
    refusal reaches it, a permission does not for certain."""
    if reference in named:
        return True
    if type_and_id(reference) not in {type_and_id(one) for one in named}:
        return False
    return None if permitting else True


def _is_kind(kind: Pair, question: Question) -> Truth:
    """A kind of another code system names documents, or something unknown."""
    system, code = kind
    if system == RESOURCE_TYPES or system is None and code in ("Observation", "DiagnosticReport"):
        asked = {one for _, one in question.kinds}
        return code in asked if len(asked) == 1 else (None if code in asked else False)
    return False if system == "urn:ietf:bcp:13" else None


def _is_code(code: Pair, question: Question) -> Truth:
    if not question.codes or code[1] is None:
        return None
    return code in {(short_system(system), found) for system, found in question.codes}


def _is_data(rule: DataRule, question: Question, permitting: bool) -> Truth:
    reference = read_reference(rule.reference, question.asker.server)
    if reference is None:
        return None
    if rule.meaning == "authoredby":
        return _is_source(reference, question, permitting)
    found = _is_among(reference, question.references, permitting)
    if found is not False:
        return found
    if rule.meaning == "instance":
        return False if question.references else None
    return _is_related(reference, question, permitting) if rule.meaning in ("related", "dependents") else None


def _is_related(reference: str, question: Question, permitting: bool) -> Truth:
    found = _is_among(reference, question.relations, permitting)
    if found is not False:
        return found
    told = {type_and_id(one).partition("/")[0] for one in question.relations}
    known = question.relations_known or type_and_id(reference).startswith("Encounter/") and "Encounter" in told
    return False if known else None


def _covers_labels(labels: tuple[Pair, ...], question: Question, permitting: bool) -> Truth:
    """Labels of confidentiality and of sensitivity: where both are listed and only one fits, it is not known."""
    if not labels:
        return True
    levels = {code for system, code in labels if system == CONFIDENTIALITY and code in RANKS}
    kinds = {code for system, code in labels if system == ACT_CODE and code}
    found: list[Truth] = []
    if levels:
        found.append(_covers_level(frozenset(str(one) for one in levels), question, permitting))
    if kinds:
        found.append(bool(kinds & question.sensitivities))
    if len(levels) + len(kinds) < len(set(labels)):
        found.append(True if True in found else None)
    return found[0] if len(set(found)) == 1 else None


def _covers_level(levels: frozenset[str], question: Question, permitting: bool) -> Truth:
    """The data's highest level among those listed; "normal" takes in what is less, a refusal what is more."""
    ranks = [RANKS.get(one) for one in question.confidentiality]
    if not ranks or None in ranks:
        return None
    level = max(rank for rank in ranks if rank is not None)
    listed = {RANKS[one] for one in levels}
    if level in listed:
        return True
    if permitting:
        return NORMAL in levels and level < RANKS[NORMAL]
    return level > min(listed)
