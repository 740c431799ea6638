"""The dose quantities of an order, each with the path to change it, and how often a day it is given."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cds_hooks.fhir.codes import UCUM
from cds_hooks.fhir.coding import member, read_concept, read_decimal, text_of
from cds_hooks.fhir.record import Json
from knowledge.facts import DoseLine

_MAX_LINES = 50
_DAYS = {"d": Decimal(1), "h": 1 / Decimal(24), "wk": Decimal(7)}
_PER_DAY = {"QD": 1, "BID": 2, "TID": 3, "QID": 4}
"""Codes of HL7 GTSAbbreviation, the value set of Timing.code."""

Path = tuple[str | int, ...]


def read_doses(resource: Json) -> tuple[DoseLine, ...]:
    """Every dose quantity of `dosageInstruction` (or `dosage`), R4 and R5 doseAndRate, DSTU2 doseQuantity."""
    key = "dosageInstruction" if "dosageInstruction" in resource else "dosage"
    instructions = resource.get(key)
    if not isinstance(instructions, (list, tuple)):
        return ()
    lines: list[DoseLine] = []
    for number, instruction in enumerate(instructions[:_MAX_LINES]):
        if isinstance(instruction, dict):
            lines += _read_instruction(instruction, (key, number))
    return tuple(lines[:_MAX_LINES])


def _read_instruction(instruction: Json, path: Path) -> Iterator[DoseLine]:
    per_day = read_per_day(instruction)
    rates = instruction.get("doseAndRate")
    holders: list[tuple[Path, object]] = [(path, instruction)]
    if isinstance(rates, (list, tuple)):
        holders += [((*path, "doseAndRate", number), rate) for number, rate in enumerate(rates[:_MAX_LINES])]
    for place, holder in holders:
        for keys in (("doseQuantity",), ("doseRange", "low"), ("doseRange", "high")):
            quantity = holder
            for one in keys:
                quantity = member(quantity, one)
            line = _read_line(quantity, (*place, *keys), per_day)
            if line is not None:
                yield line


def _read_line(quantity: object, path: Path, per_day: Decimal | None) -> DoseLine | None:
    value = read_decimal(member(quantity, "value"))
    if value is None or value < 0:
        return None
    return DoseLine(path, value, read_unit(quantity), per_day)


def read_unit(quantity: object) -> str | None:
    """The UCUM code where there is one, else the unit as written."""
    code, unit = text_of(member(quantity, "code")), text_of(member(quantity, "unit"))
    return code if code and member(quantity, "system") == UCUM else unit or code


def read_per_day(instruction: Json) -> Decimal | None:
    """Doses a day, where the timing says so plainly; None for "as needed", for ranges, and for certain weekdays."""
    if instruction.get("asNeededBoolean") is True or "asNeededCodeableConcept" in instruction:
        return None
    if instruction.get("asNeeded") is True or "asNeededFor" in instruction:
        return None
    timing = instruction.get("timing")
    repeat = member(timing, "repeat")
    if isinstance(repeat, dict) and repeat.keys() & {"frequency", "period", "timeOfDay", "when"}:
        return _of_repeat(repeat)
    counts = {_PER_DAY[code] for _, code in read_concept(member(timing, "code")).pairs if code in _PER_DAY}
    return Decimal(counts.pop()) if len(counts) == 1 else None


def _of_repeat(repeat: Json) -> Decimal | None:
    if repeat.keys() & {"frequencyMax", "periodMax", "dayOfWeek"}:
        return None
    unit = _DAYS.get(text_of(repeat.get("periodUnit")) or text_of(repeat.get("periodUnits")) or "")
    period = read_decimal(repeat.get("period"))
    frequency = read_decimal(repeat.get("frequency"))
    times = repeat.get("timeOfDay") or repeat.get("when")
    if frequency is None and isinstance(times, (list, tuple)):
        frequency = Decimal(len(times))
        if unit is None and period is None:
            return frequency
    if frequency is None or period is None or unit is None or period <= 0 or frequency <= 0:
        return None
    # Hours are a rounded fraction of a day: 2 every 24 h is 2, not 1.999...
    return (frequency / (period * unit)).quantize(Decimal("0.0001")).normalize() + 0
