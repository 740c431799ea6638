"""One Observation with each of its parts read once, on first use: most Observations are dismissed by their code."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from cds_hooks.fhir.coding import Concept, Pair, objects, read_concept, read_value
from cds_hooks.fhir.record import Json


class Part(NamedTuple):
    """A component: what its code says, its value, and itself."""

    code: Concept
    value: Concept
    raw: Json


class Observation:
    """A view on a raw Observation; nothing is checked, wrong types read as absent."""

    def __init__(self, resource: Json) -> None:
        self.resource = resource

    @cached_property
    def code(self) -> Concept:
        """What was observed."""
        return read_concept(self.resource.get("code"))

    @cached_property
    def value(self) -> Concept:
        """The coded or textual value."""
        return read_value(self.resource)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The components."""
        if "component" not in self.resource:
            return ()
        listed = objects(self.resource["component"])
        return tuple(Part(read_concept(one.get("code")), read_value(one), one) for one in listed)

    def parts_of(self, *codes: Pair) -> list[Part]:
        """The components with one of these codes."""
        return [part for part in self.parts if any(code in part.code.pairs for code in codes)]
