"""The benchmark measures the flow that the service runs, and tells it stage by stage."""

import re
from pathlib import Path

import pytest

from bench import stages

PAGE = Path(stages.__file__).with_name("README.md").read_text(encoding="utf-8")


def test_every_stage_of_the_flow_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """In its order, under the names of the printed table."""
    monkeypatch.setattr(stages, "ROUNDS", 2)
    spent = stages.measure_stages(5_000)
    assert list(spent) == list(stages.WORDS.values())
    printed = PAGE.partition("| stage ")[2].partition("\n\n")[0]
    assert re.findall(r"^\| (.+) \| \d+ \|$", printed, re.MULTILINE) == list(spent)
    assert min(spent.values()) > 0
