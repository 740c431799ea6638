"""Which of a drug's populations the patient belongs to: yes, no, or the record cannot tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from knowledge.calendar_months import months_before
from knowledge.facts import Answer, DrugUse, PatientFacts
from knowledge.library import Criteria, Drug, Population, Table

GENERAL = "general"


class Membership(StrEnum):
    """Whether a population holds."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


_INVERSE = {
    Membership.YES: Membership.NO,
    Membership.NO: Membership.YES,
    Membership.UNKNOWN: Membership.UNKNOWN,
}


@dataclass(frozen=True)
class Chosen:
    """A population that is answered."""

    id: str
    label: str | None = None
    assumed: bool = False
    """Shown although the record cannot tell, because the drug's file says so."""
    unknown: bool = False
    """One of several that the record cannot tell apart."""
    condition: str | None = None
    """What only the clinician can judge."""


def choose_populations(drug: Drug, table: Table, facts: PatientFacts, every: bool = False) -> tuple[Chosen, ...]:
    """The populations of a table that are answered for this patient; `every` answers for all of them.

    Those that hold; where none does, the one that the file tells to assume; without such a one all that may hold.
    """
    if not table.populations:
        return (Chosen(GENERAL),)
    declared = [drug.populations[name] for name in table.populations]
    if every:
        return tuple(Chosen(one.id, one.label, condition=_left_to_judge(one.criteria)) for one in declared)
    states = {one.id: decide(one.criteria, facts) for one in declared}
    left = {one.id: _left_to_judge(one.criteria) for one in declared if states[one.id] is Membership.UNKNOWN}
    plain = [one for one in declared if left.get(one.id) is None]
    judged = [one for one in declared if left.get(one.id) is not None]
    chosen = [Chosen(one.id, _label(one, facts)) for one in plain if states[one.id] is Membership.YES]
    if not chosen:
        chosen = _fallback(drug, [one.id for one in plain if states[one.id] is Membership.UNKNOWN])
    return (*chosen, *(Chosen(one.id, one.label, condition=left[one.id]) for one in judged))


def _label(one: Population, facts: PatientFacts) -> str:
    """The population in words, with the medicines that make the patient belong to it."""
    names = {name for criteria in one.criteria.parts for name in criteria.beside}
    found = [name for name in _taken(facts) if name in names]
    return f"{one.label} ({', '.join(found)})" if found else one.label


def _left_to_judge(criteria: Criteria) -> str | None:
    """What only the clinician can tell of a population that the record leaves open."""
    inner = (_left_to_judge(one) for one in criteria.either)
    return criteria.judgement or next((said for said in inner if said), None)


def _fallback(drug: Drug, unknown: list[str]) -> list[Chosen]:
    for name in drug.assume:
        if name in unknown:
            return [Chosen(name, drug.populations[name].label, assumed=True)]
    alone = len(unknown) == 1
    return [Chosen(name, drug.populations[name].label, assumed=alone, unknown=not alone) for name in unknown]


def decide(criteria: Criteria, facts: PatientFacts) -> Membership:
    """Every criterion that is set must hold; one that fails decides, one that is unknown leaves the rest open."""
    states = set(_states(criteria, facts))
    if Membership.NO in states:
        return Membership.NO
    return Membership.UNKNOWN if Membership.UNKNOWN in states else Membership.YES


def asks_age(criteria: Criteria) -> bool:
    """Whether the patient's age takes part in a population."""
    own = criteria.age_from is not None or criteria.age_below is not None
    return own or any(asks_age(one) for one in criteria.either)


def _states(criteria: Criteria, facts: PatientFacts) -> Iterable[Membership]:
    if criteria.any_of:
        yield Membership.YES if facts.conditions & set(criteria.any_of) else Membership.UNKNOWN
    if criteria.none_of:
        yield _absence(criteria.none_of, facts)
    if criteria.age_from is not None or criteria.age_below is not None:
        yield _age(criteria, facts)
    if criteria.weight_over_kg is not None or criteria.weight_up_to_kg is not None:
        yield _weight(criteria, facts)
    if criteria.uses is not None:
        yield _use(criteria, facts)
    if criteria.naive_to is not None:
        yield Membership.NO if find_uses(criteria.naive_to, facts) else Membership.UNKNOWN
    if criteria.beside:
        yield _company(criteria.beside, facts)
    if criteria.not_beside:
        yield _INVERSE[_company(criteria.not_beside, facts)]
    if criteria.judgement is not None:
        yield Membership.UNKNOWN
    if criteria.either:
        yield _either({decide(one, facts) for one in criteria.either})


def _absence(names: Iterable[str], facts: PatientFacts) -> Membership:
    """A state that must not be on file; a problem list that was not obtained leaves it open."""
    if facts.conditions & set(names):
        return Membership.NO
    asked = facts.conditions_answer in (Answer.READ, Answer.NONE_ON_FILE)
    return Membership.YES if asked else Membership.UNKNOWN


def _company(names: Iterable[str], facts: PatientFacts) -> Membership:
    """Whether one of them is taken as well, or drafted in the same request; a list that was not obtained leaves it
    open."""
    if set(_taken(facts)) & set(names):
        return Membership.YES
    asked = facts.medications_answer in (Answer.READ, Answer.NONE_ON_FILE)
    return Membership.NO if asked else Membership.UNKNOWN


def _taken(facts: PatientFacts) -> list[str]:
    """The ingredients on the list and of the drafts, each once."""
    held = [use.ingredients for use in facts.medications] + [order.ingredients for order in facts.orders]
    return list(dict.fromkeys(one.name for ingredients in held for one in ingredients))


def _either(states: set[Membership]) -> Membership:
    if Membership.YES in states:
        return Membership.YES
    return Membership.UNKNOWN if Membership.UNKNOWN in states else Membership.NO


def _age(criteria: Criteria, facts: PatientFacts) -> Membership:
    if facts.age is None:
        return Membership.UNKNOWN
    too_young = criteria.age_from is not None and facts.age < criteria.age_from
    too_old = criteria.age_below is not None and facts.age >= criteria.age_below
    return Membership.NO if too_young or too_old else Membership.YES


def _weight(criteria: Criteria, facts: PatientFacts) -> Membership:
    if facts.weight_kg is None:
        return Membership.UNKNOWN
    too_light = criteria.weight_over_kg is not None and facts.weight_kg <= criteria.weight_over_kg
    too_heavy = criteria.weight_up_to_kg is not None and facts.weight_kg > criteria.weight_up_to_kg
    return Membership.NO if too_light or too_heavy else Membership.YES


def _use(criteria: Criteria, facts: PatientFacts) -> Membership:
    uses = find_uses(criteria.uses or "", facts)
    if not uses:
        asked = facts.medications_answer in (Answer.READ, Answer.NONE_ON_FILE)
        return Membership.NO if asked else Membership.UNKNOWN
    if criteria.uses_months is None:
        return Membership.YES
    begun = [use.since for use in uses if use.since is not None]
    if not begun or facts.today is None:
        return Membership.UNKNOWN
    return Membership.YES if min(begun) <= months_before(facts.today, criteria.uses_months) else Membership.NO


def find_uses(drug: str, facts: PatientFacts) -> list[DrugUse]:
    """The active medicines on the list that hold an ingredient of that name; other drafts are none."""
    return [use for use in facts.medications if not use.draft and any(one.name == drug for one in use.ingredients)]
