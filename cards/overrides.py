"""Coded reasons for overriding a card (HL7 non-adherence reason codes, CDS Hooks 3.0 ballot)."""

from __future__ import annotations

from functools import lru_cache

from cards.card import Coding
from cards.phrases import load_words


@lru_cache
def override_reasons() -> tuple[Coding, ...]:
    """The reasons that make sense for pharmacogenomic advice, with our words."""
    section = load_words()["override"]
    return tuple(Coding(section["system"], code, words) for code, words in section["reasons"].items())
