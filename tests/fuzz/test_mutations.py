"""What spoils documents copes with what it made of them itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from tests.fuzz.mutations import CHANGES, DEEPEST


class _LastOfAll:
    """Draws, of every choice, the last element: the longest, the deepest."""

    def __call__(self, strategy: st.SearchStrategy[Any]) -> Any:
        return list(strategy.elements)[-1]  # type: ignore[attr-defined]


def test_a_value_as_deep_as_six_changes_make_it_is_spoiled_further() -> None:
    """Six times nested, each time around what stands there already: every change still ends."""
    holder: list[Any] = ["*1/*2"]
    for _ in range(6):
        CHANGES["nest"](_LastOfAll(), holder, 0, [(holder, 0)])
    for name in ("double", "graft", "nest"):
        CHANGES[name](_LastOfAll(), holder, 0, [(holder, 0)])
    assert _measure_depth(holder) == 1 + DEEPEST


@pytest.mark.parametrize(("levels", "copied"), [(DEEPEST - 1, True), (DEEPEST + 1, False)])
def test_only_a_value_that_is_not_too_deep_is_copied(levels: int, copied: bool) -> None:
    """Doubled below the limit, left as it is above it."""
    value: Any = "*1/*2"
    for _ in range(levels):
        value = [value]
    holder = [value]
    CHANGES["double"](_LastOfAll(), holder, 0, [(holder, 0)])
    assert (len(holder[0]) > 1) is copied


def _measure_depth(value: Any) -> int:
    depth = 0
    while isinstance(value, list | dict) and value:
        value, depth = (value[0] if isinstance(value, list) else next(iter(value.values()))), depth + 1
    return depth
