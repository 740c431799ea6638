"""National Drug Codes: from a code in any of its spellings to the ingredients of the product.

An NDC names labeler, product and package: 4-4-2, 5-3-2 or 5-4-1 digits on labels, 5-4-2 where it is billed. Labeler and
product (nine digits when filled up) decide what is in it. Of ten digits without hyphens those that begin with 0 are
4-4-2 (no labeler of five digits begins so); the others are 5-3-2 or 5-4-1, and both are looked for.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

_LABELER, _PRODUCT = 5, 4
_BILLED = 11
_SHORT_LABELER, _LONG_LABELER = ((4, 4),), ((5, 3), (5, 4))
"""Digits of labeler and product in the three ten-digit forms."""
_PACKAGES = {(4, 4): (2,), (5, 3): (2,), (5, 4): (1, 2)}
"""Digits of the package behind them."""


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


@lru_cache(maxsize=4)
def load_ndc(path: Path) -> Mapping[str, tuple[str, ...]]:
    """Nine digits -> RxNorm ingredient codes, from the imported table; read at the first NDC that is asked for."""
    if not path.exists():
        return {}
    data = json.loads(gzip.decompress(path.read_bytes()))
    return {code: tuple(key.split("|")) for key, codes in data["contents"].items() for code in codes}
