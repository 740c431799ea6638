"""Every law of the content as its own test item, file by file."""

from pathlib import Path

import pytest

from cards.phrases import load_words
from knowledge.checking.check import check_content
from knowledge.loading.load import CONTENT

FAULTS = check_content(load_words())
FILES = sorted(
    path for folder in ("drugs", "genes", "modulators", "conditions") for path in (CONTENT / folder).glob("*.yaml")
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_content_file_keeps_every_law(path: Path) -> None:
    """Schema, laws, totality and cases of this file."""
    assert [str(fault) for fault in FAULTS if fault.path.endswith(f"{path.parent.name}/{path.name}")] == []


def test_no_fault_lies_outside_the_files() -> None:
    """What is wrong anywhere is wrong in one of the files above."""
    assert [str(fault) for fault in FAULTS] == []
