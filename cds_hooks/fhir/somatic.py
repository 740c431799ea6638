"""Somatic findings: they are of a tumour, and never feed germline rules."""

from __future__ import annotations

from cds_hooks.fhir.codes import SOMATIC, SOURCE_CLASS, SOURCE_CLASS_EXTENSION
from cds_hooks.fhir.coding import Concept, extensions, objects, read_concept, read_value
from cds_hooks.fhir.observation import Observation

_NOT_GERMLINE = ("somatic", "tumor", "tumour", "fetal", "foetal", "prenatal")


def is_somatic(observation: Observation) -> bool:
    """True where the source class, as a component, as the old extension or as a category, is not the germline."""
    if any(_says_somatic(part.value) for part in observation.parts_of(SOURCE_CLASS)):
        return True
    if any(_says_somatic(read_value(one)) for one in extensions(observation.resource, SOURCE_CLASS_EXTENSION)):
        return True
    return any(_says_somatic(read_concept(one)) for one in objects(observation.resource.get("category")))


def _says_somatic(concept: Concept) -> bool:
    if SOMATIC in concept.pairs:
        return True
    words = " ".join((*concept.names, *(one.code for one in concept.codings if one.code))).casefold()
    return any(word in words for word in _NOT_GERMLINE)
