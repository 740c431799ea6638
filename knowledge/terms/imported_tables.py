"""The files of content/imported, written: the same bytes for the same tables, so that a rebuild shows what differs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path


def write_names(path: Path, head: Mapping[str, str], tables: Mapping[str, Mapping[str, object]]) -> None:
    """drug_names.json: one entry a line, codes by their number. `head`: the source and what it was made of."""
    parts = [f'"{key}": {json.dumps(value)}' for key, value in head.items()]
    for key, table in tables.items():
        entries = sorted(table.items(), key=lambda entry: (len(entry[0]) if entry[0].isdigit() else 0, entry[0]))
        lines = ",\n".join(f"{json.dumps(code)}:{json.dumps(value, separators=(',', ':'))}" for code, value in entries)
        parts.append(f'"{key}": {{\n{lines}\n}}')
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def write_ndc(path: Path, source: str, contents: Mapping[str, Sequence[str]]) -> None:
    """ndc.json.gz: ingredient codes joined by "|" -> labeler and product, nine digits each."""
    table = {"source": source, "contents": {key: sorted(contents[key]) for key in sorted(contents)}}
    path.write_bytes(gzip.compress(json.dumps(table, separators=(",", ":")).encode(), 9, mtime=0))
