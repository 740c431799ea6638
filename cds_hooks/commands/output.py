"""JSON lines on standard output, and a reader that goes away is no error."""

from __future__ import annotations

import os
import sys
from typing import Any

import orjson


def print_json(value: Any) -> None:
    """Print one value as one line of JSON; ends quietly when the reader has closed the pipe."""
    try:
        sys.stdout.write(orjson.dumps(value).decode() + "\n")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
