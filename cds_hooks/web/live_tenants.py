"""The tenants as they are now: their content follows its files while the service runs.

The files are looked at every few seconds. A change is built aside, while requests are answered from what is there,
and then takes its place as one reference: whoever holds a tenant holds the whole of it, old or new. Files that are
being written are left alone until two looks have seen them alike. A tenant with any fault in any of its files stays as
it was, the faults are logged, and `/health` says so until the files are mended; the others are not held up by it.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cds_hooks.content import Stamp
from cds_hooks.errors import name_frames
from cds_hooks.tenant import Reloaded, Tenant
from cds_hooks.web import metrics
from knowledge.library import Library

_LOG = logging.getLogger(__name__)
_SETTLING = 0.3
"""Seconds until the second look at a change."""
_SHOWN_FAULTS = 50

Tenants = Mapping[str, Tenant]


@dataclass(frozen=True)
class ContentState:
    """What is answered from, and whether all files agree with it."""

    tenants: Tenants
    broken_since: datetime | None = None
    """Since when the files cannot be used and older content answers; None while all is well."""
    faults: tuple[str, ...] = ()
    """`file:line: what: how to mend`."""

    @property
    def libraries(self) -> tuple[Library, ...]:
        """The libraries of all tenants, each once, in the order of their digests."""
        found = {tenant.content.library.digest: tenant.content.library for tenant in self.tenants.values()}
        return tuple(found[digest] for digest in sorted(found))


@dataclass(frozen=True)
class ContentSource:
    """How tenants come anew, and how to see whether they have to."""

    rebuild: Callable[[Tenants], Reloaded]
    """The same tenants on the content as its files are, as far as these can be used."""
    stamp: Callable[[], Stamp]
    """What the files look like from outside."""
    every: float
    """Seconds from one look to the next."""


@dataclass
class LiveTenants(Mapping[str, Tenant]):
    """The tenants by name. A call is answered from what `cds_hooks.web.engine.tenant` keeps for it, never from here:
    the content may change meanwhile."""

    state: ContentState
    source: ContentSource | None = None
    """None: the content never changes."""
    _seen: Stamp = ()
    """The stamp of the files that were judged last."""
    _pending: Stamp | None = None
    """A stamp that was seen once and differs from that."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _watching: int | None = None
    """The process whose thread looks."""
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __getitem__(self, name: str) -> Tenant:
        return self.state.tenants[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.state.tenants)

    def __len__(self) -> int:
        return len(self.state.tenants)

    def watch(self) -> None:
        """Look at the files from now on; a process that was forked needs a thread of its own."""
        if self.source is None or self._watching == os.getpid():
            return
        with self._lock:
            if self._watching == os.getpid():
                return
            self._watching = os.getpid()
        threading.Thread(target=self._look_on, args=(self.source,), name="content", daemon=True).start()

    def stop(self) -> None:
        """Look at nothing any more."""
        self._stopped.set()

    def catch_up(self) -> None:
        """Take up at once what has changed: for a process that was forked from an older one and serves nobody yet."""
        while self.source is not None and self.look(self.source):
            self._stopped.wait(_SETTLING)

    def look(self, source: ContentSource) -> bool:
        """Look at the files once; True where they have changed and may not be finished."""
        try:
            stamp = source.stamp()
        except OSError:
            # A folder that vanishes while it is read: the next look tells more.
            return True
        if stamp == self._seen:
            self._pending = None
            return False
        if stamp != self._pending:
            self._pending = stamp
            return True
        self._take_up(source, stamp)
        return self._pending is not None

    def _look_on(self, source: ContentSource) -> None:
        while not self._stopped.is_set():
            try:
                unfinished = self.look(source)
            except Exception as error:
                # Whatever it was, the next look must come: without it no change would ever be seen again.
                self._seen = ()
                self._keep(("the content could not be looked at",), error)
                unfinished = False
            self._stopped.wait(min(source.every, _SETTLING) if unfinished else source.every)

    def _take_up(self, source: ContentSource, stamp: Stamp) -> None:
        try:
            built = source.rebuild(self.state.tenants)
        except Exception as error:
            # A file that is read whole but makes no sense must not end the thread, nor the old content.
            said = f"the content could not be built ({type(error).__name__})"
            self._judge(source, stamp, Reloaded(self.state.tenants, (said,)), error)
        else:
            self._judge(source, stamp, built)

    def _judge(self, source: ContentSource, stamp: Stamp, built: Reloaded, error: Exception | None = None) -> None:
        """Take what was built, and keep what could not be; neither where the files changed meanwhile."""
        after = source.stamp()
        if after != stamp:
            self._pending = after
            return
        self._seen, self._pending = stamp, None
        taken_up = not built.faults or any(one is not self.state.tenants[name] for name, one in built.tenants.items())
        self.state = replace(self.state, tenants=built.tenants)
        if taken_up:
            metrics.count_reload(loaded=True)
            _LOG.info("content loaded", extra={"digests": [library.version for library in self.state.libraries]})
        if built.faults:
            self._keep(built.faults, error)
        else:
            self.state = ContentState(built.tenants)

    def _keep(self, faults: tuple[str, ...], error: Exception | None) -> None:
        since = self.state.broken_since or datetime.now(UTC)
        self.state = replace(self.state, broken_since=since, faults=faults)
        metrics.count_reload(loaded=False)
        told: dict[str, object] = {"faults": list(faults[:_SHOWN_FAULTS]), "count": len(faults)}
        if error is not None:
            told |= {"error": type(error).__name__, "frames": name_frames(error)}
        _LOG.error("content broken, old content stays", extra=told)
