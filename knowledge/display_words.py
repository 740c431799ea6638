"""The words that content knows to stand in display names of medicines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DisplayWords:
    """Words that may stand in the display name of a medicine beside its ingredients and brands; lower case."""

    units: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()
    salts: frozenset[str] = frozenset()
    joins: frozenset[str] = frozenset()
    masses: frozenset[str] = frozenset()
    """Units of mass."""
    directions: frozenset[str] = frozenset()
    makers: frozenset[str] = frozenset()
    synonyms: Mapping[str, str] = field(default_factory=dict)
    """Another name -> RxNorm's names, with " / " between those of a combination."""

    @property
    def silent(self) -> frozenset[str]:
        """Words that say nothing about what is in a medicine."""
        return self.units | self.masses | self.forms | self.directions | self.makers
