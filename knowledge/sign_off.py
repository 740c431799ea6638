"""Whether a site has signed a content file, and until which day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class SignOff:
    """What a file says of itself. A signature counts to the end of its last day; on no known day it counts nothing."""

    status: str = "transcribed"
    until: str | None = None
    """The last day of the signature, YYYY-MM-DD; every `reviewed` file has one."""

    @property
    def retired(self) -> bool:
        """True where the file is no longer used."""
        return self.status == "retired"

    def holds(self, today: date | None) -> bool:
        """True where the file is signed on that day."""
        if self.status != "reviewed" or self.until is None or today is None:
            return False
        return today.isoformat() <= self.until

    def ended(self, today: date | None) -> str | None:
        """The last day of a signature that is over; None where there was none or it holds."""
        return None if self.status != "reviewed" or self.holds(today) else self.until

    def status_on(self, today: date | None) -> str:
        """`reviewed` only as long as the signature holds; afterwards the file is as it was before."""
        return "transcribed" if self.status == "reviewed" and not self.holds(today) else self.status
