"""The first part of a card's detail: what to do, row by row, and the test to ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cards.daily_dose import describe_draft
from cards.markdown import bullets, capital, literal
from cards.phrases import join, name_test, render_action, render_effect, render_estimate
from knowledge.drug_answer import DrugAnswer
from knowledge.facts import Answer
from knowledge.findings import Action, Finding, find_avoidable

_GAP_ADVICE = {
    "unreadable": "Read the {gene} report itself: it could not be used here, and nothing here speaks for {drug}.",
    "not_fetched": "Look up the {gene} results: they were not seen here, and nothing here speaks for {drug}.",
    "indeterminate": "Do not take the {gene} result for a normal one: it tells no phenotype, and nothing here speaks"
    " for {drug}. Ask the laboratory what is known of it by now.",
    "no_row": "Look up the guideline itself for the {gene} result: the content leaves it out, and nothing here speaks"
    " for {drug}.",
    "results_disagree": "Find out which {gene} result is right before relying on either.",
}


def render_actions(answer: DrugAnswer, shown: Sequence[Finding]) -> str:
    """What to do first: every row that acts, the leading body's first; each body speaks for itself."""
    acting = [finding for finding in shown if finding.acts]
    several = len({(finding.body, finding.population) for finding in acting}) > 1
    named = len({finding.body for finding in acting}) > 1
    lines = [line for finding in acting for line in _finding_lines(finding, answer, several, named)]
    # Where even the leading row is only possible, to settle which result is right comes before what either means.
    settle = _gap_advice(answer, "results_disagree") if acting and acting[0].possible else ()
    change = _change_of_inhibitor(answer, acting)
    first, later = (change, []) if any(find_avoidable(one) for one in acting) else ([], change)
    told = [*settle, *first, *lines, *later, *_gap_advice(answer, *_GAP_ADVICE)]
    return bullets("What to do", dict.fromkeys(told))


def _change_of_inhibitor(answer: DrugAnswer, acting: Sequence[Finding]) -> list[str]:
    """That another medicine in an inhibitor's place would let the genotype count, and what that would ask for; not
    where that is the graver advice."""
    converted = [one for one in acting if any(gene.because for gene in one.genes)]
    if not converted or any(one.hidden_by for one in acting):
        return []
    because = dict.fromkeys(name.split(" (")[0] for one in converted for gene in one.genes for name in gene.because)
    if not any(one.by_genotype for one in converted):
        untold = any(gene.answer is Answer.NONE_ON_FILE and gene.because for one in converted for gene in one.genes)
        words = f"Consider whether {join(list(because))} can be changed: then the genotype counts, and none is on file."
        return [literal(words)] if untold else []
    genes = dict.fromkeys(
        f"{gene.gene} {gene.genotype_says}" for one in converted for gene in one.genes if gene.genotype_says
    )
    alone = list(dict.fromkeys(row for one in converted for row in one.by_genotype if row.acts or row.no_inhibitors))
    said = [f"{row.body}: {render_row(row, answer) or _none_holds(row)} {row.note or ''}".strip() for row in alone]
    asks = "something else would be asked for." if any(row.acts for row in alone) else "no change would be asked for."
    head = f"Consider whether {join(list(because))} can be changed: by genotype alone ({join(list(genes))}) {asks}"
    return [literal(" ".join([head, *said]))]


def _gap_advice(answer: DrugAnswer, *kinds: str) -> Iterator[str]:
    """What is left to the reader where a result is there, or may be there, and could not be used."""
    for gap in answer.gaps:
        if gap.gene is not None and gap.kind in kinds:
            measure = f" {name_test(gap.measure)} answers the same question." if gap.measure else ""
            yield _GAP_ADVICE[gap.kind].format(gene=gap.gene, drug=answer.drug.name) + measure


def _finding_lines(finding: Finding, answer: DrugAnswer, several: bool, named: bool) -> Iterator[str]:
    """A row's line; `several`: other rows stand beside it, `named`: and they are other bodies'."""
    sentences = literal(render_row(finding, answer) or _none_holds(finding))
    draft = describe_draft(answer, finding)
    note = f" {literal(draft)}" if draft else ""
    note += _use(answer) if any(action.of == "start" for action in finding.actions) else ""
    note += f" {literal(finding.note)}" if finding.note else ""
    prefix = f"{finding.body}: " if named else ""
    if finding.condition:
        prefix += f"If {literal(finding.condition)}: "
    elif finding.possible:
        yield from _shared_line(finding, answer, prefix)
        of = f" ({finding.population_label})" if finding.population_label else ""
        prefix += f"Possible, the record leaves it open{of}: "
    elif several and finding.population_label:
        prefix = f"{finding.body}, {finding.population_label}: " if named else f"{capital(finding.population_label)}: "
    if finding.hidden_by and finding.effect:
        note = f" {render_effect(finding.effect)}{note}"
    if sentences:
        yield f"{prefix}{sentences}{note}".strip()
    yield from (literal(render_estimate(one)) for one in finding.estimates)


def _shared_line(finding: Finding, answer: DrugAnswer, prefix: str) -> Iterator[str]:
    """What is certain all the same where the record leaves it open which of a body's rows holds."""
    if finding.shared:
        sure = replace(finding, actions=finding.leading_actions)
        yield f"{prefix}Whichever of the possible answers holds: {literal(render_row(sure, answer))}"


def _use(answer: DrugAnswer) -> str:
    """What a reader of advice on a start has to know of the drug's use until now."""
    drug = literal(answer.drug.name)
    if answer.in_use is None:
        return f" Whether {drug} is in use already could not be told: this is about its start."
    return f" The medication list shows {drug} in use already: this is about its start." if answer.in_use else ""


def _none_holds(finding: Finding) -> str:
    """What is left of a row that asks for nothing but an alternative, where none of them holds."""
    dropped = any(gap.kind == "no_alternative" for gap in finding.gaps)
    return (
        "Consider another medicine; of those that could be named here none holds for this patient." if dropped else ""
    )


def render_row(finding: Finding, answer: DrugAnswer) -> str:
    """The row's actions; what follows on the advice to avoid or replace is for those who get the drug all the same."""
    drug = answer.drug.name
    actions = list(_with_labels(finding, answer))
    turned_down = [at for at, action in enumerate(actions) if action.kind in ("avoid", "offer")]
    start = turned_down[-1] + 1 if turned_down else len(actions)
    first = " ".join(filter(None, (render_action(action, drug) for action in actions[:start])))
    rest = " ".join(filter(None, (render_action(action, drug) for action in actions[start:])))
    return f"{first} If {drug} is used all the same: {rest[0].lower()}{rest[1:]}" if rest else first


def _with_labels(finding: Finding, answer: DrugAnswer) -> Iterator[Action]:
    """Actions with the words of classes in place of their names in the file, the alternatives in their rank."""
    labels = {offer.key: offer.name for offer in answer.offers}
    rank = {key: at for at, key in enumerate(labels)}
    for action in finding.actions:
        ranked = sorted(action.drugs, key=lambda name: rank.get(name, len(rank)))
        yield replace(action, drugs=tuple(labels.get(name, name) for name in ranked))


def render_pretest(answer: DrugAnswer) -> str:
    """The test that the drug's policy asks for, as a block of its own; nothing where it asks for none."""
    if answer.pretest is None:
        return ""
    kinds = answer.pretest.kinds
    genes = join([name_test(kinds[gene]) if gene in kinds else gene for gene in answer.pretest.genes])
    of_whom = f" of {literal(answer.pretest.of_whom)}," if answer.pretest.of_whom else ""
    text = {
        "required": "The label requires testing {genes}{of_whom} before {what} of {drug}.",
        "recommended": "Testing {genes} before {what} of {drug} is advised.",
    }.get(answer.pretest.priority, "Consider testing {genes} before {what} of {drug}.")
    text = text.format(genes=genes, drug=answer.drug.name, of_whom=of_whom, what=literal(answer.pretest.before))
    note = f" {literal(answer.pretest.note)}" if answer.pretest.note else ""
    if answer.pretest.in_use:
        return f"**Testing**\n\n- {text} The medication list shows it in use already.{note}"
    return f"**Before {literal(answer.pretest.before)}**\n\n- {text}{note}"
