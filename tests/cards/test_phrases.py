"""Every structured action reads as a sentence."""

from decimal import Decimal

import pytest

from cards.phrases import join, render_action, render_effect
from knowledge.findings import Action, Amount, Effect


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (Action("keep"), "Use codeine at its standard dose."),
        (Action("keep", amount=Amount(Decimal(75), "mg", "day")), "Use codeine at its standard dose (75 mg per day)."),
        (Action("avoid"), "Avoid codeine."),
        (Action("avoid", degree="contraindicated"), "Do not use codeine: it is contraindicated."),
        (Action("avoid", degree="unless_no_alternative"), "Avoid codeine unless there is no alternative."),
        (Action("offer", drugs=("morphine",)), "Consider instead: morphine."),
        (Action("reduce", percent=(Decimal(50),), of="start"), "Reduce the starting dose by 50%."),
        (Action("reduce", percent=(Decimal(20), Decimal(70))), "Reduce the dose by 20 to 70%."),
        (
            Action("reduce", percent=(Decimal(75),), of="start", degree="at_least"),
            "Reduce the starting dose by at least 75%.",
        ),
        (
            Action("reduce", amount=Amount(Decimal(400), "mg", "day"), of="start", degree="consider"),
            "Consider reducing the starting dose to 400 mg per day.",
        ),
        (Action("reduce", factor=Decimal("0.1")), "Reduce the dose to 10% of the usual."),
        (
            Action("reduce", factor=Decimal("0.1"), of="start", days_a_week=3),
            "Reduce the starting dose to 10% of the usual, on 3 days a week only.",
        ),
        (
            Action("reduce", percent=(Decimal(50),), of="start", bounds=(Amount(Decimal("1.5"), "mg/kg", "day"),)),
            "Reduce a starting dose of at least 1.5 mg/kg per day by 50%.",
        ),
        (
            Action(
                "reduce",
                percent=(Decimal(20), Decimal(70)),
                bounds=(Amount(Decimal(75), "mg/m2", "day"), Amount(Decimal("1.5"), "mg/kg", "day")),
            ),
            "Reduce a dose of at least 75 mg/m2 or 1.5 mg/kg per day by 20 to 70%.",
        ),
        (Action("increase", percent=(Decimal(100),)), "Increase the dose by 100%."),
        (Action("limit", amount=Amount(Decimal(20), "mg", "day")), "Do not exceed 20 mg per day."),
        (Action("limit", amount=Amount(Decimal(20), "mg", "day"), degree="below"), "Stay below 20 mg per day."),
        (
            Action("titrate", of="dose", what=("inr", "response")),
            "Titrate the dose, guided by INR and clinical response.",
        ),
        (Action("monitor", what=("inr",)), "Monitor INR."),
        (Action("test", what=("TPMT",)), "Test TPMT (genotype)."),
        (Action("test", what=("g6pd_activity",)), "Test G6PD enzyme activity."),
    ],
)
def test_an_action_reads_as_a_sentence(action: Action, sentence: str) -> None:
    """Kind, degree, number and what it is of."""
    assert render_action(action, "codeine") == sentence


@pytest.mark.parametrize(
    ("effect", "sentence"),
    [
        (
            Effect("more", "morphine", ("toxicity",)),
            "Expect more morphine formed from the drug, with a risk of toxicity.",
        ),
        (Effect("less", "drug_exposure"), "Expect less drug in the blood."),
        (Effect(None, None, ("toxicity",)), "There is a risk of toxicity."),
        (Effect(None, None), ""),
    ],
)
def test_an_effect_reads_as_a_sentence(effect: Effect, sentence: str) -> None:
    """What changes, and the risk that follows."""
    assert render_effect(effect) == sentence


def test_a_list_whose_items_are_lists_is_joined_by_semicolons() -> None:
    """Otherwise nobody can tell the items apart."""
    assert join(["a", "b", "c"], "or") == "a, b or c"
    assert join(["a", "b or c"], "or") == "a; or b or c"
