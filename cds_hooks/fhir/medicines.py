"""Which medicine a resource is about: coded inline, contained, in the same Bundle, on the server, or by name only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cds_hooks.fhir.coding import NOTHING, Concept, member, objects, read_concept, text_of
from cds_hooks.fhir.unwrapping import Candidates, Found
from knowledge.facts import Identified, Ingredient
from knowledge.terms.code_systems import usual_system
from knowledge.terms.drug_names import DrugNames

NAMELESS = "it names no medicine yet"
UNNAMED = "unnamed medicine"
_MAX_INGREDIENTS = 20


@dataclass(frozen=True)
class Medicine:
    """A medicine as named, and what it was identified as."""

    display: str
    identified: Identified
    form_names: tuple[str, ...] = ()
    """Every name of the product, and of the form of the Medication that is referred to."""
    codes: tuple[tuple[str, str], ...] = ()
    """(system, code) of the product, the system by its usual address."""


def read_medicine(found: Found, candidates: Candidates, names: DrugNames) -> Medicine:
    """The medicine of an order, a statement or a Medication.

    R4: medicationCodeableConcept, medicationReference; R5: medication.concept, medication.reference; DSTU2 as R4.
    A code decides before a name, the Medication that is referred to before the reference's own display. A combination
    whose ingredients are not all known stays unidentified: a part of it would be checked and the rest forgotten.
    """
    concept, reference = _medication(found)
    target = candidates.resolve(reference, found) if reference is not None else None
    tried: list[Identified] = []
    for named in (concept, *_concepts_of(target)):
        if named:
            tried.append(_identify(named, names))
    if target is not None and not _any_known(tried):
        tried += list(_by_ingredients(target, candidates, names))
    said = text_of(member(reference, "display"))
    if said and not _any_known(tried):
        tried.append(names.identify((), said))
    display = concept.label() or said or next((one.label() for one in _concepts_of(target) if one), None)
    chosen = next((one for one in tried if one.ingredients), None) or (tried[0] if tried else None)
    concepts = (concept, *_concepts_of(target))
    names_said = [name for one in (*concepts, *_forms_of(target)) for name in one.names] + ([said] if said else [])
    codes = [(usual_system(system), code) for one in concepts for system, code in one.pairs if system and code]
    identified = chosen or Identified((), reason=_why_nothing(reference))
    return Medicine(display or UNNAMED, identified, tuple(dict.fromkeys(names_said)), tuple(dict.fromkeys(codes)))


def _medication(found: Found) -> tuple[Concept, object]:
    """The inline concept and the Reference, whichever release's members hold them."""
    resource = found.resource
    if found.kind == "Medication":
        return read_concept(resource.get("code")), None
    concept = read_concept(resource.get("medicationCodeableConcept"))
    reference = resource.get("medicationReference")
    either = resource.get("medication")
    if not concept:
        concept = read_concept(member(either, "concept"))
    if not concept and isinstance(either, Mapping) and "concept" not in either:
        concept = read_concept(either)
    if reference is None:
        inner = member(either, "reference")
        reference = inner if not isinstance(inner, str) else either
    return concept, reference


def _concepts_of(target: Found | None) -> tuple[Concept, ...]:
    return () if target is None else (read_concept(target.resource.get("code")),)


def _forms_of(target: Found | None) -> tuple[Concept, ...]:
    """R4 form, R5 doseForm."""
    return () if target is None else tuple(read_concept(target.resource.get(key)) for key in ("form", "doseForm"))


def _identify(concept: Concept, names: DrugNames) -> Identified:
    return names.identify([(one.system, one.code, one.display) for one in concept.codings], concept.text)


def _by_ingredients(target: Found, candidates: Candidates, names: DrugNames) -> Iterator[Identified]:
    """A Medication whose own code says nothing: all of its active ingredients, or none."""
    parts = [one for one in objects(target.resource.get("ingredient")) if one.get("isActive") is not False]
    if not parts or len(parts) > _MAX_INGREDIENTS:
        return
    found = [_identify(_ingredient_concept(part, target, candidates), names) for part in parts]
    unknown = next((one for one in found if not one.ingredients), None)
    if unknown is not None:
        yield Identified((), reason=f"one of its ingredients is not known: {unknown.reason}")
        return
    together: dict[Ingredient, None] = {one: None for part in found for one in part.ingredients}
    yield Identified(tuple(together), found[0].evidence)


def _ingredient_concept(part: object, target: Found, candidates: Candidates) -> Concept:
    """R4 itemCodeableConcept or itemReference, R5 item.concept or item.reference."""
    item = member(part, "item")
    concept = read_concept(member(part, "itemCodeableConcept")) or read_concept(member(item, "concept"))
    if concept:
        return concept
    reference = member(part, "itemReference") or member(item, "reference")
    resolved = candidates.resolve(reference, target) if reference is not None else None
    if resolved is None:
        return read_concept(text_of(member(reference, "display")))
    return read_concept(resolved.resource.get("code")) if resolved.kind in ("Medication", "Substance") else NOTHING


def _any_known(tried: Sequence[Identified]) -> bool:
    return any(one.ingredients for one in tried)


def _why_nothing(reference: object) -> str:
    if text_of(member(reference, "reference")):
        return "the Medication that it refers to could not be had, and the reference carries no name"
    return NAMELESS
