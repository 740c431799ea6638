"""Alternatives are marked by what they are meant for."""

from dataclasses import replace

import pytest

from knowledge.drug_answer import DrugAnswer
from knowledge.evaluate import evaluate
from knowledge.facts import Answer
from knowledge.policy import Policy
from knowledge.question import Names, read_facts, read_order

POOR = {"CYP2D6": "*4/*4", "CYP2C19": "*1/*1"}
GABAPENTINOID = "gabapentin or pregabalin (for neuropathic pain)"


def ask(names: Names, conditions: list[str], answer: Answer | None = None) -> DrugAnswer:
    """The answer on amitriptyline for an adult who hardly breaks it down."""
    facts = read_facts({"genes": POOR, "age": 40, "conditions": conditions}, names)
    facts = replace(facts, orders=(read_order("amitriptyline", names),))
    facts = replace(facts, conditions_answer=answer) if answer else facts
    (found,) = evaluate(facts, names.library, Policy())
    return found


@pytest.mark.parametrize(
    ("conditions", "offers"),
    [
        (
            ["depression"],
            {
                "sertraline": (),
                "desvenlafaxine": (),
                GABAPENTINOID: ("meant for neuropathic pain, which is not on file",),
            },
        ),
        (
            ["neuropathic_pain"],
            {
                GABAPENTINOID: (),
                "sertraline": ("meant for depression, which is not on file", "on file: neuropathic pain"),
                "desvenlafaxine": ("meant for depression, which is not on file", "on file: neuropathic pain"),
            },
        ),
        (
            ["bipolar_disorder"],
            {
                GABAPENTINOID: ("meant for neuropathic pain, which is not on file",),
                "sertraline": ("meant for depression, which is not on file", "on file: bipolar disorder"),
                "desvenlafaxine": ("meant for depression, which is not on file", "on file: bipolar disorder"),
            },
        ),
        (
            ["depression", "neuropathic_pain"],
            {
                GABAPENTINOID: (),
                "sertraline": ("on file: neuropathic pain",),
                "desvenlafaxine": ("on file: neuropathic pain",),
            },
        ),
    ],
)
def test_an_alternative_says_where_its_indication_is_not_on_file_and_comes_later(
    names: Names, conditions: list[str], offers: dict[str, tuple[str, ...]]
) -> None:
    """An antidepressant is free of reasons in depression alone; in neuropathic pain the gabapentinoid comes first."""
    found = ask(names, conditions).offers
    assert [(one.name, one.reasons) for one in found if one.holds] == list(offers.items())


@pytest.mark.parametrize("answer", [Answer.NOT_FETCHED, Answer.WITHHELD])
def test_a_problem_list_that_was_not_obtained_is_not_called_empty(names: Names, answer: Answer) -> None:
    """What is not known of an indication is said as such."""
    (sertraline,) = [one for one in ask(names, [], answer).offers if one.name == "sertraline"]
    assert sertraline.reasons[0] == "meant for depression, and the problem list could not be obtained"
