"""National Drug Codes: from a code in any of its spellings to the ingredients of the product.

An NDC names labeler, product and package: 4-4-2, 5-3-2 or 5-4-1 digits on labels, 5-4-2 where it is billed. Labeler and
product (nine digits when filled up) decide what is in it. Ten digits without hyphens may be any of three codes.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

SYSTEMS = ("http://hl7.org/fhir/sid/ndc", "urn:oid:2.16.840.1.113883.6.69")
_LABELER, _PRODUCT = 5, 4
_BILLED = 11
_SPLITS = ((4, 4), (5, 3), (5, 4))
"""Digits of labeler and product in the three ten-digit forms."""


def read_ndc(code: str) -> tuple[str, ...]:
    """The nine digits of labeler and product that a code may mean; none where it is no NDC."""
    parts = code.strip().split("-")
    if not all(part.isascii() and part.isdigit() for part in parts):
        return ()
    if len(parts) > 1:
        return _hyphenated(*parts[:2]) if len(parts) <= 3 else ()
    digits = parts[0]
    if len(digits) == _BILLED:
        return (digits[: _LABELER + _PRODUCT],)
    if len(digits) == _BILLED - 1:
        return tuple(
            dict.fromkeys(
                digits[:labeler].zfill(_LABELER) + digits[labeler : labeler + product].zfill(_PRODUCT)
                for labeler, product in _SPLITS
            )
        )
    return ()


def _hyphenated(labeler: str, product: str) -> tuple[str, ...]:
    if not (_LABELER - 1 <= len(labeler) <= _LABELER and _PRODUCT - 1 <= len(product) <= _PRODUCT):
        return ()
    return (labeler.zfill(_LABELER) + product.zfill(_PRODUCT),)


@lru_cache(maxsize=4)
def load_ndc(path: Path) -> Mapping[str, tuple[str, ...]]:
    """Nine digits -> RxNorm ingredient codes, from the imported table; read at the first NDC that is asked for."""
    if not path.exists():
        return {}
    data = json.loads(gzip.decompress(path.read_bytes()))
    return {code: tuple(key.split("|")) for key, codes in data["contents"].items() for code in codes}
