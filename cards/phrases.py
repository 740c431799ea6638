"""Sentences rendered from structured actions and effects; the words come from cards/text/en.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from knowledge.findings import Action, Amount, DoseEstimate, Effect
from knowledge.loading.strict_yaml import load_strict

TEXT = Path(__file__).resolve().parent / "text" / "en.yaml"
_AVOID = {
    None: "Avoid {drug}.",
    "contraindicated": "Do not use {drug}: it is contraindicated.",
    "if_possible": "Avoid {drug} if possible.",
    "unless_no_alternative": "Avoid {drug} unless there is no alternative.",
}
_AVOID_HEADLINE = {
    None: "avoid",
    "contraindicated": "contraindicated",
    "if_possible": "avoid if possible",
    "unless_no_alternative": "avoid unless there is no alternative",
}
_OF = {
    None: "the dose",
    "dose": "the dose",
    "start": "the starting dose",
    "maintenance": "the maintenance dose",
    "maximum": "the maximum dose",
    "calculated": "the calculated dose",
}
_DEGREE = {None: "", "about": "about ", "at_least": "at least ", "more_than": "more than ", "up_to": "up to "}
_CONSIDER = {"Reduce": "Consider reducing", "Increase": "Consider increasing"}


@lru_cache
def load_words() -> Mapping[str, Any]:
    """All sections of the words file."""
    data = load_strict(TEXT).data
    if not isinstance(data, dict):
        raise TypeError("cards/text/en.yaml must hold sections")
    return data


def render_action(action: Action, drug: str) -> str:
    """One sentence for one action on a drug."""
    if action.kind == "keep":
        amount = f" ({amount_words(action.amount)})" if action.amount else ""
        return f"Use {drug} at its standard dose{amount}."
    if action.kind == "avoid":
        return _AVOID[action.degree].format(drug=drug)
    if action.kind == "offer":
        return f"Consider instead: {join(action.drugs, 'or')}."
    if action.kind in ("reduce", "increase"):
        return _change(action)
    if action.kind == "limit":
        return _limit(action)
    if action.kind == "titrate":
        by = f", guided by {join([_word('monitor', key) for key in action.what])}" if action.what else ""
        return f"Titrate {_OF[action.of]}{by}."
    if action.kind == "dose":
        return ""  # its sentences are the estimates themselves
    if action.kind == "monitor":
        return f"Monitor {join([_word('monitor', key) for key in action.what])}."
    return f"Test {join([name_test(key) for key in action.what])}."


def render_headline(action: Action) -> str:
    """A few words for the card's summary: "avoid if possible", "reduce the starting dose by 50%"."""
    if action.kind == "avoid":
        return _AVOID_HEADLINE[action.degree]
    if action.kind == "offer":
        return "consider an alternative"
    if action.kind == "titrate":
        return f"titrate {_OF[action.of]}{_guide(action)}"
    if action.kind == "dose":
        return "estimate the starting dose"
    if action.kind == "monitor":
        return f"monitor {join([_short(key) for key in action.what])}"
    said = render_action(action, "it").rstrip(".")
    return said[0].lower() + said[1:]


def render_estimate(estimate: DoseEstimate) -> str:
    """The dose by one equation with all that it was computed from, or why it was not computed."""
    if estimate.amount is None:
        return f"Not computed by {estimate.title}: {estimate.reason}."
    weekly = f" ({amount_words(estimate.weekly)})" if estimate.weekly else ""
    inputs = ", ".join(_input(name, value) for name, value in estimate.inputs)
    note = f" {estimate.note}" if estimate.note else ""
    return f"Starting dose by {estimate.title}: about {amount_words(estimate.amount)}{weekly}, from {inputs}.{note}"


def render_effect(effect: Effect) -> str:
    """What the result does to the drug, and the risks that follow, as one sentence; empty where nothing is known."""
    of = _word("of", effect.of) if effect.of else ""
    does = f"{_word('direction', effect.direction)} {of}".strip() if effect.direction else of
    risks = join([_word("risk", key) for key in effect.risk])
    if does and risks:
        return f"Expect {does}, with a risk of {risks}."
    if does:
        return f"Expect {does}."
    return f"There is a risk of {risks}." if risks else ""


def tested_gene(key: str) -> str:
    """The gene that a test is about: the gene itself, or the one whose function the assay measures."""
    assay: Mapping[str, str] | None = load_words()["test"].get(key)
    return assay["gene"] if assay else key


def amount_words(amount: Amount) -> str:
    """ "400 mg per day"."""
    per = f" {load_words()['amount_per'][amount.per]}" if amount.per else ""
    return f"{plain(amount.value)} {amount.unit}{per}"


def name_test(key: str) -> str:
    """A test by its key in the words file; a gene's symbol means its genotype."""
    assay: Mapping[str, str] | None = load_words()["test"].get(key)
    return assay["words"] if assay else f"{key} (genotype)"


def join(items: Sequence[str], last: str = "and") -> str:
    """ "a, b and c"; with semicolons where an item itself lists several things."""
    if len(items) < 2:
        return "".join(items)
    if any(mark in item for item in items for mark in (", ", f" {last} ")):
        return f"{'; '.join(items[:-1])}; {last} {items[-1]}"
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def plain(number: Decimal) -> str:
    """A number without trailing zeros or exponent."""
    return format(number.normalize(), "f")


def _limit(action: Action) -> str:
    if action.amount is None:
        return "Keep to a low maximum dose."
    words = amount_words(action.amount)
    return f"Stay below {words}." if action.degree == "below" else f"Do not exceed {words}."


def _change(action: Action) -> str:
    """What is done to which dose, and on which days of the week."""
    verb = "Reduce" if action.kind == "reduce" else "Increase"
    considered = action.degree == "consider"
    head = f"{_CONSIDER[verb] if considered else verb} {_changed_dose(action)}"
    days = f", on {action.days_a_week} days a week only" if action.days_a_week else ""
    return f"{head}{_new_dose(action, '' if considered else _DEGREE[action.degree])}{days}."


def _changed_dose(action: Action) -> str:
    """ "the starting dose"; "a starting dose of at least 75 mg/m2 or 1.5 mg/kg per day"."""
    if not action.bounds:
        return _OF[action.of]
    *others, last = action.bounds
    listed = [amount_words(replace(one, per=None) if one.per == last.per else one) for one in others]
    return f"{_OF[action.of].replace('the ', 'a ', 1)} of at least {join([*listed, amount_words(last)], 'or')}"


def _new_dose(action: Action, degree: str) -> str:
    if action.amount is not None:
        return f" to {degree}{amount_words(action.amount)}"
    if action.factor is not None:
        return f" to {degree}{plain(action.factor * 100)}% of the usual"
    if len(action.percent) == 2:
        return f" by {plain(action.percent[0])} to {plain(action.percent[1])}%"
    return f" by {degree}{plain(action.percent[0])}%" if action.percent else ""


def _input(name: str, value: str) -> str:
    """ "height 170 cm (2026-03-01)"; what is or is not so: "no amiodarone", "smoking (2026-03-01)"."""
    answer, _, rest = value.partition(" ")
    if answer not in ("yes", "no"):
        return f"{name} {value}"
    return " ".join(filter(None, ("no" if answer == "no" else "", name, rest)))


def _guide(action: Action) -> str:
    """What guides a titration first, in the few words that a summary has room for."""
    return f", guided by {_short(action.what[0])}" if action.what else ""


def _short(key: str) -> str:
    """What to watch, in the words of a summary; the full words where they are short enough already."""
    words: str | None = load_words()["monitor_short"].get(key)
    return words or _word("monitor", key)


def _word(section: str, key: str | None) -> str:
    return str(load_words()[section].get(key or "", key))
