"""Ranges of activity scores, as content writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_INTERVAL_END = re.compile(r"(>=|<=|>|<|)([0-9]+(?:\.[0-9]+)?)")


@dataclass(frozen=True)
class Interval:
    """A range of activity scores; `None` is unbounded."""

    low: Decimal | None
    high: Decimal | None
    low_open: bool = False
    high_open: bool = False

    def holds(self, score: Decimal) -> bool:
        """True where the score lies inside."""
        if self.low is not None and (score < self.low or (self.low_open and score == self.low)):
            return False
        return not (self.high is not None and (score > self.high or (self.high_open and score == self.high)))

    @classmethod
    def parse(cls, text: str) -> Interval | None:
        """Read "0", "0.25..1", ">0..<1.25", ">2.25" or "<=1"; None where the text is no interval."""
        low, dots, high = text.replace(" ", "").partition("..")
        found = _INTERVAL_END.fullmatch(low)
        upper = _INTERVAL_END.fullmatch(high) if dots else None
        if found is None or (dots and (upper is None or upper[1] not in ("", "<") or found[1] not in ("", ">"))):
            return None
        value = Decimal(found[2])
        if upper is not None:
            return cls(value, Decimal(upper[2]), found[1] == ">", upper[1] == "<")
        if found[1].startswith(">"):
            return cls(value, None, low_open=found[1] == ">")
        if found[1].startswith("<"):
            return cls(None, value, high_open=found[1] == "<")
        return cls(value, value)
