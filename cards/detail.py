"""The card's detail: what to do, why, on what it rests, what is missing; the basis can be checked from it alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cards.daily_dose import describe_draft
from cards.markdown import escape, literal
from cards.phrases import join, load_words, name_test, render_action, render_effect, render_estimate
from knowledge.facts import Answer
from knowledge.findings import Action, Basis, DrugAnswer, Effect, Finding, GeneState, Strength, find_avoidable

_STATUS = {
    "transcribed": "Content: transcribed from the published guideline; not reviewed by a clinician.",
    "reviewed": "Content: reviewed by this site.",
}
_GAP_ADVICE = {
    "unreadable": "Read the {gene} report itself: it could not be used here, and nothing here speaks for {drug}.",
    "not_fetched": "Look up the {gene} results: they were not seen here, and nothing here speaks for {drug}.",
    "indeterminate": "Do not take the {gene} result for a normal one: it tells no phenotype, and nothing here speaks"
    " for {drug}. Ask the laboratory what is known of it by now.",
    "no_row": "Look up the guideline itself for the {gene} result: the content leaves it out, and nothing here speaks"
    " for {drug}.",
    "results_disagree": "Find out which {gene} result is right before relying on either.",
}
_OFFERS_CHECKED = (
    "Interactions and organ function were NOT checked: check both before ordering any of them. Looked at were only the"
    " genes, conditions and allergies on file, and those medicines that the content names against an alternative. Where"
    " the guideline names no alternative, the ones above are this service's own choice."
)


def render_detail(answer: DrugAnswer, shown: Sequence[Finding]) -> str:
    """GitHub Markdown for one drug; `shown` are the findings that the card rests on, the leading one first."""
    blocks = [
        _actions(answer, shown),
        _pretest(answer),
        _patient(answer, shown),
        _bodies(answer, shown),
        _bullets("Assumed", _assumed(shown)),
        _bullets("Missing", dict.fromkeys(escape(gap.text) for gap in answer.gaps)),
        _bullets("Alternatives", _alternatives(answer, shown)),
        _sources(shown, answer),
    ]
    return "\n\n".join(block for block in blocks if block)


def _actions(answer: DrugAnswer, shown: Sequence[Finding]) -> str:
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
    return _bullets("What to do", dict.fromkeys(told))


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
    said = [f"{row.body}: {_sentences(row, answer)} {row.note or ''}".strip() for row in alone]
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
    sentences = literal(_sentences(finding, answer) or _none_holds(finding))
    draft = describe_draft(answer, finding)
    note = f" {literal(draft)}" if draft else ""
    note += _use(answer) if any(action.of == "start" for action in finding.actions) else ""
    note += f" {literal(finding.note)}" if finding.note else ""
    prefix = f"{finding.body}: " if named else ""
    if finding.condition:
        prefix += f"If {literal(finding.condition)}: "
    elif finding.possible:
        of = f" ({finding.population_label})" if finding.population_label else ""
        prefix += f"Possible, the record leaves it open{of}: "
    elif several and finding.population_label:
        prefix = f"{finding.body}, {finding.population_label}: " if named else f"{_capital(finding.population_label)}: "
    if finding.hidden_by and finding.effect:
        note = f" {render_effect(finding.effect)}{note}"
    if sentences:
        yield f"{prefix}{sentences}{note}".strip()
    yield from (literal(render_estimate(one)) for one in finding.estimates)


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


def _sentences(finding: Finding, answer: DrugAnswer) -> str:
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


def _pretest(answer: DrugAnswer) -> str:
    if answer.pretest is None:
        return ""
    kinds = answer.pretest.kinds
    genes = join([name_test(kinds[gene]) if gene in kinds else gene for gene in answer.pretest.genes])
    of_whom = f" of {literal(answer.pretest.of_whom)}," if answer.pretest.of_whom else ""
    text = {
        "required": f"The label requires testing {{genes}}{of_whom} before {{what}} of {{drug}}.",
        "recommended": "Testing {genes} before {what} of {drug} is advised.",
    }.get(answer.pretest.priority, "Consider testing {genes} before {what} of {drug}.")
    text = text.format(genes=genes, drug=answer.drug.name, what=literal(answer.pretest.before))
    note = f" {literal(answer.pretest.note)}" if answer.pretest.note else ""
    if answer.pretest.in_use:
        return f"**Testing**\n\n- {text} The medication list shows it in use already.{note}"
    return f"**Before {literal(answer.pretest.before)}**\n\n- {text}{note}"


def _patient(answer: DrugAnswer, shown: Sequence[Finding]) -> str:
    """The patient's results, gene by gene, and how each came to what it is taken for."""
    effects = dict.fromkeys(render_effect(one) for one in _effects(shown))
    states: dict[str, GeneState] = {}
    for finding in answer.findings:
        for gene in finding.genes:
            states.setdefault(gene.gene, gene)
    lines = [text for text in effects if text] + [line for state in states.values() for line in _gene_lines(state)]
    return "**Why**\n\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def _effects(shown: Sequence[Finding]) -> Iterator[Effect]:
    """What the acting rows expect, without those that only repeat a part of another."""
    effects = [one.effect for one in shown if one.effect and one.acts and not one.hidden_by]
    explained = {risk for one in effects if one.direction for risk in one.risk}
    for one in effects:
        if not one.direction and not one.of and set(one.risk) <= explained:
            continue
        like = [other for other in effects if (other.direction, other.of) == (one.direction, one.of)]
        if not any(set(one.risk) < set(other.risk) for other in like):
            yield one


def _gene_lines(state: GeneState) -> Iterator[str]:
    if state.answer is Answer.NONE_ON_FILE and state.because:
        acts = f"acts as {state.phenotype} because of {escape(join(state.because))}, whatever the genotype"
        yield f"{state.gene}: {acts}; without that the genotype would count, and none is on file"
    if state.answer is not Answer.READ:
        return
    score = f", activity score {escape(state.score)}" if state.score else ""
    shown = state.phenotype if state.phenotype != state.diplotype else None
    acts = "acts as " if state.genotype_says else ""
    means = f": {acts}{escape(shown)}{score}" if shown else ""
    where = ", ".join(escape(one) for one in (*state.result_ids, *(date[:10] for date in state.dates)))
    yield f"{escape(state.called)}{means}" + (f" ({state.basis}; {where})" if where else f" ({state.basis})")
    if state.genotype_says:
        yield _conversion(state)
    if state.reported and not _same(state.reported, state.genotype_says or state.phenotype):
        decides = "; the genotype decides here" if state.basis is not Basis.REPORTED else ""
        yield f"The laboratory's own words for {state.gene}: {escape(state.reported)}{decides}"
    yield from (f"{state.gene}: {escape(note)}" for note in state.notes)


def _conversion(state: GeneState) -> str:
    """What a medicine makes of the genotype, and what would count without that medicine."""
    because, before = escape(join(state.because)), f" ({escape(state.score_before)})" if state.score_before else ""
    without = "it" if len(state.because) == 1 else "them"
    return (
        f"{state.gene}: genotype says {state.genotype_says}{before}, acts as {state.phenotype} because of {because};"
        f" without {without} the genotype alone would count"
    )


def _same(reported: str, phenotype: str | None) -> bool:
    return phenotype is not None and reported.casefold().strip() == phenotype.casefold()


def _bodies(answer: DrugAnswer, shown: Sequence[Finding]) -> str:
    """Each body's position side by side, and a plain sentence where they differ on acting."""
    spoken = [one for one in answer.findings if one.body is not None and not one.hidden_by]
    if not spoken:
        return ""
    several = {one.body for one in spoken if {g.gene for g in one.genes} != {g.gene for g in _first(spoken, one).genes}}
    said = [one for one in spoken if one in shown or one.acts or len(spoken) > 1]
    lines = [f"- {_position(one, answer, one.body in several)}" for one in said]
    telling = [one for one in spoken if one.strength is not Strength.NONE]
    bodies = dict.fromkeys(one.body for one in telling)
    acts = {body: any(one.acts for one in telling if one.body == body) for body in bodies}
    if len(set(acts.values())) > 1:
        change = join([body for body, act in acts.items() if act and body])
        keep = join([body for body, act in acts.items() if not act and body])
        lines.append(f"- The bodies differ: {change} would change the treatment, {keep} would not.")
    return "**What the guidelines say**\n\n" + "\n".join(dict.fromkeys(lines)) if lines else ""


def _first(spoken: Sequence[Finding], finding: Finding) -> Finding:
    return next(one for one in spoken if one.body == finding.body)


def _position(finding: Finding, answer: DrugAnswer, by_gene: bool) -> str:
    """A body's strength, and its words where they do not stand above already; not every body grades what it says.

    `by_gene`: the body has tables for several genes, and each position names its own.
    """
    if finding.switched_off is not None:
        return f"{finding.body}: this site does not use its row. {literal(finding.switched_off)}"
    silent = finding.strength is Strength.NONE
    ungraded = load_words()["ungraded"].get(finding.body)
    strength = "no recommendation" if silent else ungraded or f"{finding.strength} recommendation"
    of = [gene.gene for gene in finding.genes] if by_gene else []
    limits = "; ".join([*of, *([finding.population_label] if finding.population_label else [])])
    population = f" ({limits})" if limits else ""
    said = _sentences(finding, answer)
    words = "" if silent or finding.acts or not said else f". {literal(said)}"
    return f"{finding.body}: {strength}{population}{words}"


def _assumed(shown: Sequence[Finding]) -> Iterator[str]:
    for label in dict.fromkeys(finding.population_label for finding in shown if finding.assumed):
        yield f"Taken for granted, as the record does not say: {label}"


def _alternatives(answer: DrugAnswer, shown: Sequence[Finding]) -> Iterator[str]:
    """What dropped out and why, what could not be checked, and what checking means."""
    for offer in answer.offers:
        if offer.reasons:
            verdict = "check first" if offer.holds else "not offered"
            yield f"{offer.name}, {verdict}: {escape('; '.join(offer.reasons))}"
    offered = {name for finding in shown for action in finding.actions for name in action.drugs}
    if any(offer.holds and not offer.is_class and offer.key in offered for offer in answer.offers):
        yield _OFFERS_CHECKED


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _bullets(title: str, lines: Iterator[str] | dict[str, None]) -> str:
    listed = list(lines)
    return f"**{title}**\n\n" + "\n".join(f"- {line}" for line in listed) if listed else ""


def _sources(shown: Sequence[Finding], answer: DrugAnswer) -> str:
    sources = dict.fromkeys(one.source for one in (*shown, *answer.findings) if one.source is not None)
    sources |= dict.fromkeys(source for one in shown for estimate in one.estimates for source in estimate.sources)
    lines = [
        f"- [{escape(source.title)}]({source.url}), {escape(source.version)}, transcribed {source.transcribed}"
        for source in sources
    ]
    if answer.pretest is not None and answer.pretest.source is not None:
        lines.append(f"- [What asks for the test]({answer.pretest.source})")
    status = dict.fromkeys(_say_status(one) for one in answer.findings)
    lines += [f"- {text}" for text in status if text]
    lines += [f"- {text}" for text in (_attributes(shown),) if lines and text]
    return "**Sources**\n\n" + "\n".join(lines) if lines else ""


def _say_status(finding: Finding) -> str:
    if finding.signature_ended is not None:
        return f"Content: this site's review ended on {finding.signature_ended}; not reviewed since."
    return _STATUS.get(finding.content_status, "")


def _attributes(shown: Sequence[Finding]) -> str:
    """Which data on a person the rows above use, and which they do not, of those that the content has named here."""
    used = {one.name: False for finding in shown for one in finding.attributes}
    used |= {one.name: True for finding in shown for one in finding.attributes if one.used}
    parts = [
        f"{join([name for name, is_used in used.items() if is_used is wanted])} {words}"
        for wanted, words in ((True, "used"), (False, "not used"))
        if wanted in used.values()
    ]
    return f"The rules above: {'; '.join(parts)}." if parts else ""
