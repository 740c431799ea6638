"""The chain of audit rows: each row's hash covers its body and the row before it.

hash = SHA-256(prev || body); the first row's prev is the SHA-256 of the chain's name, so that no row can change its
chain or its place without a hash that does not follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4


@dataclass(frozen=True)
class Head:
    """The last row of a chain; seq 0: none yet."""

    chain: str
    seq: int
    hash: str
    recorded: str = ""


@dataclass(frozen=True)
class ChainRow:
    """One row of AUDIT_EVENT."""

    chain: str
    seq: int
    prev: str
    hash: str
    recorded: str
    body: str
    """Canonical JSON."""

    @property
    def head(self) -> Head:
        """The chain's head once this row is its last."""
        return Head(self.chain, self.seq, self.hash, self.recorded)


def start_chain() -> Head:
    """A new chain without rows."""
    chain = str(uuid4())
    return Head(chain, 0, hash_name(chain))


def hash_name(chain: str) -> str:
    """What the first row of a chain rests on."""
    return sha256(chain.encode()).hexdigest()


def hash_row(prev: str, body: str) -> str:
    """The hash of a row, in hexadecimal digits."""
    return sha256(prev.encode() + body.encode()).hexdigest()


def add_row(head: Head, recorded: str, body: str) -> ChainRow:
    """The row that comes after a head."""
    return ChainRow(head.chain, head.seq + 1, head.hash, hash_row(head.hash, body), recorded, body)
