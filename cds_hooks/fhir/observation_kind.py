"""What sort of statement an Observation makes about genes, by a cheap look at its codes."""

from __future__ import annotations

from enum import StrEnum

from cds_hooks.fhir.codes import (
    GENE_EXTENSION,
    GENE_STUDIED,
    GENOTYPE,
    GENOTYPE_DETERMINATION,
    HAPLOTYPE,
    IMPLICATIONS,
    LOINC,
    NEUTRAL_LOINC,
    REGION_STUDIED,
    VARIANT,
)
from cds_hooks.fhir.coding import extensions, has_value
from cds_hooks.fhir.gene_index import GeneIndex
from cds_hooks.fhir.gene_studied import value_texts
from cds_hooks.fhir.observation import Observation
from cds_hooks.fhir.record import Json


class Kind(StrEnum):
    """The statements that are told apart."""

    GENOTYPE = "genotype"
    HAPLOTYPE = "haplotype"
    VARIANT = "variant"
    IMPLICATION = "implication"
    """What a genotype means: a phenotype, or an effect on a medicine."""
    PRESENCE = "presence"
    """Whether one allele is present, by a code of its own."""
    REGION = "region"
    """Which gene was looked at, without a result."""
    OTHER = "other"
    """A gene is named by the code or the value; the value's form decides what it is."""


_BY_CODE = {GENOTYPE: Kind.GENOTYPE, HAPLOTYPE: Kind.HAPLOTYPE, VARIANT: Kind.VARIANT, REGION_STUDIED: Kind.REGION}


_KNOWN_CODES = frozenset(code for _, code in (*_BY_CODE, *IMPLICATIONS, GENOTYPE_DETERMINATION))
_SPEAKING = frozenset(
    {"component", "extension", "valueCodeableConcept", "valueString", "valueCoding", "valueCode", "valueMarkdown"}
)
"""Members without which an Observation can speak of a gene by its code alone."""


def is_plain(resource: Json, index: GeneIndex) -> bool:
    """True for an Observation that by one look at its code has nothing to do with genes: most of a record.

    It only ever dismisses what `kind_of` would dismiss: no component, extension or words as value, a code that is on no
    list, and names in which no gene stands. Everything unusual is left to the careful reading.
    """
    code = resource.get("code")
    if not isinstance(code, dict) or not _SPEAKING.isdisjoint(resource):
        return False
    codings = code.get("coding")
    if not isinstance(codings, list):
        return False
    if code.get("text") is not None and index.may_name_gene(code["text"]):
        return False
    for coding in codings:
        value = coding.get("code") if isinstance(coding, dict) else None
        if not isinstance(value, str) or value.strip() in _KNOWN_CODES or value.strip() in index.by_loinc:
            return False
        name = coding.get("display")
        if name is not None and index.may_name_gene(name):
            return False
    return True


def kind_of(observation: Observation, index: GeneIndex) -> Kind | None:
    """The kind of statement; None for an Observation that has nothing to do with genes of the library."""
    code = observation.code
    for pair in code.pairs:
        if pair in _BY_CODE:
            return _BY_CODE[pair]
        if pair in IMPLICATIONS:
            return Kind.IMPLICATION
    for system, value in code.pairs:
        if system == LOINC and value in index.presence:
            return Kind.PRESENCE
        if system == LOINC and value in index.by_loinc:
            return Kind.GENOTYPE if value in index.genotype_loinc else Kind.OTHER
    if GENOTYPE_DETERMINATION in code.pairs:
        haplotype = "haplotype" in (code.text or "").casefold()
        return Kind.HAPLOTYPE if haplotype else Kind.GENOTYPE
    return _by_content(observation, index)


def _by_content(observation: Observation, index: GeneIndex) -> Kind | None:
    """Local and unknown codes: a component or extension of the guides, or words that name a gene beside a value."""
    if observation.parts_of(GENOTYPE):
        return Kind.GENOTYPE
    if observation.parts_of(GENE_STUDIED) and _valued(observation):
        return Kind.OTHER
    if extensions(observation.resource, GENE_EXTENSION) and _valued(observation):
        return Kind.OTHER
    if not has_value(observation.resource):
        return None
    if any(index.symbols_in(name) for name in observation.code.names):
        return Kind.OTHER
    heads = [text for text in value_texts(observation.value) if index.symbol_at_head(text)]
    panel = any(system == LOINC and one in NEUTRAL_LOINC for system, one in observation.code.pairs)
    return Kind.OTHER if heads and (panel or any(_has_allele(text) for text in heads)) else None


def _valued(observation: Observation) -> bool:
    """True where there is a value besides the name of the gene."""
    others = (part for part in observation.parts if GENE_STUDIED not in part.code.pairs)
    return has_value(observation.resource) or any(has_value(part.raw) for part in others)


def _has_allele(text: str) -> bool:
    return "*" in text or "rs" in text or ">" in text
