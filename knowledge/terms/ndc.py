"""National Drug Codes: from a code in any of its spellings to the ingredients of the product.

An NDC names labeler, product and package: 4-4-2, 5-3-2 or 5-4-1 digits on labels, 5-4-2 where it is billed. Labeler and
product (nine digits when filled up) decide what is in it. Of ten digits without hyphens those that begin with 0 are
4-4-2 (no labeler of five digits begins so); the others are 5-3-2 or 5-4-1. A labeler keeps to one of the two (21 CFR
207.33), and its listed products show which; where they do not, both readings must lead to the same ingredients.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

_LABELER, _PRODUCT = 5, 4
_BILLED = 11
_SHORT_LABELER, _LONG_LABELER = ((4, 4),), ((5, 3), (5, 4))
"""Digits of labeler and product in the three ten-digit forms."""
_PACKAGES = {(4, 4): (2,), (5, 3): (2,), (5, 4): (1, 2)}
"""Digits of the package behind them."""

_FEW = 0.2
"""Of a labeler with four-digit product codes at most so many begin with 0; one with more is not clear."""


def read_ndc(code: str) -> tuple[str, ...]:
    """The nine digits of labeler and product that a code may mean; none where it is no NDC."""
    parts = code.strip().split("-")
    if not all(part.isascii() and part.isdigit() for part in parts):
        return ()
    if len(parts) > 1:
        return _hyphenated(parts)
    digits = parts[0]
    if len(digits) == _BILLED:
        return (digits[: _LABELER + _PRODUCT],)
    if len(digits) == _BILLED - 1:
        return tuple(
            dict.fromkeys(
                digits[:labeler].zfill(_LABELER) + digits[labeler : labeler + product].zfill(_PRODUCT)
                for labeler, product in (_SHORT_LABELER if digits[0] == "0" else _LONG_LABELER)
            )
        )
    return ()


def _hyphenated(parts: Sequence[str]) -> tuple[str, ...]:
    """Labeler and product, with or without a package; any other lengths are no NDC."""
    labeler, product = parts[:2]
    packages = _PACKAGES.get((len(labeler), len(product)))
    if packages is None or len(parts) > 3 or (len(parts) == 3 and len(parts[2]) not in packages):
        return ()
    return (labeler.zfill(_LABELER) + product.zfill(_PRODUCT),)


@dataclass(frozen=True)
class NdcTable:
    """The listed products."""

    products: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Labeler and product, nine digits -> RxNorm ingredient codes."""
    filled_up: Mapping[str, float] = field(default_factory=dict)
    """Labeler -> share of its product codes that begin with 0, as those of three digits do once filled up."""

    def find(self, code: str) -> tuple[str, ...]:
        """The ingredients of a code in any spelling; none where it is not listed or may be another product's."""
        readings = read_ndc(code)
        if len(readings) < 2:
            return self.products.get(readings[0], ()) if readings else ()
        three, four = (self.products.get(one, ()) for one in readings)
        if three == four:
            return three
        share = self.filled_up.get(readings[0][:_LABELER])
        if three and four or share is None:
            return ()
        if share == 1:
            return three
        return four if share <= _FEW else ()


@lru_cache(maxsize=4)
def load_ndc(path: Path) -> NdcTable:
    """The imported table; read at the first NDC that is asked for."""
    data = json.loads(gzip.decompress(path.read_bytes()))
    return make_table({code: tuple(key.split("|")) for key, codes in data["contents"].items() for code in codes})


def make_table(products: Mapping[str, tuple[str, ...]]) -> NdcTable:
    """The table of these products, with what they show of their labelers."""
    starts: dict[str, list[bool]] = defaultdict(list)
    for code in products:
        starts[code[:_LABELER]].append(code[_LABELER] == "0")
    return NdcTable(products, {labeler: sum(zeros) / len(zeros) for labeler, zeros in starts.items()})
