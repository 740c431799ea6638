"""A client's keys from its key server, kept so that a slow or dead server holds nobody up.

- Keys are good for an hour. After three quarters of it a thread in the background fetches them again.
- One fetch runs at a time, and one begins at most every thirty seconds, whatever ids tokens name.
- While a fetch runs, keys that are known and good are answered at once.
- Where a fetch fails, the keys that are there stay good for another day.
- A caller waits for a fetch only where its key is not known or too old, three seconds at most, and few callers at a
  time do: an unknown key must not stop the threads that serve others.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import BoundedSemaphore, Event, Lock, Thread
from weakref import WeakSet

from cds_hooks.security.key_set import KeySet, KeySetError, PublicKey

_LOG = logging.getLogger(__name__)

FRESH = 3600.0
"""Seconds for which fetched keys are good."""
AHEAD = 2700.0
"""Age in seconds from which they are fetched again in the background."""
STALE = 86_400.0
"""Seconds for which they stay good beyond that while they cannot be fetched."""
COOLDOWN = 30.0
"""Seconds from one fetch to the next."""
LATELY = 300.0
"""Seconds for which a fetch that failed spares callers the wait for the next one."""
WAIT = 3.0
"""Seconds that a caller waits for a fetch, counted from its beginning."""
WAITING = 4
"""Callers of one process that wait for a fetch while there are keys of an earlier one."""


@dataclass(frozen=True)
class _Held:
    """Keys, and when their fetch began."""

    keys: KeySet
    since: float


class KeyCache:
    """The keys of one client. `fetch` raises KeySetError; `clock` counts seconds."""

    def __init__(self, client: str, fetch: Callable[[], KeySet], clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._fetch = fetch
        self._clock = clock
        self._held: _Held | None = None
        self.forget_threads()
        _CACHES.add(self)

    def forget_threads(self) -> None:
        """After a fork: the parent's locks and its running fetch are not this process's."""
        self._lock = Lock()
        self._asked: float | None = None
        self._done = Event()

    def find(self, kid: str, algorithm: str) -> PublicKey | None:
        """The key of this id, None where the client has none. Raises KeySetError where no keys are to be had."""
        held, now = self._held, self._clock()
        key = held.keys.get((kid, algorithm)) if held else None
        if held is not None and key is not None:
            age = now - held.since
            if age < FRESH:
                if age > AHEAD:
                    self._start(now)
                return key
            if self._failed_lately(held, now) and age < FRESH + STALE:
                # Who comes now need not find that out again by waiting.
                self._start(now)
                return key
        self._wait(self._start(now), has_keys=held is not None)
        return self._look_up(kid, algorithm)

    def _failed_lately(self, held: _Held, now: float) -> bool:
        """Whether the last fetch brought nothing, or is late, and that is no old news."""
        return self._asked is not None and self._asked > held.since and now - self._asked < LATELY

    def _look_up(self, kid: str, algorithm: str) -> PublicKey | None:
        held = self._held
        if held is None or self._clock() - held.since >= FRESH + STALE:
            raise KeySetError("no keys could be fetched")
        return held.keys.get((kid, algorithm))

    def _start(self, now: float) -> Event:
        """Begin a fetch, unless one began lately; the event is set when the last one has ended."""
        with self._lock:
            if self._asked is not None and now - self._asked < COOLDOWN:
                return self._done
            self._asked = now
            self._done = done = Event()
        Thread(target=self._run, args=(now, done), name=f"keys-{self._client}", daemon=True).start()
        return done

    def _wait(self, done: Event, has_keys: bool) -> None:
        left = WAIT - (self._clock() - (self._asked or 0.0))
        if done.is_set() or left <= 0:
            return
        if not has_keys:
            done.wait(left)
        elif _WAITING.acquire(blocking=False):
            try:
                done.wait(left)
            finally:
                _WAITING.release()

    def _run(self, began: float, done: Event) -> None:
        try:
            keys = self._fetch()
        except KeySetError as error:
            _LOG.warning("keys not fetched", extra={"client": self._client, "reason": str(error)})
        else:
            with self._lock:
                if self._held is None or self._held.since <= began:
                    self._held = _Held(keys, began)
            _LOG.info("keys fetched", extra={"client": self._client, "keys": len(keys)})
        finally:
            done.set()


_CACHES: WeakSet[KeyCache] = WeakSet()
_WAITING = BoundedSemaphore(WAITING)


def _start_anew() -> None:
    global _WAITING
    _WAITING = BoundedSemaphore(WAITING)
    for cache in _CACHES:
        cache.forget_threads()


os.register_at_fork(after_in_child=_start_anew)
