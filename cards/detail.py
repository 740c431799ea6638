"""The card's detail: what to do, why, on what it rests, what is missing; the basis can be checked from it alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cards.advice import render_actions, render_pretest, render_row
from cards.markdown import bullets, escape, literal
from cards.phrases import join, load_words, render_effect
from knowledge.drug_answer import DrugAnswer
from knowledge.facts import Answer
from knowledge.findings import Basis, Effect, Finding, GeneState, Strength

_STATUS = {
    "transcribed": "Content: transcribed from the published guideline; not reviewed by a clinician.",
    "reviewed": "Content: reviewed by this site.",
}
_OFFERS_CHECKED = (
    "Interactions and organ function were NOT checked: check both before ordering any of them. Looked at were only the"
    " genes, conditions and allergies on file, and those medicines that the content names against an alternative. Where"
    " the guideline names no alternative, the ones above are this service's own choice."
)


def render_detail(answer: DrugAnswer, shown: Sequence[Finding]) -> str:
    """GitHub Markdown for one drug; `shown` are the findings that the card rests on, the leading one first."""
    blocks = [
        render_actions(answer, shown),
        render_pretest(answer),
        _patient(answer, shown),
        _bodies(answer, shown),
        bullets("Assumed", _assumed(shown)),
        bullets("Missing", dict.fromkeys(escape(gap.text) for gap in answer.gaps)),
        bullets("Alternatives", _alternatives(answer, shown)),
        _sources(shown, answer),
    ]
    return "\n\n".join(block for block in blocks if block)


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
    said = render_row(finding, answer)
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
    rows = (*shown, *(row for one in shown for row in one.by_genotype))
    offered = {name for row in rows for action in row.actions for name in action.drugs}
    if any(offer.holds and not offer.is_class and offer.key in offered for offer in answer.offers):
        yield _OFFERS_CHECKED


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
