"""Presence of one allele: a code that asks for it, and a value that says positive or negative."""

from __future__ import annotations

import re

from cds_hooks.fhir.codes import ABSENT, ABSENT_WORDS, LOINC, PRESENT, PRESENT_WORDS
from cds_hooks.fhir.gene_index import GeneIndex
from cds_hooks.fhir.genotypes import ValueRead
from cds_hooks.fhir.observation import Observation
from knowledge.gene import Gene

_ALLELE = re.compile(r"\*[0-9]{2,3}(?::[0-9]{2,3})?")


def read_presence(gene: Gene, observation: Observation, index: GeneIndex) -> ValueRead | None:
    """The genotype "*57:01 positive" of an Observation that asks for one allele; None where it asks for none.

    The allele is that of the code, by the gene's file, or else the one that a local code's words name.
    """
    code = observation.code
    loinc = (value for system, value in code.pairs if system == LOINC and value)
    asked = {index.presence[value][1] for value in loinc if value in index.presence}
    shown = {allele for name in code.names for allele in _ALLELE.findall(name) if ":" in allele}
    alleles = asked | shown
    if not alleles:
        return None
    written = observation.value.label() or _boolean(observation)
    if len(alleles) > 1:
        said = " and ".join(sorted(alleles))
        return ValueRead(written=written, reason=f"its code and its words ask for different alleles ({said})")
    allele = alleles.pop()
    status = says_present(observation)
    if status is None:
        return None if not asked else ValueRead(written=written, reason=f"it does not say whether {allele} is present")
    text = f"{allele} {'positive' if status else 'negative'}"
    return ValueRead(text, f"{gene.id}{text}")


def is_other_allele(gene: Gene, observation: Observation) -> bool:
    """True where the code's words ask for an allele (such as B*27) that the gene's file gives no meaning to."""
    shown = {one for name in observation.code.names for one in _ALLELE.findall(name)}
    known = {part for name in gene.alleles for part in (name, name.partition(":")[0])}
    return gene.method == "allele_presence" and bool(shown) and not shown & known


def says_present(observation: Observation) -> bool | None:
    """True or False for a value that says present or absent, by code, word or boolean; None for any other."""
    boolean = observation.resource.get("valueBoolean")
    if isinstance(boolean, bool):
        return boolean
    value = observation.value
    said = {_by_code(pair) for pair in value.pairs} | {_by_word(name) for name in value.names}
    said.discard(None)
    return said.pop() if len(said) == 1 else None


def _by_code(pair: tuple[str | None, str | None]) -> bool | None:
    return True if pair in PRESENT else False if pair in ABSENT else None


def _by_word(word: str) -> bool | None:
    plain = word.casefold().strip(" .")
    return True if plain in PRESENT_WORDS else False if plain in ABSENT_WORDS else None


def _boolean(observation: Observation) -> str | None:
    value = observation.resource.get("valueBoolean")
    return str(value).lower() if isinstance(value, bool) else None
