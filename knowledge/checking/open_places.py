"""What `pgx-cds new` left open: places that only a reader of the source can fill in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from knowledge.loading.errors import Fault
from knowledge.loading.schema import TO_FILL_IN
from knowledge.loading.strict_yaml import Document, Pointer


def find_open_places(document: Document) -> Iterator[Fault]:
    """A fault for every place that is still to be filled in, where the schema takes any text."""
    for pointer in _walk(document.data, ()):
        where = "/".join(str(step) for step in pointer)
        yield document.fault(pointer, f"{where}: is not filled in", "write what the source says")


def _walk(node: Any, at: Pointer) -> Iterator[Pointer]:
    if node == TO_FILL_IN:
        yield at
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _walk(value, (*at, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _walk(value, (*at, number))
