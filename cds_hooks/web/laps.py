"""How long each stage of an answer took: a stop-watch with laps."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Laps:
    """Begins to run when it is made; `end` names the stage that is over."""

    seconds: dict[str, float] = field(default_factory=dict)
    """Seconds by stage, in the order in which the stages ended."""
    _since: float = field(default_factory=time.perf_counter, repr=False)

    def end(self, stage: str) -> None:
        """The time since the last stage ended was this stage's."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now
