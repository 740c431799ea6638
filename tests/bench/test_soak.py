"""The soak fails on memory that grows, and not on processes that warm up."""

import pytest

from bench.soak import judge_memory


@pytest.mark.parametrize(
    ("memory", "seconds", "said", "sound"),
    [
        ([100, 200, 210, 220], 600, "200 and 220 MB", True),
        ([100, 200, 210, 240], 600, "200 and 240 MB", False),
        ([100, 200, 210, 240], 599, "200 and 240 MB; not judged in a run below 10 minutes", True),
        ([100], 600, "100 and 100 MB", True),
        ([], 3, "not measured: too short", True),
    ],
)
def test_memory_that_grows_is_a_fault_from_ten_minutes_on(
    memory: list[float], seconds: float, said: str, sound: bool
) -> None:
    """The last quarter of the looks against the second one."""
    assert judge_memory(memory, seconds) == (said, sound)
