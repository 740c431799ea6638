"""The ingredients that a medicine's display name holds, read word by word.

RxNorm writes "[hours] ingredient strength / ingredient strength dose form [brand]", packs "{n (product) / n (product)}
Pack"; EHRs and pharmacies write the same words in other orders. Whatever the order, every word must be known: as an
ingredient or brand, as a salt behind one, as a number or unit, or as a dose form. One unknown word, and the name stays
unknown: half of a combination is worse than nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from knowledge.display_words import DisplayWords

_BRAND = re.compile(r"\[([^\[\]]*)\]")
_TOKEN = re.compile(r"[^\s/+,;&(){}\[\]]+|[/+,&]")
_NUMBER = re.compile(r"[#~<>≥≤]?[0-9][0-9.,:-]*")
_NUMBER_UNIT = re.compile(r"([0-9][0-9.,-]*)-?([a-zµ%][a-z0-9µ%]*)")
_MARKS = str.maketrans(
    {"\u00a0": " ", "®": " ", "™": " ", "©": " ", "\u03bc": "µ", "\u2010": "-", "\u2011": "-", "\u2013": "-"}
)
"""Spaces, trade marks, the two micro signs, and hyphens; after the change of case once more."""
_STRENGTHS = re.compile(r"(?<![a-z0-9.,])([0-9][0-9.,]*) ?([a-zµ]*) ?([/-]) ?([0-9][0-9.,]*) ?([a-zµ]*)")
"""Two numbers around a "/" or "-", each with the word behind it."""
_OPEN, _CLOSED = "([{", ")]}"
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
    half: bool = False
    """True where known ingredients are joined with what is not known."""


@dataclass(frozen=True)
class NameReader:
    """Known phrases (ingredients, brands, salts by their full name) and the words that may stand beside them."""

    phrases: Mapping[Contents, Contents]
    """Tokens -> ingredient codes."""
    words: DisplayWords
    reach: Mapping[str, int] = field(default_factory=dict)
    """First word -> words of the longest phrase that begins with it: most words begin none, and are tried once."""

    @classmethod
    def build(cls, names: Mapping[str, Contents], words: DisplayWords) -> NameReader:
        """The reader of these names; what consists of form words or numbers alone can be no phrase."""
        phrases = {tuple(tokenise(name)): contents for name, contents in names.items()}
        plain = words.silent | words.joins
        kept = {
            tokens: contents
            for tokens, contents in phrases.items()
            if tokens and not all(token in plain or _NUMBER.fullmatch(token) for token in tokens)
        }
        reach: dict[str, int] = {}
        for tokens in kept:
            reach[tokens[0]] = max(reach.get(tokens[0], 0), len(tokens))
        return cls(kept, words, reach)

    def read(self, name: str) -> ReadName:
        """The ingredients of a display name. A brand in brackets must hold the same; an unlisted one may stand."""
        if len(name) > _LONGEST:
            return ReadName(reason="its name is too long to be one")
        name = normalise_name(name)
        if any(name.count(opened) > name.count(closed) for opened, closed in zip(_OPEN, _CLOSED, strict=True)):
            return ReadName(reason="its name was cut off")
        brackets = [list(tokenise(one)) for one in _BRAND.findall(name)]
        tokens = self._join_free(list(tokenise(_BRAND.sub(" ", name))))
        parts: list[Contents] = []
        unknown = self._walk(tokens, parts)
        if unknown is not None:
            half = bool(parts) and any(token in self.words.joins - _WEAK_JOINS for token in tokens)
            return ReadName(reason="a word of its name is not known", unknown=unknown, half=half)
        inside = [found for one in brackets for found in self._inside(one)]
        contents = _together(parts) or _together(inside)
        if any(found != contents for found in inside):
            return ReadName(reason="its brand and its ingredients name different medicines")
        if len(contents) == 1 and self._names_two_strengths(_BRAND.sub(" ", name)):
            return ReadName(reason="it has more strengths than ingredients")
        return ReadName(contents, None if contents else "its name holds no medicine")

    def _inside(self, brand: Sequence[str]) -> Iterator[Contents]:
        """What a bracket holds: the contents of a listed brand, else those of every known phrase in it."""
        listed = self.phrases.get(tuple(brand))
        if listed:
            yield _together([listed])
            return
        found: list[Contents] = []
        at = 0
        while at < len(brand):
            length, contents = self._phrase(brand, at, behind_ingredient=True)
            found += [contents] if contents else []
            at += length or 1
        if found:
            yield _together(found)

    def _join_free(self, tokens: list[str]) -> list[str]:
        """ "sugar free" as "sugar-free"; what else is free of something stays two words, of which one is unknown."""
        for at in range(len(tokens) - 1, 0, -1):
            if tokens[at] == "free" and f"{tokens[at - 1]}-free" in self.words.forms:
                tokens[at - 1 : at + 1] = [f"{tokens[at - 1]}-free"]
        return tokens

    def _names_two_strengths(self, name: str) -> bool:
        """True for "300 mg/30 mg" and "5-325": the strengths of a combination, and of no single ingredient."""
        return any(self._is_pair(one, name[one.end() :].strip()) for one in _STRENGTHS.finditer(name))

    def _is_pair(self, found: re.Match[str], behind: str) -> bool:
        """Masses on both sides, or bare numbers behind a word: no rate, and not "1/2 tablet" or "50/50 release"."""
        first, second = found[2], found[5]
        if first not in self.words.masses | {""}:
            return False
        if second in self.words.masses:
            return True
        large = any(len(number.split(".")[0]) > 1 for number in (found[1], found[4]))
        return found.start() > 0 and not first and large and (second in self.words.forms or not (second or behind))

    def _walk(self, tokens: list[str], found: list[Contents]) -> str | None:
        """Fills `found` from left to right; the first word that is not known, or None."""
        at, behind_ingredient, open_join = 0, False, ""
        if tokens and tokens[0] in self.words.joins - _WEAK_JOINS:
            return tokens[0]
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
        for length in range(min(self.reach.get(tokens[at], 0), len(tokens) - at), 0, -1):
            contents = self.phrases.get(tuple(tokens[at : at + length]))
            if contents is None:
                continue
            if length == 1 and tokens[at] in self.words.salts and behind_ingredient:
                continue
            return length, contents
        return 0, ()

    def _is_plain(self, token: str) -> bool:
        if token in self.words.silent or _NUMBER.fullmatch(token):
            return True
        found = _NUMBER_UNIT.fullmatch(token)
        return found is not None and found[2] in self.words.silent


def _together(parts: Sequence[Contents]) -> Contents:
    return tuple(sorted({code for part in parts for code in part}))


def normalise_name(name: str) -> str:
    """Lower case, single spaces, without trade marks, signs that nobody sees, and punctuation at either end."""
    plain = name.translate(_MARKS).casefold().translate(_MARKS)
    seen = "".join(_shown(sign) for sign in plain) if not plain.isascii() or not plain.isprintable() else plain
    return " ".join(seen.split()).strip(" .,;:")


def _shown(sign: str) -> str:
    kind = unicodedata.category(sign)
    return "" if kind == "Cf" else " " if kind == "Cc" else sign


def tokenise(name: str) -> Iterator[str]:
    """Words of a name; "/", "+", "," and "&" stand alone, brackets of every kind fall away."""
    for token in _TOKEN.findall(normalise_name(name)):
        kept = token.strip(".:*'\"")
        if kept and kept != "-":
            yield kept


NO_NAMES = NameReader({}, DisplayWords())
"""Knows no medicine."""
