"""One running service for all tests of conformance."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from deployed import Service, serve


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """gunicorn with two workers, two registered clients and a key server."""
    with serve(tmp_path_factory.mktemp("service")) as running:
        yield running
