"""The card's detail: what to do, why, on what it rests, what is missing; the basis can be checked from it alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cards.markdown import escape, literal
from cards.phrases import join, render_action, render_effect
from knowledge.facts import Answer
from knowledge.findings import Action, DrugAnswer, Finding, GeneState, Strength

_STATUS = {
    "transcribed": "Content: transcribed from the published guideline; not reviewed by a clinician.",
    "reviewed": "Content: reviewed by this site.",
}


def render_detail(answer: DrugAnswer, shown: Sequence[Finding]) -> str:
    """GitHub Markdown for one drug; `shown` are the findings that the card rests on, the leading one first."""
    blocks = [
        _actions(answer, shown),
        _pretest(answer),
        _patient(answer, shown),
        _bodies(answer, shown),
        _bullets("Assumed", _assumed(shown)),
        _bullets("Missing", dict.fromkeys(escape(gap.text) for gap in answer.gaps)),
        _bullets("Alternatives", _dropped(answer)),
        _sources(shown, answer),
    ]
    return "\n\n".join(block for block in blocks if block)


def _actions(answer: DrugAnswer, shown: Sequence[Finding]) -> str:
    """What to do first: the leading body's row, or every row that the record allows."""
    acting = [finding for finding in shown if finding.acts]
    if not acting:
        return ""
    lead = [one for one in acting if one.body == acting[0].body]
    lines = [line for finding in lead for line in _finding_lines(finding, answer, several=len(lead) > 1)]
    return "**What to do**\n\n" + "\n".join(f"- {line}" for line in dict.fromkeys(lines))


def _finding_lines(finding: Finding, answer: DrugAnswer, several: bool) -> Iterator[str]:
    sentences = literal(" ".join(render_action(action, answer.drug.name) for action in _with_labels(finding, answer)))
    note = f" {literal(finding.note)}" if finding.note else ""
    prefix = ""
    if finding.condition:
        prefix = f"If {literal(finding.condition)}: "
    elif finding.possible:
        of = f" ({finding.population_label})" if finding.population_label else ""
        prefix = f"Possible, the record leaves it open{of}: "
    elif several and finding.population_label:
        prefix = f"{_capital(finding.population_label)}: "
    if sentences or note:
        yield f"{prefix}{sentences}{note}".strip()


def _with_labels(finding: Finding, answer: DrugAnswer) -> Iterator[Action]:
    """Actions with the words of classes in place of their names in the file."""
    labels = {offer.key: offer.name for offer in answer.offers}
    for action in finding.actions:
        yield replace(action, drugs=tuple(labels.get(name, name) for name in action.drugs))


def _pretest(answer: DrugAnswer) -> str:
    if answer.pretest is None:
        return ""
    genes = join(answer.pretest.genes)
    verb = {"required": "The label requires", "recommended": "Guidance recommends"}.get(answer.pretest.priority)
    text = f"{verb or 'It is worth considering'} testing {genes} before the first dose of {answer.drug.name}."
    note = f" {literal(answer.pretest.note)}" if answer.pretest.note else ""
    return f"**Before the first dose**\n\n- {text}{note}"


def _patient(answer: DrugAnswer, shown: Sequence[Finding]) -> str:
    """The patient's results, gene by gene, and how each came to what it is taken for."""
    effects = dict.fromkeys(render_effect(one.effect) for one in shown if one.effect and one.acts)
    states: dict[str, GeneState] = {}
    for finding in answer.findings:
        for gene in finding.genes:
            states.setdefault(gene.gene, gene)
    lines = [text for text in effects if text] + [line for state in states.values() for line in _gene_lines(state)]
    return "**Why**\n\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def _gene_lines(state: GeneState) -> Iterator[str]:
    if state.answer is not Answer.READ:
        return
    score = f", activity score {escape(state.score)}" if state.score else ""
    shown = state.phenotype if state.phenotype != state.diplotype else None
    means = f": {escape(shown)}{score}" if shown else ""
    where = ", ".join(escape(one) for one in (*state.result_ids, *(date[:10] for date in state.dates)))
    yield f"{escape(state.called)}{means}" + (f" ({state.basis}; {where})" if where else f" ({state.basis})")
    if state.genotype_says:
        because = escape(join(state.because))
        yield f"{state.gene}: genotype says {state.genotype_says}, acts as {state.phenotype} because of {because}"
    if state.reported and not _same(state.reported, state.genotype_says or state.phenotype):
        yield f"The laboratory's own words for {state.gene}: {escape(state.reported)}"
    yield from (f"{state.gene}: {escape(note)}" for note in state.notes)


def _same(reported: str, phenotype: str | None) -> bool:
    return phenotype is not None and reported.casefold().strip() == phenotype.casefold()


def _bodies(answer: DrugAnswer, shown: Sequence[Finding]) -> str:
    """Each body's position side by side, and a plain sentence where they differ on acting."""
    spoken = [one for one in answer.findings if one.body is not None]
    if not spoken:
        return ""
    single = len({one.body for one in spoken}) == 1
    lines = [f"- {_position(one, answer, single)}" for one in spoken if one in shown or one.acts or len(spoken) > 1]
    telling = [one for one in spoken if one.strength is not Strength.NONE]
    bodies = dict.fromkeys(one.body for one in telling)
    acts = {body: any(one.acts for one in telling if one.body == body) for body in bodies}
    if len(set(acts.values())) > 1:
        change = join([body for body, act in acts.items() if act and body])
        keep = join([body for body, act in acts.items() if not act and body])
        lines.append(f"- The bodies differ: {change} would change the treatment, {keep} would not.")
    return "**What the guidelines say**\n\n" + "\n".join(dict.fromkeys(lines))


def _position(finding: Finding, answer: DrugAnswer, single: bool) -> str:
    """A body's strength and words; its words stand above already where it is the only body."""
    silent = finding.strength is Strength.NONE
    strength = "no recommendation" if silent else f"{finding.strength} recommendation"
    population = f" ({finding.population_label})" if finding.population_label else ""
    said = " ".join(render_action(action, answer.drug.name) for action in _with_labels(finding, answer))
    words = "" if single or silent or not said else f". {literal(said)}"
    return f"{finding.body}: {strength}{population}{words}"


def _assumed(shown: Sequence[Finding]) -> Iterator[str]:
    for label in dict.fromkeys(finding.population_label for finding in shown if finding.assumed):
        yield f"Taken for granted, as the record does not say: {label}"


def _dropped(answer: DrugAnswer) -> Iterator[str]:
    for offer in answer.offers:
        if offer.reasons:
            verdict = "offered, but " if offer.holds else ""
            yield f"{offer.name}: {verdict}{escape('; '.join(offer.reasons))}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _bullets(title: str, lines: Iterator[str] | dict[str, None]) -> str:
    listed = list(lines)
    return f"**{title}**\n\n" + "\n".join(f"- {line}" for line in listed) if listed else ""


def _sources(shown: Sequence[Finding], answer: DrugAnswer) -> str:
    sources = dict.fromkeys(one.source for one in (*shown, *answer.findings) if one.source is not None)
    lines = [
        f"- [{escape(source.title)}]({source.url}), {escape(source.version)}, transcribed {source.transcribed}"
        for source in sources
    ]
    status = dict.fromkeys(_STATUS.get(one.content_status, "") for one in answer.findings)
    lines += [f"- {text}" for text in status if text]
    return "**Sources**\n\n" + "\n".join(lines) if lines else ""
