"""FHIR dates: whole ones to `date`, partial ones to the days that they may mean."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

from cds_hooks.fhir.coding import text_of

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T.*)?)?)?", re.S)


def read_date(value: object) -> date | None:
    """The day of a date or dateTime; None where it is partial or no date at all."""
    days = read_days(value)
    return days[0] if days is not None and days[0] == days[1] else None


def read_days(value: object) -> tuple[date, date] | None:
    """The first and the last day that a FHIR date may mean: "1980-05" is 1 to 31 May 1980."""
    found = _DATE.fullmatch(text_of(value) or "")
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
        last = date(year or 0, month or 12, day or monthrange(year or 1, month or 12)[1])
    except ValueError:
        return None
    return first, last
