"""Activity scores are printed and added as CPIC does."""

from decimal import Decimal

import pytest

from knowledge.pgx.score import Score, sum_scores


@pytest.mark.parametrize(
    ("text", "printed"),
    [("0", "0.0"), ("1.0", "1.0"), ("2", "2.0"), ("0.250", "0.25"), ("≥3.0", "≥3.0"), (">=3", "≥3.0")],
)
def test_a_score_prints_as_cpic_prints_it(text: str, printed: str) -> None:
    """At least one decimal, and the sign of an open score."""
    assert str(Score.parse(text)) == printed


@pytest.mark.parametrize("text", ["n/a", "", "poor", "-1", "1,5", "NaN", "1e400", "9" * 500])
def test_what_is_no_score_is_none(text: str) -> None:
    """Nothing is guessed from a text that is no score."""
    assert Score.parse(text) is None


def test_a_sum_stays_open_when_one_value_is_open() -> None:
    """CPIC: a ≥ on either value stays on the sum."""
    assert str(sum_scores(["≥3.0", "0.25"])) == "≥3.25"


def test_a_sum_with_an_unavailable_value_is_none() -> None:
    """One value of n/a makes the score n/a."""
    assert sum_scores(["1.0", "n/a"]) is None
    assert sum_scores(["1.0", None]) is None


def test_a_strong_inhibitor_leaves_nothing_open() -> None:
    """Zero times "at least three" is zero; half of it stays open."""
    assert Score(Decimal(3), at_least=True).times(Decimal(0)) == Score(Decimal(0))
    assert str(Score(Decimal(3), at_least=True).times(Decimal("0.5"))) == "≥1.5"
