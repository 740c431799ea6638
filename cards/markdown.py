"""Text of the record made harmless for GitHub Markdown: some clients render raw HTML in a card's detail."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

_MARKS = re.compile(r"([\\`*_{}\[\]()#+!|~])")
_LINKS = re.compile(r"(?<=\w):(?=//)|(?<=www)\.|@", re.I)
"""What GitHub Markdown makes a link of by itself."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
LONGEST = 160


def escape(text: str) -> str:
    """Text of the record with every mark of Markdown and HTML taken literally, on one line, and not without end.

    An address in it is no link: who writes into a record must not lead a clinician anywhere.
    """
    return _LINKS.sub(r"\\\g<0>", literal(clean(text)))


def literal(plain: str) -> str:
    """Text of the content with every mark taken literally ("*2" is no emphasis)."""
    return _MARKS.sub(r"\\\1", html.escape(plain, quote=False))


def clean(text: str) -> str:
    """The text on one line, without control and direction characters, cut where it is too long to read."""
    plain = one_line(text)
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"


def one_line(text: str) -> str:
    """The text on one line, without control and direction characters: a terminal obeys some of them."""
    return " ".join(_CONTROL.sub(" ", text).split())


def capital(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]


def bullets(title: str, lines: Iterable[str]) -> str:
    """A block of a title and a list; nothing where the list is empty."""
    listed = list(lines)
    return f"**{title}**\n\n" + "\n".join(f"- {line}" for line in listed) if listed else ""
