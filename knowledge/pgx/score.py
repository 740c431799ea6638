"""Activity scores: sums of allele values, printed as CPIC prints them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

NOT_AVAILABLE = "n/a"
_SCORE = re.compile(r"(≥|>=|)\s*([0-9]{1,3}(?:\.[0-9]{1,4})?)")


@dataclass(frozen=True)
class Score:
    """An activity score; `at_least` where a copy number of three or more left it open upwards."""

    value: Decimal
    at_least: bool = False

    def __str__(self) -> str:
        plain = format(self.value.normalize(), "f")
        return ("≥" if self.at_least else "") + (plain if "." in plain else f"{plain}.0")

    @classmethod
    def parse(cls, text: str) -> Score | None:
        """Read "1.0", "≥3.0" or ">=3"; None for "n/a" and everything that is no score."""
        found = _SCORE.fullmatch(text.strip())
        return cls(Decimal(found[2]), found[1] != "") if found else None

    def times(self, factor: Decimal) -> Score:
        """The score under inhibition; nothing stays open upwards when the factor is zero."""
        return Score(self.value * factor, self.at_least and factor != 0)


def sum_scores(values: Iterable[str | None]) -> Score | None:
    """The sum of printed allele values; None as soon as one of them is not available."""
    total, at_least = Decimal(0), False
    for value in values:
        score = Score.parse(value) if value is not None else None
        if score is None:
            return None
        total, at_least = total + score.value, at_least or score.at_least
    return Score(total, at_least)
