"""YAML without surprises: the strict data model equals JSON's, so that JSON Schema means what it says.

Refused, each with its line and a way to mend it: aliases (`*2` is one), duplicate keys, and every implicit type but
true/false, integers, decimals and null (`No` would be false, `2022-01-16` a date, `075` sixty-one).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from knowledge.loading.errors import Fault

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_BARE_STAR = re.compile(r"\*[^\s,\]}\"']+")
_WORDS = {"true": True, "false": False, "null": None}
_TEXT_TAG = "tag:yaml.org,2002:str"

Pointer = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """One parsed file: its data in JSON's model, the line of every node, and the faults of its YAML."""

    path: str
    data: Any
    lines: Mapping[Pointer, int]
    faults: tuple[Fault, ...] = ()
    over: Document | None = None
    """The site's file that was merged over this one: it answers for every node that it states."""

    def place(self, *pointer: str | int) -> tuple[str, int]:
        """File and line of a node, or of the nearest one above it that is there; a site's file before the shipped."""
        files = [self.over, self] if self.over else [self]
        for end in range(len(pointer), -1, -1):
            for file in files:
                if pointer[:end] in file.lines:
                    return file.path, file.lines[pointer[:end]]
        return self.path, 1

    def line(self, *pointer: str | int) -> int:
        """The line alone."""
        return self.place(*pointer)[1]

    def fault(self, pointer: Pointer, what: str, mend: str) -> Fault:
        """A fault at a node of this file."""
        return Fault(*self.place(*pointer), what, mend)


@dataclass
class _Reader:
    """Turns composed nodes into data; collects lines and faults on the way."""

    path: str
    lines: dict[Pointer, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def read(self, node: yaml.Node, at: Pointer) -> Any:
        self.lines.setdefault(at, node.start_mark.line + 1)
        if id(node) in self.seen:
            self._refuse(node, "an alias stands for another part of the file", "write the value out")
            return None
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child, (*at, index)) for index, child in enumerate(node.value)]
        return self._scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, at: Pointer) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else repr(key_node.value)
            if key in out:
                self._refuse(key_node, f"the key {key!r} stands twice", "keep one of them")
            self.lines[(*at, key)] = key_node.start_mark.line + 1
            out[key] = self.read(value_node, (*at, key))
        return out

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text = str(node.value)
        if node.style or node.tag == _TEXT_TAG:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
        shown = repr(text) if text else "nothing after the colon"
        self._refuse(node, f"{shown} is not plain text to YAML", f'put it in quotes ("{text}") or write null')
        return text

    def _refuse(self, node: yaml.Node, what: str, mend: str) -> None:
        self.faults.append(Fault(self.path, node.start_mark.line + 1, what, mend))


def load_strict(path: Path, shown: str | None = None) -> Document:
    """Read one YAML file. All faults of the YAML are in the document; data is None where it is unreadable."""
    name = shown or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return Document(name, None, {}, (Fault(name, 1, "the file is not UTF-8 text", "save it as UTF-8"),))
    reader = _Reader(name)
    try:
        node = _compose(name, text, reader.faults)
    except yaml.YAMLError as error:
        return Document(name, None, {}, (*reader.faults, _yaml_fault(name, error, text)))
    if node is None:
        return Document(name, None, {}, (Fault(name, 1, "the file is empty", "write its content or remove it"),))
    data = reader.read(node, ())
    return Document(name, data, reader.lines, tuple(reader.faults))


def _compose(name: str, text: str, faults: list[Fault]) -> yaml.Node | None:
    """The node tree; a bare star is a fault each, and is read as if it were quoted so that the rest can be checked."""
    while True:
        try:
            node: yaml.Node | None = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            return node
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            bare = _BARE_STAR.match(text, mark.index) if mark is not None else None
            if bare is None:
                raise
            faults.append(_yaml_fault(name, error, text))
            text = f'{text[: bare.start()]}"{bare[0]}"{text[bare.end() :]}'


def _yaml_fault(name: str, error: yaml.YAMLError, text: str) -> Fault:
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or error)
    line = mark.line + 1 if mark is not None else 1
    if mark is not None and text[mark.index : mark.index + 1] == "\t":
        return Fault(name, line, "a tab stands where YAML wants spaces", "indent with spaces")
    if "alias" in problem or "anchor" in problem:
        return Fault(name, line, "a bare * begins a YAML alias", 'quote star alleles ("*2")')
    return Fault(name, line, f"not YAML ({problem})", "mend the line's quotes, brackets or indentation")
