"""What a card says of a dose by an equation: the dose with all that went in, or why there is none; never an order."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from cards.from_findings import CardPolicy, make_cards
from cards.phrases import render_estimate, render_headline
from knowledge.findings import Action, Amount, DoseEstimate, Indicator, Source
from tests.cards.answers import make_answer, make_finding, numbered

PAPER = Source("The paper", "2009", "https://doi.org/10.1000/x", "2026-11-24")
COMPUTED = DoseEstimate(
    formula="one",
    title="the first equation",
    amount=Amount(Decimal("3.7"), "mg", "day"),
    weekly=Amount(Decimal("26.0"), "mg", "week"),
    inputs=(("age", "62"), ("weight", "80 kg (2026-03-01)"), ("amiodarone", "no"), ("smoking", "yes (2026-02-01)")),
    note="An estimate to start from; INR decides.",
    sources=(PAPER,),
    content_version="abc",
    content_status="transcribed",
)
MISSING = DoseEstimate(
    formula="two",
    title="the second equation",
    inputs=(("age", "62"),),
    reason="the target INR is not on file",
    content_status="transcribed",
)
DOSE = Action("dose", formulas=("one", "two"))
TITRATE = Action("titrate", of="dose", what=("inr",))


def card_of(*actions: Action) -> dict[str, Any]:
    """The card of a row with these actions and both estimates; its draft has a dose that could be changed."""
    finding = make_finding(
        actions=actions,
        dose_change=True,
        alternative=False,
        indicator=Indicator.WARNING,
        effect=None,
        estimates=(COMPUTED, MISSING),
    )
    (card,) = make_cards([make_answer(finding)], CardPolicy(), numbered())
    return card.to_json()


def test_a_computed_dose_stands_with_everything_that_went_into_it() -> None:
    """A day, and a week where the equation gives a week; what is so and what is not so in plain words."""
    assert render_estimate(COMPUTED) == (
        "Starting dose by the first equation: about 3.7 mg per day (26 mg per week), from age 62,"
        " weight 80 kg (2026-03-01), no amiodarone, smoking (2026-02-01). An estimate to start from; INR decides."
    )
    assert render_estimate(replace(COMPUTED, weekly=None, inputs=(("age", "62"),), note=None)) == (
        "Starting dose by the first equation: about 3.7 mg per day, from age 62."
    )


def test_a_dose_that_was_not_computed_says_why() -> None:
    """And shows no number."""
    assert render_estimate(MISSING) == "Not computed by the second equation: the target INR is not on file."


def test_the_card_shows_both_under_what_to_do_and_links_the_paper() -> None:
    """The row's own sentence first; a row that asks for nothing else has the estimates alone."""
    detail = card_of(TITRATE, DOSE)["detail"]
    lines = detail.split("\n\n")[1].splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "- Titrate the dose, guided by INR.",
        "- Starting dose by the first equation",
        "- Not computed by the second equation",
    ]
    assert "[The paper](https://doi.org/10.1000/x), 2009, transcribed 2026-11-24" in detail
    alone = card_of(DOSE)
    assert alone["detail"].split("\n\n")[1].startswith("- Starting dose by the first equation")
    assert alone["summary"].startswith("Clopidogrel: estimate the starting dose")
    assert render_headline(DOSE) == "estimate the starting dose"


def test_an_estimate_changes_no_order() -> None:
    """The draft has a dose of 75 mg once a day: an equation is not an order."""
    assert "suggestions" not in card_of(TITRATE, DOSE)
    reduced = card_of(Action("reduce", percent=(Decimal(50),)))["suggestions"]
    assert [one["label"].split(" (")[0] for one in reduced] == ["Change the dose of clopidogrel from 75 to 37.5 mg"]


def test_the_extension_carries_both_estimates() -> None:
    """Numbers where there are some, a reason where there are none."""
    (finding,) = card_of(TITRATE, DOSE)["extension"]["org.pgx-cds"]["findings"]
    first, second = finding["estimates"]
    assert first["amount"] == {"value": 3.7, "unit": "mg", "per": "day"}
    assert first["weekly"] == {"value": 26, "unit": "mg", "per": "week"}
    assert first["inputs"][1] == {"name": "weight", "value": "80 kg (2026-03-01)"}
    assert second == {
        "formula": "two",
        "title": "the second equation",
        "inputs": [{"name": "age", "value": "62"}],
        "reason": "the target INR is not on file",
        "contentStatus": "transcribed",
    }
