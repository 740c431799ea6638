"""Every reader takes some spoiled documents in each test run, always the same; `make fuzz` gives them many more."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.fuzz.__main__ import read_batch
from tests.fuzz.readers import Reader, build_readers

NAMES = ("flow", "request", "results", "feedback", "display name", "diplotype", "content file")


@pytest.fixture(scope="module")
def readers() -> Mapping[str, Reader]:
    return build_readers()


def test_the_readers_are_those_that_are_tried_here(readers: Mapping[str, Reader]) -> None:
    """None is left out."""
    assert tuple(readers) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_spoiled_documents_are_read_or_refused_as_declared(name: str, readers: Mapping[str, Reader]) -> None:
    """Nothing else is raised."""
    read_batch(readers[name], number=1, examples=25)


def test_a_reader_that_fails_undeclared_is_found(readers: Mapping[str, Reader]) -> None:
    """The search itself is tried: a reader that trusts its data does not pass."""
    trusting = Reader(readers["feedback"].given, lambda body: body.decode("ascii").index("feedback"))
    with pytest.raises(Exception, match="not found|can't decode"):
        read_batch(trusting, number=1)
