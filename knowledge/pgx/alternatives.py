"""Alternatives that hold for this patient: conditions, age, weight, allergies, current medicines, their own guidance.

An alternative is also looked at as an inhibitor: one that would make a medicine on the list act otherwise drops out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from knowledge.drug_answer import Offer
from knowledge.facts import Answer, Ingredient, PatientFacts
from knowledge.findings import Finding, Gap, Indicator, Strength
from knowledge.library import Alternative
from knowledge.pgx.inhibition import look_at_as_inhibitor
from knowledge.pgx.partners import find_partners, is_of, name_unidentified
from knowledge.pgx.recommend import Question, recommend

_FROM, _BELOW, _WEIGHT = "not below the age of {}", "not from the age of {} on", "not below a body weight of {} kg"
_UNKNOWN = ("unreadable", "not_fetched", "results_disagree", "no_row")
"""Kinds of gaps that hide a result which the alternative's own guidance may ask for. What is withheld is not among
them: that there is something withheld is not told."""


def check_offers(question: Question, findings: Iterable[Finding]) -> tuple[Offer, ...]:
    """Every alternative that a finding or a row by genotype alone offers, each once, with why it holds or drops out:
    ranked by what is left to check, and among equals as the guideline names them; what drops out comes last."""
    now = list(findings)
    rows = (*now, *(row for one in now for row in one.by_genotype))
    names = dict.fromkeys(
        name for one in rows for action in one.actions if action.kind == "offer" for name in action.drugs
    )
    declared = question.drug.alternatives
    offers = [_check(question, declared[name]) for name in names if name in declared]
    return tuple(sorted(offers, key=lambda offer: (not offer.holds, bool(offer.reasons))))


def keep_holding(finding: Finding, offers: Sequence[Offer]) -> Finding:
    """The finding with only those alternatives in its offers that hold, its rows by genotype alone as well; an offer
    without any is left out, and the finding or row says so."""
    dropped = {offer.key for offer in offers if not offer.holds}
    actions, gaps = [], list(finding.gaps)
    for action in finding.actions:
        drugs = tuple(name for name in action.drugs if name not in dropped)
        if action.kind != "offer" or drugs:
            actions.append(replace(action, drugs=drugs))
        else:
            gaps.append(Gap("no_alternative", f"none of the alternatives of {finding.body} holds for this patient"))
    alone = tuple(keep_holding(row, offers) for row in finding.by_genotype)
    return replace(finding, actions=tuple(actions), gaps=tuple(gaps), by_genotype=alone)


def _check(question: Question, one: Alternative) -> Offer:
    against = [*_conditions(question, one.unless), *_limits(question.facts, one), *_record(question, one)]
    to_check = (*_to_check(question, one), *_unchecked(question, one))
    if one.is_class:
        reasons = tuple(against or to_check)
        return Offer(one.label or one.name, None, not against, reasons, is_class=True, key=one.name)
    guidance = _guidance(question, one)
    against += guidance.against
    as_inhibitor = look_at_as_inhibitor(question, one)
    against += as_inhibitor.harmed
    if against:
        return Offer(one.name, one.rxnorm, holds=False, reasons=tuple(against), key=one.name)
    return Offer(
        one.name,
        one.rxnorm,
        holds=True,
        reasons=(*to_check, *guidance.changes, *as_inhibitor.unsure),
        key=one.name,
    )


def _conditions(question: Question, names: Sequence[str]) -> list[str]:
    found = [name for name in names if name in question.facts.conditions]
    labels = [
        question.library.conditions[name].label if name in question.library.conditions else name for name in found
    ]
    return [f"on file: {label}" for label in labels]


def _limits(facts: PatientFacts, one: Alternative) -> list[str]:
    """The limits of age and weight that the patient is outside of."""
    age, weight = facts.age, facts.weight_kg
    too_young = one.age_from is not None and age is not None and age < one.age_from
    too_old = one.age_below is not None and age is not None and age >= one.age_below
    too_light = one.weight_from_kg is not None and weight is not None and weight < one.weight_from_kg
    outside = ((too_young, _FROM.format(one.age_from)), (too_old, _BELOW.format(one.age_below)))
    return [words for holds, words in (*outside, (too_light, _WEIGHT.format(one.weight_from_kg))) if holds]


def _record(question: Question, one: Alternative) -> list[str]:
    facts = question.facts
    same = [f"an allergy to {one.name} is on file"] if _names(facts.allergies, one) else []
    together = [f"not together with {partner}" for partner in find_partners(question, one, one.not_with)]
    return same + together + _repeated(question, one)


def _repeated(question: Question, one: Alternative) -> list[str]:
    """What is taken already, or drafted as well, is not ordered twice; of one that is both, the list has the word."""
    uses = [use for use in question.medicines if _names(use.ingredients, one) or is_of(use, one.name)]
    if not uses:
        return []
    drafted = all(use.draft for use in uses)
    return [f"{one.name} is {'drafted already' if drafted else 'already on the medication list'}"]


def _names(ingredients: Iterable[Ingredient], one: Alternative) -> bool:
    return any(found.name == one.name or (found.rxnorm and found.rxnorm == one.rxnorm) for found in ingredients)


@dataclass(frozen=True)
class _Guidance:
    """What the alternative's own file says for this patient: reasons against it, or changes to be made with it."""

    against: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


def _guidance(question: Question, one: Alternative) -> _Guidance:
    """A row that avoids the alternative, or only names others, is against it; one that limits it is to be kept to."""
    drug = question.library.drugs.get(one.name)
    if drug is None:
        return _Guidance()
    own = replace(question, drug=drug, ingredient=Ingredient(one.name, one.rxnorm), every_population=False)
    findings = recommend(own)
    acting = [found for found in findings if found.acts and found.strength is not Strength.NONE]
    against = [found for found in acting if _turns_down(found)]
    if against:
        return _Guidance((f"{against[0].body} advises against it as well ({_genotypes(against[0])})",))
    changing = [found for found in acting if found.dose_change]
    unknown = dict.fromkeys(gap.text for found in findings for gap in found.gaps if gap.gene and gap.kind in _UNKNOWN)
    changes = (f"{found.body} changes its dose ({_genotypes(found)})" for found in changing[:1])
    return _Guidance(changes=(*changes, *unknown))


def _turns_down(finding: Finding) -> bool:
    avoided = any(action.kind == "avoid" for action in finding.actions)
    return avoided or (finding.alternative and not finding.dose_change and finding.indicator is not Indicator.INFO)


def _genotypes(finding: Finding) -> str:
    return ", ".join(f"{gene.gene} {gene.phenotype}" for gene in finding.genes if gene.phenotype) or finding.population


def _to_check(question: Question, one: Alternative) -> list[str]:
    """What the content wants looked at first: in every patient, with a condition, beside a medicine."""
    found = [f"together with {partner}" for partner in find_partners(question, one, one.check_with)]
    return [*([one.check] if one.check else []), *_conditions(question, one.check_if), *found]


def _unchecked(question: Question, one: Alternative) -> list[str]:
    facts = question.facts
    unchecked = []
    if (one.unless or one.check_if) and facts.conditions_answer in (Answer.NOT_FETCHED, Answer.WITHHELD):
        unchecked.append("conditions could not be checked")
    if facts.allergies_answer in (Answer.NOT_FETCHED, Answer.WITHHELD):
        unchecked.append("allergies could not be checked")
    if facts.medications_answer in (Answer.NOT_FETCHED, Answer.WITHHELD):
        unchecked.append("current medicines could not be checked")
    if facts.age is None:
        limits = ((_FROM, one.age_from), (_BELOW, one.age_below))
        unchecked += [
            f"{words.format(age)}; the age {facts.missing_person}" for words, age in limits if age is not None
        ]
    if one.weight_from_kg is not None and facts.weight_kg is None:
        unchecked.append(f"{_WEIGHT.format(one.weight_from_kg)}; the body weight is not known")
    return unchecked + name_unidentified(question, one)
