"""nginx and gunicorn on the shipped configurations; without nginx these tests are skipped, but fail where CI=true."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deployment import Deployment, serve
from registered_client import register


@pytest.fixture(scope="session")
def nginx() -> None:
    """Debian's nginx, which these tests need."""
    if shutil.which("nginx") is None:
        missing = "nginx is not installed: apt-get install nginx-light"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)


@pytest.fixture(scope="session")
def deployment(nginx: None) -> Iterator[Deployment]:
    """One deployment for all tests that leave it as it was."""
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder), {}, register) as running:
        yield running


@pytest.fixture
def own_deployment(nginx: None) -> Iterator[Deployment]:
    """One deployment for a single test, which may break it."""
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder), {}, register) as running:
        yield running


@pytest.fixture
def hook(order_select: dict[str, Any]) -> dict[str, Any]:
    """An order-select request that is answered with a card, everything prefetched."""
    return order_select
