"""Medicines on the list that stand against an alternative, or beside which it is to be checked first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from knowledge.facts import DrugUse
from knowledge.library import Alternative
from knowledge.pgx.recommend import Question


def find_partners(question: Question, one: Alternative, names: Iterable[str]) -> list[str]:
    """Those of the named ingredients, groups and classes that are taken or drafted beside it, each once and in words.
    The alternative is no partner of itself, nor is what it replaces."""
    members = dict.fromkeys(member for name in names for member in question.library.find_members(name))
    partners = [name for name in members if name not in (one.name, question.ingredient.name)]
    found = {name: use for use in _others(question) for name in partners if is_of(use, name)}
    return [
        f"{name}, which is {'drafted as well' if use.draft else 'on the medication list'}"
        for name, use in found.items()
    ]


def name_unidentified(question: Question, one: Alternative) -> list[str]:
    """What is to be said where a medicine that nobody can tell may be one of the alternative's partners."""
    members = {member for name in (*one.not_with, *one.check_with) for member in question.library.find_members(name)}
    unknown = [use for use in _others(question) if not use.ingredients]
    left = dict.fromkeys(use.display for use in unknown if not any(is_of(use, name) for name in members))
    if not members or not left:
        return []
    return [f"medicines on the list that could not be identified may speak against it: {', '.join(left)}"]


def _others(question: Question) -> Iterator[DrugUse]:
    """Drafts before what is in use: of one that is both, the list has the last word."""
    yield from sorted(question.medicines, key=lambda use: not use.draft)


def is_of(use: DrugUse, name: str) -> bool:
    """Whether a medicine holds an ingredient; one that could not be identified, by the words of its text."""
    if use.ingredients:
        return any(found.name == name for found in use.ingredients)
    return f" {name} " in f" {use.display.casefold()} "
