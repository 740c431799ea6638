"""Keys from a key server: known ones are answered at once, whatever the server does."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tokens import Signer, make_key_set, make_signer

from cds_hooks.security import key_cache
from cds_hooks.security.key_cache import AHEAD, COOLDOWN, FRESH, LATELY, STALE, WAITING, KeyCache
from cds_hooks.security.key_set import KeySet, KeySetError, parse_key_set

OLD, NEW = make_signer("old"), make_signer("new")
PATIENCE = 20
"""Seconds after which a test gives up; none waits for them unless something is wrong."""


class KeyServer:
    """A key server under the test's hand: it answers with `keys`, fails without, and waits while `open` is not set."""

    def __init__(self, *keys: Signer) -> None:
        self.keys = keys
        self.asked = 0
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()

    def fetch(self) -> KeySet:
        """One fetch."""
        self.asked += 1
        self.entered.set()
        assert self.open.wait(2 * PATIENCE)
        if not self.keys:
            raise KeySetError("the key server answered 500")
        return parse_key_set(make_key_set(*self.keys))


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a fetch waits until it has ended, longer than a test does."""
    monkeypatch.setattr(key_cache, "WAIT", 3.0 * PATIENCE)


@pytest.fixture
def server() -> Iterator[KeyServer]:
    """A key server with the old key; nothing waits for it when the test has ended."""
    server = KeyServer(OLD)
    yield server
    server.open.set()


@pytest.fixture
def clock() -> Clock:
    """The clock of the cache."""
    return Clock()


@pytest.fixture
def cache(server: KeyServer, clock: Clock) -> KeyCache:
    """A cache that has fetched nothing yet."""
    return KeyCache("general", server.fetch, clock)


def known(cache: KeyCache) -> list[str]:
    """Which of the two keys are found."""
    return [kid for kid in ("old", "new") if cache.find(kid, "ES384")]


def finish(cache: KeyCache) -> None:
    """Return when the last fetch has ended."""
    assert cache._done.wait(PATIENCE)


def test_keys_are_fetched_once_and_kept(cache: KeyCache, server: KeyServer, clock: Clock) -> None:
    """Until three quarters of an hour have passed."""
    assert cache.find("old", "ES384") == OLD.private.public_key()
    clock.now += AHEAD
    assert (cache.find("old", "ES384"), server.asked) == (OLD.private.public_key(), 1)


def test_an_unknown_id_is_asked_for_once_in_thirty_seconds(cache: KeyCache, server: KeyServer, clock: Clock) -> None:
    """Whatever ids tokens name; what has come in the meantime is found by the next fetch."""
    assert known(cache) == ["old"]
    server.keys = (OLD, NEW)
    clock.now += COOLDOWN - 1
    assert (known(cache), server.asked) == (["old"], 1)
    clock.now += 1
    assert (known(cache), server.asked) == (["old", "new"], 2)
    assert [cache.find(f"made-up-{number}", "ES384") for number in range(5)] == [None] * 5
    assert server.asked == 2


def test_keys_are_fetched_ahead_in_the_background(cache: KeyCache, server: KeyServer, clock: Clock) -> None:
    """The caller who starts it does not wait; afterwards the withdrawn key is gone."""
    assert known(cache) == ["old"]
    server.keys = (NEW,)
    server.open.clear()
    clock.now += AHEAD + 1
    assert cache.find("old", "ES384") is not None
    server.open.set()
    finish(cache)
    assert (known(cache), server.asked) == (["new"], 2)


def test_known_keys_are_answered_while_a_fetch_for_an_unknown_one_hangs(
    cache: KeyCache, server: KeyServer, clock: Clock
) -> None:
    """The one who asks for the unknown key waits; nobody else does."""
    assert known(cache) == ["old"]
    server.open.clear()
    server.entered.clear()
    server.keys = (OLD, NEW)
    clock.now += COOLDOWN
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(cache.find, "new", "ES384")
        assert server.entered.wait(PATIENCE)
        assert pool.submit(cache.find, "old", "ES384").result(PATIENCE) == OLD.private.public_key()
        assert not waiting.done()
        server.open.set()
        assert waiting.result(PATIENCE) == NEW.private.public_key()


def test_few_wait_for_an_unknown_key(cache: KeyCache, server: KeyServer, clock: Clock) -> None:
    """Callers beyond them are told at once that it is unknown: they must not use up all threads."""
    assert known(cache) == ["old"]
    server.open.clear()
    clock.now += COOLDOWN
    with ThreadPoolExecutor(WAITING + 3) as pool:
        asked = [pool.submit(cache.find, "made-up", "ES384") for _ in range(WAITING + 3)]
        told = threading.Semaphore(0)
        for each in asked:
            each.add_done_callback(lambda _: told.release())
        assert [told.acquire(timeout=PATIENCE) for _ in range(3)] == [True] * 3
        assert sum(each.done() for each in asked) == 3
        server.open.set()
    assert ([each.result() for each in asked], server.asked) == ([None] * (WAITING + 3), 2)


def test_one_fetch_serves_all_who_come_first(cache: KeyCache, server: KeyServer) -> None:
    """Ten callers, one question."""
    server.open.clear()
    with ThreadPoolExecutor(10) as pool:
        asked = [pool.submit(cache.find, "old", "ES384") for _ in range(10)]
        assert server.entered.wait(PATIENCE)
        server.open.set()
        assert [each.result(PATIENCE) for each in asked] == [OLD.private.public_key()] * 10
    assert server.asked == 1


def test_old_keys_are_asked_for_again_before_they_are_used(cache: KeyCache, server: KeyServer, clock: Clock) -> None:
    """After an hour without a call: a key withdrawn meanwhile is not taken."""
    assert known(cache) == ["old"]
    server.keys = (NEW,)
    clock.now += FRESH
    assert known(cache) == ["new"]


def test_keys_stay_good_for_a_day_while_the_server_fails(cache: KeyCache, server: KeyServer, clock: Clock) -> None:
    """Then they are no longer taken; and the first answer mends it."""
    assert known(cache) == ["old"]
    server.keys = ()
    clock.now += FRESH + STALE - COOLDOWN
    assert cache.find("old", "ES384") is not None
    clock.now += COOLDOWN - 1
    assert cache.find("old", "ES384") is not None
    clock.now += 1
    with pytest.raises(KeySetError):
        cache.find("old", "ES384")
    finish(cache)
    server.keys = (NEW,)
    clock.now += COOLDOWN
    assert known(cache) == ["new"]


def test_nobody_waits_for_a_server_that_failed_lately(cache: KeyCache, server: KeyServer, clock: Clock) -> None:
    """It is asked again in the background, at most once in thirty seconds."""
    assert known(cache) == ["old"]
    server.keys = ()
    clock.now += FRESH
    assert cache.find("old", "ES384") is not None
    server.open.clear()
    clock.now += COOLDOWN
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(cache.find, "old", "ES384").result(PATIENCE) == OLD.private.public_key()
        assert not cache._done.is_set()
        server.open.set()
    finish(cache)
    assert server.asked == 3


def test_old_keys_are_asked_for_again_when_the_failure_is_old_news(
    cache: KeyCache, server: KeyServer, clock: Clock
) -> None:
    """Hours without a call since then: a key withdrawn meanwhile is not taken."""
    assert known(cache) == ["old"]
    server.keys = ()
    clock.now += FRESH
    assert cache.find("old", "ES384") is not None
    server.keys = (NEW,)
    clock.now += LATELY
    assert cache.find("old", "ES384") is None


def test_an_answer_that_comes_late_does_not_replace_a_newer_one(
    cache: KeyCache, server: KeyServer, clock: Clock
) -> None:
    """A fetch that hung for half a minute, and one that began after it."""
    server.open.clear()
    late = cache._start(clock.now)
    assert server.entered.wait(PATIENCE)
    server.entered.clear()
    stuck, server.open = server.open, threading.Event()
    server.open.set()
    server.keys = (NEW,)
    clock.now += COOLDOWN
    assert known(cache) == ["new"]
    server.keys = (OLD,)
    stuck.set()
    assert late.wait(PATIENCE)
    assert known(cache) == ["new"]


def test_a_first_fetch_that_fails_leaves_no_keys(cache: KeyCache, server: KeyServer, clock: Clock) -> None:
    """Not an unknown key: it cannot be told; half a minute later it is tried again."""
    server.keys = ()
    for _ in range(2):
        with pytest.raises(KeySetError):
            cache.find("old", "ES384")
    assert server.asked == 1
    server.keys = (OLD,)
    clock.now += COOLDOWN
    assert known(cache) == ["old"]


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_worker_fetches_for_itself(cache: KeyCache, server: KeyServer) -> None:
    """Though its parent was just fetching and held the lock."""
    server.open.clear()
    cache._start(0.0)
    assert server.entered.wait(PATIENCE)
    with cache._lock:
        child = os.fork()
        if child == 0:
            server.open.set()
            os._exit(0 if known(cache) == ["old"] else 1)
    assert os.waitpid(child, 0)[1] == 0
