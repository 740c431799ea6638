"""The shipped content, read and validated once: one JSON file beside it that loads in a fraction of the time.

It names the digest of the files that it was made of. Where it is missing, or was made of other files, the YAML itself
is read: nothing but speed hangs on it. `make` rebuilds it with `python -m knowledge.loading`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

NAME = "compiled.json"


def write_compiled(content: Path, digest: str, data: Mapping[str, Any]) -> Path:
    """Write the file: path as shown -> data in JSON's model. Only sound content may be given."""
    path = content / NAME
    text = json.dumps({"digest": digest, "data": data}, default=_number, separators=(",", ":"))
    path.write_text(text, encoding="utf-8")
    return path


def read_compiled(content: Path, digest: str) -> Mapping[str, Any]:
    """The data of every file by its path; empty where there is none that was made of files with this digest."""
    path = content / NAME
    if not path.exists():
        return {}
    try:
        read = json.loads(path.read_bytes(), parse_float=Decimal)
    except ValueError:
        return {}
    matches = isinstance(read, dict) and read.get("digest") == digest and isinstance(read.get("data"), dict)
    return read["data"] if matches else {}


def _number(value: object) -> float:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is not of JSON")
    return float(value)
