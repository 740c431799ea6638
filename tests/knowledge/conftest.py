"""The shipped content, loaded once for all tests of the mind."""

import pytest

from knowledge.library import Library
from knowledge.loading.load import load_library
from knowledge.question import Names
from knowledge.terms.drug_names import load_drug_names


@pytest.fixture(scope="session")
def library() -> Library:
    return load_library()


@pytest.fixture(scope="session")
def names(library: Library) -> Names:
    return Names(library, load_drug_names(library))
