"""A token is used once, whoever asks, and not at all where that cannot be told."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.pool import NullPool

from cds_hooks.clients import Client
from cds_hooks.errors import StorageError
from cds_hooks.records.revision import upgrade
from cds_hooks.records.store import Store, open_store
from cds_hooks.records.tables import TOKEN
from cds_hooks.security.refusal import Refusal, TokenRefusedError
from cds_hooks.security.replay import KEPT, PURGE_EVERY, UsedTokens
from cds_hooks.security.token import VerifiedToken

CLIENT = Client(name="general", consent="ehr", issuer="https://ehr.example.org")
NOW = 1_800_000_000.0


def token(digest: str, expires: float = NOW + 100.5) -> VerifiedToken:
    """A token that is good but for its use."""
    return VerifiedToken(CLIENT, digest, expires)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Records that hold nothing, on SQLite or PostgreSQL."""
    upgrade(create_engine(url, poolclass=NullPool))
    opened = open_store(url)
    yield opened
    opened.close()


def is_used(used: UsedTokens, digest: str) -> bool:
    """Use it; False where it was new."""
    try:
        used.use(token(digest))
    except TokenRefusedError as refused:
        return (refused.reason, refused.client) == (Refusal.REPLAYED, "general")
    return False


def stored(store: Store) -> list[tuple[str, int]]:
    """Every row."""
    with store.engine.connect() as connection:
        rows = connection.execute(select(TOKEN.c.digest, TOKEN.c.expires).order_by(TOKEN.c.digest))
        return [(row.digest, row.expires) for row in rows]


def test_a_token_is_refused_the_second_time(store: Store) -> None:
    """Another one is not; what is kept is the digest and its end, with room for other clocks."""
    used = UsedTokens(store.engine, lambda: NOW)
    assert [is_used(used, each) for each in ("a", "a", "b", "a")] == [False, True, False, True]
    assert stored(store) == [("a", int(NOW) + 100 + KEPT), ("b", int(NOW) + 100 + KEPT)]


def test_a_token_is_used_once_when_many_use_it_at_the_same_time(store: Store, url: str) -> None:
    """Two processes' views of one database, twenty threads."""
    other = open_store(url)
    views = [UsedTokens(each.engine, lambda: NOW) for each in (store, other)]
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda number: is_used(views[number % 2], "a"), range(20)))
    other.close()
    assert sorted(found) == [False] + [True] * 19


def test_a_token_is_not_taken_when_the_database_is_gone(store: Store) -> None:
    """Neither taken nor refused: it may be sent again, and is good then."""
    used = UsedTokens(store.engine, lambda: NOW)
    TOKEN.drop(store.engine)
    with pytest.raises(StorageError):
        used.use(token("a"))
    TOKEN.create(store.engine)
    assert is_used(used, "a") is False


def test_rows_go_when_their_time_has_passed(store: Store) -> None:
    """Now and then, and only those."""
    now = [NOW]
    used = UsedTokens(store.engine, lambda: now[0])
    used.use(token("gone", NOW - KEPT - 1))
    used.use(token("kept", NOW + 1))
    assert [row[0] for row in stored(store)] == ["gone", "kept"]
    now[0] += PURGE_EVERY
    used.use(token("new", NOW + 200))
    assert [row[0] for row in stored(store)] == ["kept", "new"]
