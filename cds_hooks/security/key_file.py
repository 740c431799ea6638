"""Keys of a client that were agreed on by hand: a file, read again when it changes."""

from __future__ import annotations

import logging
from pathlib import Path

from cds_hooks.security.key_set import KeySet, KeySetError, PublicKey, parse_key_set

_LOG = logging.getLogger(__name__)

Stamp = tuple[int, int, int]


class KeyFile:
    """The keys of one file.

    What was last read whole holds while the file cannot be read: a file that is just being written must not lock the
    client out. An empty set withdraws every key.
    """

    def __init__(self, client: str, path: Path) -> None:
        """Read the file. Raises KeySetError where it holds no key that can be used."""
        self._client = client
        self._path = path
        self._stamp = self._look()
        self._keys = self._read()
        if not self._keys:
            raise KeySetError("holds no key that can be used: P-384, or RSA of 2048 bits, with a kid of its own")

    def find(self, kid: str, algorithm: str) -> PublicKey | None:
        """The key of this id, None where there is none."""
        try:
            stamp = self._look()
            if stamp != self._stamp:
                # Two threads may read it at once; both read the same.
                self._stamp = stamp
                self._keys = self._read()
                _LOG.info("keys read", extra={"client": self._client, "keys": len(self._keys)})
        except KeySetError as error:
            _LOG.error("keys not read", extra={"client": self._client, "reason": str(error)})
        return self._keys.get((kid, algorithm))

    def _look(self) -> Stamp:
        try:
            found = self._path.stat()
        except OSError:
            raise KeySetError("cannot be read") from None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> KeySet:
        try:
            return parse_key_set(self._path.read_bytes())
        except OSError:
            raise KeySetError("cannot be read") from None
