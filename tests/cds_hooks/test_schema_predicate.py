"""What the predicate calls valid, jsonschema calls valid; and it does call the usual request valid."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_hooks.json_schema import load_predicate, load_validator
from cds_hooks.schema_predicate import compile_predicate

GOLDEN = Path(__file__).parents[1] / "golden"
REQUESTS = [orjson.loads(path.read_bytes()) for path in sorted(GOLDEN.glob("*/*/request.json"))]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


@pytest.mark.parametrize("hook", ["order-select", "order-sign", "patient-view"])
def test_predicate_holds_for_every_golden_request_that_is_valid(hook: str) -> None:
    """The quick way is the usual way."""
    valid = [one for one in REQUESTS if load_validator(hook).is_valid(one)]
    assert valid
    assert all(load_predicate(hook)(one) for one in valid)


def break_somewhere(data: Any, steps: list[int], junk: object) -> Any:
    """The data with one member or item, found by the steps, replaced or left out."""
    data = copy.deepcopy(data)
    place = data
    for step in steps:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[step % len(keys)]
        inner = place[key]
        if step == steps[-1] or not isinstance(inner, (dict, list)) or not inner:
            if junk == "nothing":
                del place[key]
            else:
                place[key] = junk
            return data
        place = inner
    return data


@given(
    st.sampled_from(REQUESTS),
    st.lists(st.integers(0, 50), min_size=1, max_size=6),
    JUNK | st.just("nothing"),
    st.sampled_from(["order-select", "order-sign", "patient-view"]),
)
def test_predicate_never_holds_for_what_the_schema_refuses(
    request: dict[str, Any], steps: list[int], junk: object, hook: str
) -> None:
    """Wherever a request is broken."""
    broken = break_somewhere(request, steps, junk)
    if load_predicate(hook)(broken):
        assert load_validator(hook).is_valid(broken)


@pytest.mark.parametrize(
    ("schema", "data", "holds"),
    [
        ({"type": "integer"}, 1, True),
        ({"type": "integer"}, True, False),
        ({"type": ["object", "null"]}, None, True),
        ({"type": "string", "pattern": "^a"}, "ab", True),
        ({"type": "string", "pattern": "^a"}, "ba", False),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, False),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1, "b": 2}, True),
        ({"items": {"const": "x"}}, ["x", "y"], False),
        ({"uniqueItems": True}, [1], False),
        (True, 1, False),
    ],
)
def test_each_keyword_is_judged_and_an_unknown_one_never_holds(schema: object, data: object, holds: bool) -> None:
    """What the predicate does not know it leaves to jsonschema."""
    assert compile_predicate(schema)(data) is holds
