"""`python -m knowledge.checking [FILE]`: the same checks as `pgx-cds check`."""

from __future__ import annotations

import sys
from pathlib import Path

from knowledge.checking.check import check_content
from knowledge.loading.strict_yaml import load_strict

_WORDS = Path(__file__).resolve().parents[2] / "cards" / "text" / "en.yaml"


def main(arguments: list[str]) -> int:
    """Print every fault; exit code 1 where there is one."""
    only = Path(arguments[0]) if arguments else None
    faults = check_content(load_strict(_WORDS).data, only=only)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
