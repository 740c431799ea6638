"""The ingredients that a medicine's display name holds, read word by word.

RxNorm writes "[hours] ingredient strength / ingredient strength dose form [brand]", packs "{n (product) / n (product)}
Pack"; EHRs and pharmacies write the same words in other orders. Whatever the order, every word must be known: as an
ingredient or brand, as a salt behind one, as a number or unit, or as a dose form. One unknown word, and the name stays
unknown: half of a combination is worse than nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from knowledge.display_words import DisplayWords

_BRAND = re.compile(r"\[([^\[\]]*)\]")
_TOKEN = re.compile(r"[^\s/+,;&(){}\[\]]+|[/+,&]")
_NUMBER = re.compile(r"[#~<>≥≤]?[0-9][0-9.,:-]*")
_NUMBER_UNIT = re.compile(r"([0-9][0-9.,-]*)-?([a-zµ%][a-z0-9µ%]*)")
_WEAK_JOINS = frozenset(",-")
"""Joins that nothing need follow; behind the others a name that ends was cut off."""
_LONGEST = 2000
"""Characters of a name; no listed one has as many as 600."""

Contents = tuple[str, ...]
"""Ingredient codes, sorted."""


@dataclass(frozen=True)
class ReadName:
    """What a name holds: ingredient codes, or the reason why it stays unknown."""

    contents: Contents = ()
    reason: str | None = None
    unknown: str | None = None
    """The first word that is not known. For the eyes of who wrote the name only: it never enters a reason or a log."""


@dataclass(frozen=True)
class NameReader:
    """Known phrases (ingredients, brands, salts by their full name) and the words that may stand beside them."""

    phrases: Mapping[Contents, Contents]
    """Tokens -> ingredient codes."""
    words: DisplayWords
    longest: int = field(default=0)

    @classmethod
    def build(cls, names: Mapping[str, Contents], words: DisplayWords) -> NameReader:
        """The reader of these names; what consists of form words or numbers alone can be no phrase."""
        phrases = {tuple(tokenise(name)): contents for name, contents in names.items()}
        plain = words.units | words.forms | words.joins
        kept = {
            tokens: contents
            for tokens, contents in phrases.items()
            if tokens and not all(token in plain or _NUMBER.fullmatch(token) for token in tokens)
        }
        return cls(kept, words, max(map(len, kept), default=0))

    def read(self, name: str) -> ReadName:
        """The ingredients of a display name. A brand in brackets must hold the same; an unlisted one may stand."""
        if len(name) > _LONGEST:
            return ReadName(reason="its name is too long to be one")
        brands = [found for one in _BRAND.findall(name) if (found := self.phrases.get(tuple(tokenise(one))))]
        tokens = list(tokenise(_BRAND.sub(" ", name)))
        parts: list[Contents] = []
        unknown = self._walk(tokens, parts)
        if unknown is not None:
            return ReadName(reason="a word of its name is not known", unknown=unknown)
        contents = tuple(sorted({code for part in parts for code in part}))
        if any(tuple(sorted(one)) != contents for one in brands if contents):
            return ReadName(reason="its brand and its ingredients name different medicines")
        contents = contents or (tuple(sorted(brands[0])) if brands else ())
        return ReadName(contents, None if contents else "its name holds no medicine")

    def _walk(self, tokens: list[str], found: list[Contents]) -> str | None:
        """Fills `found` from left to right; the first word that is not known, or None."""
        at, behind_ingredient, open_join = 0, False, ""
        while at < len(tokens):
            length, contents = self._phrase(tokens, at, behind_ingredient)
            if contents:
                found.append(contents)
                at, behind_ingredient, open_join = at + length, True, ""
                continue
            token = tokens[at]
            if token in self.words.joins:
                open_join = open_join if token in _WEAK_JOINS else token
                behind_ingredient = False
            elif not (behind_ingredient and token in self.words.salts):
                if not self._is_plain(token):
                    parts = [part for part in token.split("-") if part]
                    if len(parts) < 2:
                        return token
                    tokens[at : at + 1] = parts
                    continue
                behind_ingredient = False
                open_join = "" if open_join == "/" else open_join
            at += 1
        return open_join or None

    def _phrase(self, tokens: Sequence[str], at: int, behind_ingredient: bool) -> tuple[int, Contents]:
        """The longest known phrase here; a single salt behind an ingredient belongs to it."""
        for length in range(min(self.longest, len(tokens) - at), 0, -1):
            contents = self.phrases.get(tuple(tokens[at : at + length]))
            if contents is None:
                continue
            if length == 1 and tokens[at] in self.words.salts and behind_ingredient:
                continue
            return length, contents
        return 0, ()

    def _is_plain(self, token: str) -> bool:
        if token in self.words.units or token in self.words.forms or _NUMBER.fullmatch(token):
            return True
        found = _NUMBER_UNIT.fullmatch(token)
        return found is not None and found[2] in self.words.units


def tokenise(name: str) -> Iterator[str]:
    """Words of a name in lower case; "/", "+", "," and "&" stand alone, brackets of every kind fall away."""
    for token in _TOKEN.findall(name.casefold().replace("\u00a0", " ")):
        kept = token.strip(".:*'\"")
        if kept and kept != "-":
            yield kept


NO_NAMES = NameReader({}, DisplayWords())
"""Knows no medicine."""
