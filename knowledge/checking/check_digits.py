"""Check digits of the code systems that content names: an invented code nearly always fails one."""

from __future__ import annotations

_VERHOEFF_MULTIPLY = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_PERMUTE = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def is_snomed_code(code: str) -> bool:
    """True where the Verhoeff check digit of a SNOMED CT identifier holds (SNOMED CT Release File Specification 6)."""
    check = 0
    for place, digit in enumerate(reversed(code)):
        check = int(_VERHOEFF_MULTIPLY[check][int(_VERHOEFF_PERMUTE[place % 8][int(digit)])])
    return check == 0


def is_loinc_code(code: str) -> bool:
    """True where the Luhn check digit of a LOINC code holds (LOINC Users' Guide, appendix C)."""
    number, _, check = code.partition("-")
    if not number.isdigit() or not check.isdigit():
        return False
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(number))]
    total = sum(value - 9 if value > 9 else value for value in doubled)
    return (10 - total % 10) % 10 == int(check)
