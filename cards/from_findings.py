"""Findings to cards: one card a drug and order, worst first, merged, capped; no card where nothing needs to be said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from cards.card import Card, Coding, Link, Source, shorten
from cards.card_policy import CardPolicy
from cards.detail import render_detail
from cards.finding_json import finding_to_json, without_empty
from cards.overrides import override_reasons
from cards.phrases import join, render_headline
from cards.suggestions import make_suggestions
from cards.withholding import LINE, SUMMARY, hide_withheld, is_withheld
from knowledge.drug_answer import DrugAnswer
from knowledge.findings import Action, Finding, Gap, GeneState, Indicator, find_avoidable, say_stopped

__all__ = ["CardPolicy", "cap_cards", "make_cards"]

LABEL = "pgx-cds"
TOPIC_SYSTEM = "urn:pgx-cds:topic"
_ORDER = (Indicator.CRITICAL, Indicator.WARNING, Indicator.INFO)
_TELLING = ("results_disagree", "unreadable", "not_fetched", "indeterminate", "no_row")
"""Gaps that are worth a card of their own, the weightiest first."""
_GAP_SUMMARY = {
    "results_disagree": "{gene} results on file disagree",
    "unreadable": "the {gene} result on file could not be read",
    "not_fetched": "{gene} results could not be fetched",
    "indeterminate": "the {gene} result on file is indeterminate, it does not answer the test asked for",
    "no_row": "the content has no answer for the {gene} result",
}


def make_cards(
    answers: Sequence[DrugAnswer], policy: CardPolicy, new_id: Callable[[], str] = lambda: str(uuid4())
) -> tuple[Card, ...]:
    """All cards there are to make, worst first. `new_id` gives each card and suggestion its uuid."""
    shown = (hide_withheld(answer) for answer in answers)
    cards = [card for answer in shown if (card := _card(answer, policy, new_id)) is not None]
    if policy.withheld_line and any(is_withheld(answer) for answer in answers):
        cards = _tell_withheld(cards, new_id)
    return tuple(sorted(cards, key=lambda card: _ORDER.index(Indicator(card.indicator))))


def cap_cards(cards: Sequence[Card], policy: CardPolicy) -> tuple[Card, ...]:
    """As many as the site wants at the most; the last one names what is left out."""
    if len(cards) <= policy.max_cards:
        return tuple(cards)
    kept, rest = list(cards[: policy.max_cards]), cards[policy.max_cards :]
    more = "; ".join(card.summary for card in rest)
    kept[-1] = replace(kept[-1], detail=f"{kept[-1].detail}\n\n**Not shown for want of room**\n\n- {more}")
    return tuple(kept)


def _tell_withheld(cards: Sequence[Card], new_id: Callable[[], str]) -> list[Card]:
    """The neutral line on every card, whatever its drug; where there is none, on one of its own."""
    if not cards:
        return [Card(new_id(), SUMMARY, LINE, str(Indicator.INFO), Source(LABEL))]
    return [replace(card, detail=f"{card.detail}\n\n{LINE}") for card in cards]


def _card(answer: DrugAnswer, policy: CardPolicy, new_id: Callable[[], str]) -> Card | None:
    shown = _shown(answer.findings)
    headline = _headline(answer, shown, policy)
    if headline is None:
        return None
    return Card(
        uuid=new_id(),
        summary=shorten(headline),
        detail=render_detail(answer, shown),
        indicator=str(_indicator(answer, shown)),
        source=_source(answer, shown),
        suggestions=make_suggestions(answer, shown, policy, new_id),
        links=(*_links(answer), *_rule_page(answer, shown, policy)),
        override_reasons=override_reasons(),
        extension=_extension(answer),
        row=shown[0].id if shown else None,
    )


def _shown(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that the card rests on: those that act, the gravest body first, and of equals the site's first."""
    acting = [finding for finding in findings if finding.acts]
    order = list(dict.fromkeys(finding.body for finding in acting))
    bodies = sorted(order, key=lambda body: min(_gravity(one) for one in acting if one.body == body))
    return sorted(
        acting,
        key=lambda one: (
            bodies.index(one.body),
            (one.condition is not None) + (one.besides is not None),
            _ORDER.index(one.indicator),
        ),
    )


def _gravity(finding: Finding) -> tuple[int, bool, bool]:
    """How early a row is to be heard (lowest first): a certain warning before what is critical but only possible,
    and that before certain advice for information; of equals what needs no more than an inhibitor's stop, and then a
    contraindication."""
    open_by = 0 if finding.certain else 3
    contraindicated = any(action.degree == "contraindicated" for action in finding.actions)
    return 2 * _ORDER.index(finding.indicator) + open_by, finding.besides is not None, not contraindicated


def _headline(answer: DrugAnswer, shown: Sequence[Finding], policy: CardPolicy) -> str | None:
    name = answer.drug.name.capitalize()
    if shown:
        return f"{name}: {_acting_headline(answer, shown)}"
    gap = _telling_gap(answer.gaps)
    if gap is not None:
        return f"{name}: {_GAP_SUMMARY[gap.kind].format(gene=gap.gene)}"
    if answer.pretest is not None:
        genes = " or ".join(answer.pretest.genes)
        required = "test required" + (f" of {answer.pretest.of_whom}" if answer.pretest.of_whom else "")
        asked = {"required": required, "recommended": "test recommended"}.get(
            answer.pretest.priority, "consider a test"
        )
        use = " (in use already)" if answer.pretest.in_use else ""
        return f"{name}: no {genes} result on file, {asked} before {answer.pretest.before}{use}"
    spoken = [finding for finding in answer.findings if finding.body is not None]
    untold = [gene.gene for one in spoken for gene in one.genes if gene.indeterminate]
    if policy.show_no_action and untold:
        return f"{name}: the {untold[0]} result on file tells no phenotype, no change is asked for"
    if policy.show_no_action and spoken:
        return f"{name}: no change needed, {_genes(spoken[0].genes)}".rstrip(", ")
    return None


def _acting_headline(answer: DrugAnswer, shown: Sequence[Finding]) -> str:
    """What to do, and on account of which gene; an open record is said to be open."""
    lead = shown[0]
    said = _lead_words(lead)
    genes = _genes(lead.genes) or _population(shown)
    if lead.possible and lead.genes and len({one.population for one in _leading(answer, lead)}) > 1:
        genes = f"{genes}; {lead.population_label}"
    if (
        lead.possible
        and not lead.shared
        and any(render_lead(one) != render_lead(lead) for one in _leading(answer, lead))
    ):
        gap = _telling_gap(answer.gaps)
        if gap and gap.kind == "results_disagree":
            return f"{gap.gene} results disagree, one of them means: {said}"
        fits = f"{said} ({genes})" if genes else said
        return f"possibly {fits}, the record leaves it open"
    return f"{said} ({genes})" if genes else said


def _lead_words(lead: Finding) -> str:
    """What a row asks for first; what only holds once an inhibitor is stopped, or is asked for on account of one that
    had better be changed, says so."""
    said = render_lead(lead)
    if lead.hidden_by:
        # The row's own condition comes last: it may be long, and what is asked for must not be cut off.
        once = f"if {say_stopped(lead.hidden_by)}: {said}"
        return f"{once}, where {lead.besides}" if lead.besides else once
    if lead.condition:
        said = f"{said} if {lead.condition}"
    avoidable = find_avoidable(lead)
    return f"change {join(avoidable)}, or else {said}" if avoidable else said


def _population(shown: Sequence[Finding]) -> str | None:
    """Whom a leading row without genes speaks of, and the genes that another body speaks of as gravely."""
    lead = shown[0]
    like = [one for one in shown if one.genes and not one.possible and one.indicator is lead.indicator]
    return (
        f"{lead.population_label}; {_genes(like[0].genes)}" if like and lead.population_label else lead.population_label
    )


def render_lead(finding: Finding) -> str:
    """What a row asks for first, in a few words; of rows that are only possible, what they share."""
    what = [render_headline(action) for action in finding.leading_actions if action.kind != "keep"]
    if not what and any(gap.kind == "no_alternative" for gap in finding.gaps):
        # Its alternatives have all dropped out: what it asks for is another medicine all the same.
        return render_headline(Action("offer"))
    return what[0] if what else "no change"


def _leading(answer: DrugAnswer, lead: Finding) -> list[Finding]:
    return [one for one in answer.findings if one.body == lead.body]


def _genes(genes: Sequence[GeneState]) -> str:
    """ "CYP2C19 Poor Metabolizer, acting as ..."; HLA alleles by their status."""
    return ", ".join(_gene(gene) for gene in genes if gene.phenotype)


def _gene(gene: GeneState) -> str:
    words = f"{gene.gene} {gene.phenotype}"
    return f"{words} with {', '.join(name.split(' ')[0] for name in gene.because)}" if gene.because else words


def _telling_gap(gaps: Sequence[Gap]) -> Gap | None:
    return min(filter(_tells, gaps), key=lambda gap: _TELLING.index(gap.kind), default=None)


def _tells(gap: Gap) -> bool:
    return gap.kind in _TELLING and gap.gene is not None


def _indicator(answer: DrugAnswer, shown: Sequence[Finding]) -> Indicator:
    required = answer.pretest is not None and answer.pretest.priority in ("required", "recommended")
    unused = any(gap.kind == "results_disagree" or answer.tested_first for gap in answer.gaps if _tells(gap))
    least = Indicator.WARNING if required or (unused and not shown) else Indicator.INFO
    # What holds only once an inhibitor is stopped is no emergency of today.
    holding = (
        Indicator.WARNING if one.hidden_by and one.indicator is Indicator.CRITICAL else one.indicator for one in shown
    )
    return min((least, *holding), key=_ORDER.index)


def _source(answer: DrugAnswer, shown: Sequence[Finding]) -> Source:
    """The label names the body; the topic never changes for a drug and its genes."""
    findings = [*shown, *(one for one in answer.findings if one.source is not None)]
    bodies = list(dict.fromkeys(finding.body for finding in findings if finding.body))
    genes = sorted({gene.gene for finding in answer.findings for gene in finding.genes})
    code = "-".join([answer.drug.name, *genes]).lower().replace(" ", "-")[:100]
    display = f"{answer.drug.name} and {', '.join(genes)}" if genes else answer.drug.name
    label = f"{LABEL}: {', '.join(bodies)}" if bodies else LABEL
    url = next((finding.source.url for finding in findings if finding.source), None)
    return Source(label, url, Coding(TOPIC_SYSTEM, code, display))


def _links(answer: DrugAnswer) -> tuple[Link, ...]:
    sources = dict.fromkeys(finding.source for finding in answer.findings if finding.source is not None)
    return tuple(Link(source.title, source.url) for source in sources)


def _rule_page(answer: DrugAnswer, shown: Sequence[Finding], policy: CardPolicy) -> Iterator[Link]:
    """The page of the leading row, where the site has said under which address the service is reached."""
    if policy.rule_pages is None or not shown or not shown[0].names_row:
        return
    lead = shown[0].id
    address = f"{policy.rule_pages}/{quote(lead)}?content={answer.content_digest}"
    yield Link(f"About the rule {lead}", address)


def _extension(answer: DrugAnswer) -> dict[str, Any]:
    members: dict[str, Any] = {
        "order": answer.order.order_id,
        "drug": {"name": answer.drug.name, "rxnorm": answer.drug.rxnorm},
        "content": answer.content_digest,
        "findings": [finding_to_json(finding) for finding in answer.findings],
    }
    found: dict[str, Any] = without_empty(members)
    return found
