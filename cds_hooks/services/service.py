"""A CDS service as discovery shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Service:
    """One service for one hook. Ids are stable over releases; no two services share one."""

    id: str
    hook: str
    title: str
    description: str
    prefetch: Mapping[str, str]
    """Key -> FHIR read or search with the tokens of CDS Hooks 2.0."""

    def to_json(self, version: str) -> dict[str, Any]:
        """The service as an element of discovery (`version` as CDS Hooks 3.0 has it)."""
        return {
            "id": self.id,
            "hook": self.hook,
            "title": self.title,
            "description": self.description,
            "version": version,
            "prefetch": dict(self.prefetch),
        }
