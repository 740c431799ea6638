"""Alternatives to simvastatin for a poor SLCO1B1: what could not be checked about one is said beside it."""

from dataclasses import replace

import pytest

from knowledge.evaluate import evaluate
from knowledge.facts import Answer, GeneRecord
from knowledge.policy import Policy
from knowledge.question import Names, read_facts, read_order

CHANGED = "CPIC changes its dose (SLCO1B1 Poor Function)"


def reasons(names: Names, medications: Answer = Answer.NONE_ON_FILE, abcg2: Answer | None = None) -> tuple[str, ...]:
    """What stands beside rosuvastatin, whose own table asks for ABCG2 as well."""
    facts = read_facts({"genes": {"SLCO1B1": "*5/*5"}, "age": 50}, names)
    genes = {**facts.genes, "ABCG2": GeneRecord("ABCG2", abcg2)} if abcg2 else facts.genes
    orders = (read_order("simvastatin", names),)
    asked = replace(facts, orders=orders, medications_answer=medications, genes=genes)
    (answer,) = evaluate(asked, names.library, Policy())
    (found,) = [offer for offer in answer.offers if offer.name == "rosuvastatin"]
    assert found.holds
    return found.reasons


@pytest.mark.parametrize("answer", [Answer.NOT_FETCHED, Answer.WITHHELD])
def test_a_medication_list_that_was_not_obtained_is_said_beside_an_alternative(names: Names, answer: Answer) -> None:
    """Nobody can tell whether it is taken already, or what it would do to what is taken."""
    assert reasons(names, medications=answer) == ("current medicines could not be checked", CHANGED)


@pytest.mark.parametrize("answer", [Answer.READ, Answer.NONE_ON_FILE])
def test_a_medication_list_that_was_obtained_leaves_nothing_to_say(names: Names, answer: Answer) -> None:
    """An empty list is an answer."""
    assert reasons(names, medications=answer) == (CHANGED,)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer.UNREADABLE, "the ABCG2 result on file could not be read"),
        (Answer.NOT_FETCHED, "ABCG2 results could not be fetched"),
    ],
)
def test_a_hidden_result_of_the_alternatives_own_gene_is_said(names: Names, answer: Answer, said: str) -> None:
    """Its guidance may ask for that result."""
    assert reasons(names, abcg2=answer)[-1] == said


def test_a_gene_of_the_alternative_that_was_never_tested_is_not_said(names: Names) -> None:
    """Nothing is hidden there."""
    assert reasons(names, abcg2=Answer.NONE_ON_FILE) == (CHANGED,)


def test_a_withheld_result_of_the_alternatives_own_gene_is_not_said(names: Names) -> None:
    """Its text stands on cards about other genes, and would tell what consent keeps from them."""
    assert reasons(names, abcg2=Answer.WITHHELD) == (CHANGED,)
