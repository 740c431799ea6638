"""The table of fields in knowledge/README.md, made from the schemas: `python -m knowledge.checking.field_table`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from knowledge.loading.schema import FOLDER

KINDS = ("drug", "gene", "modulator", "condition", "formula", "policy", "case", "gene_case", "formula_case")
_DEEPEST = 6
_ALIKE = ("bodies.flow.", "populations.either.")
"""Fields below these are those of a row and of a population."""


def render_tables() -> str:
    """One Markdown table for each kind of file: every field that its schema describes, with the description."""
    return "\n\n".join(_render(kind) for kind in KINDS)


def _render(kind: str) -> str:
    schema = json.loads((FOLDER / f"{kind}.schema.json").read_text(encoding="utf-8"))
    fields = dict(_fields(schema, schema, "", 0)).items()
    rows = [f"| `{name}` | {text} |" for name, text in fields if not name.startswith(_ALIKE)]
    head = f"### {schema['title']}\n\n{schema['description']}\n\n| field | meaning |\n|---|---|\n"
    return head + "\n".join(rows)


def _fields(node: Mapping[str, Any], root: Mapping[str, Any], name: str, depth: int) -> Iterator[tuple[str, str]]:
    """Fields below a node, parents first; alternatives and items are looked through."""
    found = _resolve(node, root)
    text = node.get("description") or found.get("description")
    if name and text:
        yield name, str(text).replace("|", "\\|")
    if depth >= _DEEPEST:
        return
    for key, child in found.get("properties", {}).items():
        if isinstance(child, dict):
            yield from _fields(child, root, f"{name}.{key}" if name else key, depth + 1)
    for through in (found.get("items"), found.get("additionalProperties")):
        if isinstance(through, dict):
            below = dict(_resolve(through, root))
            below.pop("description", None)
            yield from _fields(below, root, name, depth)


def _resolve(node: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = str(node.get("$ref", ""))
    if not reference.startswith("#/"):
        return node
    for step in reference.removeprefix("#/").split("/"):
        root = root[step]
    return root


if __name__ == "__main__":
    print(render_tables())
