"""Three-valued truth: yes, no, and not known (None). What is not known never becomes a yes or a no by itself."""

from __future__ import annotations

from collections.abc import Iterable

Truth = bool | None


def all_of(truths: Iterable[Truth]) -> Truth:
    """No where one is a no, else unknown where one is unknown, else yes (also for none at all)."""
    found = tuple(truths)
    if False in found:
        return False
    return None if None in found else True


def any_of(truths: Iterable[Truth]) -> Truth:
    """Yes where one is a yes, else unknown where one is unknown, else no (also for none at all)."""
    found = tuple(truths)
    if True in found:
        return True
    return None if None in found else False
