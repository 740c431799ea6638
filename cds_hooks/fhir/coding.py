"""Codings, displays and texts out of raw JSON, whatever its shape.

Every function takes anything and answers with an empty value where the JSON has the wrong type: what is not needed
may be wrong, and what a decision rests on is checked by the reader that needs it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from cds_hooks.fhir.codes import SAME_SYSTEM, USUAL_SYSTEMS
from cds_hooks.fhir.record import Json

MAX_TEXT = 2_000
"""Longer texts are no names, codes or genotypes; they are cut before anything looks into them."""
_MAX_DIGITS = 30


Pair = tuple[str | None, str | None]
"""(system, code)"""


class Coding(NamedTuple):
    """One Coding; empty strings count as absent."""

    system: str | None
    code: str | None
    display: str | None


class Concept(NamedTuple):
    """A CodeableConcept, or a plain string or Coding in its place."""

    codings: tuple[Coding, ...] = ()
    text: str | None = None
    pairs: tuple[Pair, ...] = ()
    """(system, code) of every coding."""
    names: tuple[str, ...] = ()
    """Every display, then the text, each once."""

    def __bool__(self) -> bool:
        return bool(self.codings or self.text)

    def label(self) -> str | None:
        """The words that show it best: text, else a display, else a code."""
        shown = self.text or next(iter(self.names), None)
        return shown or next((one.code for one in self.codings if one.code), None)


NOTHING = Concept()


def text_of(value: object) -> str | None:
    """A non-empty string, trimmed and cut to `MAX_TEXT`; None for anything else."""
    if not isinstance(value, str):
        return None
    return (value if len(value) <= MAX_TEXT else value[:MAX_TEXT]).strip() or None


def member(value: object, key: str) -> Any:
    """A member of a JSON object; None where `value` is none or lacks it."""
    return value.get(key) if isinstance(value, dict) else None


def objects(value: object) -> tuple[Json, ...]:
    """The JSON objects of an array; a single object counts as an array of one (Epic sends `category` so)."""
    if isinstance(value, dict):
        return (value,)
    if not isinstance(value, (list, tuple)):
        return ()
    return tuple([one for one in value if isinstance(one, dict)])


def read_coding(value: Json) -> Coding:
    """One Coding; a system that is known under another address gets the usual one."""
    system = text_of(value.get("system"))
    if system is not None and system not in USUAL_SYSTEMS:
        system = SAME_SYSTEM.get(system.rstrip("/"), system)
    return Coding(system, text_of(value.get("code")), text_of(value.get("display")))


def read_concept(value: object) -> Concept:
    """A Concept out of a CodeableConcept, a bare Coding, or a string; `NOTHING` for anything else."""
    if isinstance(value, str):
        return _concept([], text_of(value))
    if not isinstance(value, dict):
        return NOTHING
    bare = "coding" not in value and ("code" in value or "display" in value)
    codings = [read_coding(one) for one in ((value,) if bare else objects(value.get("coding")))]
    return _concept([one for one in codings if one.code or one.display], None if bare else text_of(value.get("text")))


def _concept(codings: list[Coding], text: str | None) -> Concept:
    named = [one.display for one in codings if one.display]
    if text:
        named.append(text)
    names = tuple(dict.fromkeys(named)) if len(named) > 1 else tuple(named)
    return Concept(tuple(codings), text, tuple([(one.system, one.code) for one in codings]), names)


def read_value(holder: Json) -> Concept:
    """The coded or textual `value[x]` of an Observation, a component or an extension; `NOTHING` for other types."""
    for key in ("valueCodeableConcept", "valueString", "valueCoding", "valueCode", "valueMarkdown"):
        if key in holder:
            found = read_concept(holder[key])
            if found:
                return found
    return NOTHING


def has_value(holder: Json) -> bool:
    """True where there is a `value[x]` of any type."""
    return any(key.startswith("value") and value not in (None, "", {}, []) for key, value in holder.items())


def read_decimal(value: object) -> Decimal | None:
    """A JSON number as a Decimal; None for booleans, texts, and numbers beyond any clinical use."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    if isinstance(value, int) and value.bit_length() > 64:
        return None
    number = Decimal(str(value))
    if not number.is_finite() or abs(number.adjusted()) > _MAX_DIGITS:
        return None
    return number


def resource_type(resource: object) -> str | None:
    """The resourceType; None where there is none."""
    return text_of(member(resource, "resourceType"))


def extensions(resource: Json, url: str) -> tuple[Json, ...]:
    """The extensions with this address."""
    if "extension" not in resource:
        return ()
    return tuple(one for one in objects(resource["extension"]) if one.get("url") == url)
