"""Stores for the tests of the records, on the databases of `url`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cds_hooks.records.database import make_engine
from cds_hooks.records.revision import upgrade
from cds_hooks.records.store import Store, open_store
from cds_hooks.records.writer_rules import WriterRules

RULES = WriterRules(window=0.005, patience=0.4, pauses=(0.02, 0.05), closing=0.5)

OpenStore = Callable[..., Store]


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """The database as a command opens it."""
    made = make_engine(url)
    yield made
    made.dispose()


@pytest.fixture
def open_ready(url: str, engine: Engine, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens stores on one database that is at the newest revision; `spill` is for what the database does not take."""
    upgrade(engine)
    opened = []

    def open_one(rules: WriterRules = RULES) -> Store:
        opened.append(open_store(url, rules, tmp_path / "spill"))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_ready: OpenStore) -> Store:
    """A store on a database that holds nothing."""
    return open_ready()
