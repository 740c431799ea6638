"""The one door of the mind: facts in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from knowledge.drug_answer import DrugAnswer, Pretest, Silence
from knowledge.facts import Answer, DrugOrder, DrugUse, Ingredient, PatientFacts
from knowledge.findings import Finding, Gap
from knowledge.library import Drug, Library
from knowledge.pgx.alternatives import check_offers, keep_holding
from knowledge.pgx.dose_form import find_other_form, keep_meant
from knowledge.pgx.indication import ask_indication
from knowledge.pgx.population import find_uses
from knowledge.pgx.pretest import find_pretest, mark_gaps
from knowledge.pgx.recommend import Question, recommend
from knowledge.policy import Policy


def evaluate(
    facts: PatientFacts, library: Library, policy: Policy, every_population: bool = False
) -> tuple[DrugAnswer, ...]:
    """One answer for each ingredient of each order, and one for each order whose drug is unknown.

    `every_population` answers for all populations of a drug instead of selecting (the `recommend` command).
    """
    return tuple(
        replace(answer, content_digest=library.version)
        for order in facts.orders
        for answer in _answer_order(order, facts, library, policy, every_population)
    )


def find_drug(library: Library, ingredient: Ingredient) -> Drug | None:
    """The drug file of an ingredient, by its RxNorm code or else by its name."""
    return library.drug_index.get(ingredient.rxnorm or "") or library.drug_index.get(ingredient.name)


def _answer_order(
    order: DrugOrder, facts: PatientFacts, library: Library, policy: Policy, every_population: bool
) -> Iterable[DrugAnswer]:
    if not order.ingredients:
        gap = Gap("drug_unknown", f"the drug could not be identified: {order.reason or 'no reason given'}")
        yield DrugAnswer(
            order, Ingredient(order.display), gaps=(gap,), silence=gap.text, silence_kind=Silence.DRUG_UNKNOWN
        )
        return
    medicines = _medicines(order, facts)
    for ingredient in order.ingredients:
        drug = find_drug(library, ingredient)
        if drug is None:
            silence = f"no guideline content on {ingredient.name}"
            yield DrugAnswer(order, ingredient, silence=silence, silence_kind=Silence.NO_CONTENT)
        elif policy.reviewed_only and (unsigned := list(_list_unsigned(library, drug, facts.today))):
            silence = f"content is not signed ({'; '.join(unsigned)}), and the site asks for signed only"
            yield DrugAnswer(order, ingredient, silence=silence, silence_kind=Silence.NOT_SIGNED)
        else:
            yield _answer(Question(library, policy, facts, drug, ingredient, medicines, every_population), order)


def _list_unsigned(library: Library, drug: Drug, today: date | None) -> Iterator[str]:
    """Of the files that an answer on the drug rests on, those without a signature that holds."""
    files = {drug.id: drug.sign_off}
    for gene in drug.genes:
        if gene in library.genes:
            files[f"gene {gene}"] = library.genes[gene].sign_off
        if gene in library.modulators_signed:
            files[f"modulators of {gene}"] = library.modulators_signed[gene]
    for name, sign_off in files.items():
        if not sign_off.holds(today):
            ended = sign_off.ended(today)
            yield f"{name}, the signature ended on {ended}" if ended else name


def _medicines(order: DrugOrder, facts: PatientFacts) -> tuple[DrugUse, ...]:
    """Active medicines, and the other orders of the same request, which will be taken together with this one."""
    others = (
        DrugUse(one.ingredients, one.display, one.order_id, draft=True)
        for one in facts.orders
        if one is not order and one.ingredients and not one.active
    )
    return (*facts.medications, *others)


def _answer(question: Question, order: DrugOrder) -> DrugAnswer:
    findings = recommend(question)
    form, not_for = find_other_form(order, question.drug.not_for), question.drug.not_for
    if form is not None and not_for is not None:
        findings = keep_meant(findings, not_for)
        if not findings:
            said = f"the guidance on {question.ingredient.name} is not meant for this form: {form}"
            return DrugAnswer(order, question.ingredient, silence=said, silence_kind=Silence.OTHER_FORM)
    offers = ask_indication(question, check_offers(question, findings))
    in_use = _is_in_use(question, order)
    pretest = find_pretest(question, findings, in_use=in_use is True)
    kept = mark_gaps(question, [keep_holding(finding, offers) for finding in findings], pretest)
    gaps = tuple(dict.fromkeys(gap for finding in kept for gap in finding.gaps))
    wanted = question.drug.pretest
    tested_first = wanted is not None and wanted.priority in question.policy.pretest_priorities
    silence, kind = _silence(kept, pretest) or (None, None)
    return DrugAnswer(
        order,
        question.ingredient,
        kept,
        gaps,
        offers,
        pretest,
        in_use=in_use,
        weight_kg=question.facts.weight_kg,
        weighed_on=question.facts.measured_on.get("weight_kg"),
        other_drafts=_other_drafts(question, order),
        tested_first=tested_first,
        silence=silence,
        silence_kind=kind,
    )


def _other_drafts(question: Question, order: DrugOrder) -> tuple[DrugOrder, ...]:
    """The drafts beside the order that hold the drug as well: their doses add to its own."""
    drug = question.ingredient
    return tuple(
        one
        for one in (*question.facts.orders, *question.facts.unasked_orders)
        if one is not order
        and not one.active
        and any(held.name == drug.name or (held.rxnorm and held.rxnorm == drug.rxnorm) for held in one.ingredients)
        and find_other_form(one, question.drug.not_for) is None
    )


def _is_in_use(question: Question, order: DrugOrder) -> bool | None:
    """Whether the medication list shows the drug in use, None where it was not obtained; the order itself, where it
    stands there too, is none."""
    facts = question.facts
    uses = find_uses(question.ingredient.name, facts)
    if any(use.use_id is None or use.use_id != order.order_id for use in uses):
        return True
    return False if facts.medications_answer in (Answer.READ, Answer.NONE_ON_FILE) else None


def _silence(findings: tuple[Finding, ...], pretest: Pretest | None) -> tuple[str, Silence] | None:
    """Why nothing needs to be said about this drug; None where something does."""
    if any(finding.acts for finding in findings) or pretest is not None:
        return None
    troubles = [gap for finding in findings for gap in finding.gaps if gap.kind not in ("no_result",)]
    if troubles:
        return None
    if not findings:
        return "no population of its guidance applies", Silence.NO_POPULATION
    if all(finding.body is None for finding in findings):
        return f"{findings[0].gaps[0].text}, and no test is asked for before this drug", Silence.NO_TEST_ASKED
    off = ", ".join(finding.id for finding in findings if finding.switched_off)
    if off:
        return f"the site has switched off: {off}", Silence.SWITCHED_OFF
    untold = dict.fromkeys(
        (one.gene, one.indeterminate) for found in findings for one in found.genes if one.indeterminate
    )
    if untold:
        said = " and ".join(f"the {gene} result on file tells no phenotype ({why})" for gene, why in untold)
        return f"{said}, and no test is asked for before this drug", Silence.INDETERMINATE
    rows = ", ".join(finding.id for finding in findings if finding.body is not None)
    return f"standard care: {rows}", Silence.STANDARD_CARE
