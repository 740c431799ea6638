"""Resources out of whatever they were sent in: Bundle entries, Parameters parts, contained, a hook request's prefetch.

The walk uses a list of its own, so deep nesting costs memory and never the stack. References are resolved by an
index: "Observation/1", the entry's fullUrl ("urn:uuid:..."), an absolute address, or "#1" inside its container.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from cds_hooks.fhir.coding import member, objects, resource_type, text_of
from cds_hooks.fhir.observation import Observation
from cds_hooks.fhir.record import Json
from cds_hooks.fhir.references import cut_version, type_and_id

MAX_RESOURCES = 100_000
_WRAPPERS = frozenset({"Bundle", "Parameters"})


@dataclass(frozen=True)
class Found:
    """One resource and how it can be referred to."""

    resource: Json
    kind: str
    number: int
    """Its place in the order of finding; identifies it."""
    reference: str | None
    """"Observation/1"; for a contained resource "DiagnosticReport/2#1"; None where there is no id."""
    container: int | None = None
    """The number of the resource that contains it."""

    @cached_property
    def observation(self) -> Observation:
        """The resource as an Observation, each part read once."""
        return Observation(self.resource)


@dataclass
class Candidates:
    """Every resource found, in order, with the index that resolves references between them."""

    found: list[Found] = field(default_factory=list)
    cut: bool = False
    """Whether there was more than is looked at."""
    _all: list[Found] = field(default_factory=list)
    _by_reference: dict[str, Found] = field(default_factory=dict)

    def of_kind(self, *kinds: str) -> tuple[Found, ...]:
        """The resources of these types."""
        return tuple(one for one in self.found if one.kind in kinds)

    def container_of(self, found: Found) -> Found | None:
        """The resource that contains this one; None for one that stands by itself."""
        return None if found.container is None else self._all[found.container]

    def resolve(self, reference: object, source: Found) -> Found | None:
        """What a Reference of `source` (or its `reference` text) points to; None where it was not sent."""
        text = text_of(reference) if isinstance(reference, str) else text_of(member(reference, "reference"))
        if text is None:
            return None
        if text.startswith("#"):
            scope = source.number if source.container is None else source.container
            return self._by_reference.get(f"{scope}{text}")
        return self._by_reference.get(cut_version(text)) or self._by_reference.get(type_and_id(text))

    def resolve_all(self, references: object, source: Found) -> tuple[Found, ...]:
        """What the References of an array point to, as far as it was sent."""
        pointed = (self.resolve(one, source) for one in objects(references))
        return tuple(one for one in pointed if one is not None)

    def add(self, resource: Json, kind: str, full_url: str | None, container: Found | None) -> Found | None:
        """Take one resource in; None for a repetition of one that is there already."""
        identity = text_of(resource.get("id"))
        own = f"{kind}/{identity}" if identity else None
        if container is None:
            same = self._by_reference.get(own or "")
            if same is not None and _equal(same.resource, resource):
                if full_url:
                    self._by_reference.setdefault(full_url, same)
                return None
        reference = own if container is None else f"{container.reference or container.kind}#{identity or ''}"
        new = Found(resource, kind, len(self._all), reference, None if container is None else container.number)
        self.found.append(new)
        self._all.append(new)
        self._register(new, identity, own, full_url)
        return new

    def _register(self, new: Found, identity: str | None, own: str | None, full_url: str | None) -> None:
        if new.container is not None:
            if identity:
                self._by_reference.setdefault(f"{new.container}#{identity}", new)
            return
        for key in (own, full_url):
            if key:
                self._by_reference.setdefault(key, new)


def collect(resources: Iterable[object]) -> Candidates:
    """Every resource inside the given JSON, wrappers opened, in the order of the document."""
    candidates = Candidates()
    waiting: list[tuple[object, str | None, Found | None]] = [(one, None, None) for one in resources]
    waiting.reverse()
    while waiting and len(candidates.found) < MAX_RESOURCES:
        value, full_url, container = waiting.pop()
        kind = _plain_kind(value)
        if kind is not None:
            candidates.add(value, kind, full_url, container)  # type: ignore[arg-type]
        elif isinstance(value, (list, tuple)):
            waiting.extend((one, None, container) for one in reversed(value))
        elif isinstance(value, dict):
            inner = list(_open(value, full_url, container, candidates))
            waiting.extend(reversed(inner))
    candidates.cut = bool(waiting)
    return candidates


def _plain_kind(value: object) -> str | None:
    """The type of a resource with nothing inside it to be looked at; None for all else."""
    if not isinstance(value, dict) or "contained" in value:
        return None
    kind = value.get("resourceType")
    if not isinstance(kind, str) or not kind.isalpha() or kind in _WRAPPERS:
        return None
    return kind


def _equal(first: Json, second: Json) -> bool:
    try:
        return first == second
    except RecursionError:
        return False


def _open(
    value: Json, full_url: str | None, container: Found | None, candidates: Candidates
) -> Iterator[tuple[object, str | None, Found | None]]:
    """Take a resource in, and name what is inside it to be looked at next."""
    kind = resource_type(value)
    if kind is None:
        yield from ((one, None, container) for one in value.values() if isinstance(one, (dict, list)))
    elif kind == "Bundle":
        for entry in objects(value.get("entry")):
            yield entry.get("resource"), text_of(entry.get("fullUrl")), container
    elif kind == "Parameters":
        yield from _open_parts(value, container)
    else:
        new = candidates.add(value, kind, full_url, container)
        if new is not None and "contained" in value:
            outer = new if container is None else container
            yield from ((one, None, outer) for one in objects(value["contained"]) if resource_type(one))


def _open_parts(value: Json, container: Found | None) -> Iterator[tuple[object, str | None, Found | None]]:
    waiting = list(reversed(objects(value.get("parameter"))))
    while waiting:
        part = waiting.pop()
        yield part.get("resource"), None, container
        waiting.extend(reversed(objects(part.get("part"))))
