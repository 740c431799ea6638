"""How the writer of the audit behaves: how much it keeps, how long it waits and lets wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class WriterRules:
    """How the writer behaves. Times in seconds, sizes in events."""

    synchronous: bool = False
    limit: int = 5000
    """Most events that wait for the database."""
    reserve: int = 1000
    """Most events of refused calls that are kept beyond it."""
    batch: int = 500
    window: float = 0.03
    """How long an event waits for others to share its transaction."""
    patience: float = 1.5
    """How long a caller waits where it has to."""
    patience_for_item: float = 0.005
    """How much longer with each item of feedback: no clinician waits for it, and a long list must get in, too."""
    anchor_every: float = 60.0
    pauses: tuple[float, ...] = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
    """Between attempts while the database fails; the last one repeats."""
    closing: float = 5.0
    """How long the end of the process waits for the database."""
    on_failure: Callable[[], None] = lambda: None
    """Told of every attempt that failed."""
