"""The genotype that an Observation's value spells out: PharmVar and GL string codes, displays, texts, strings.

What counts as a genotype is decided by the grammar of `knowledge.pgx.diplotype` alone. Code and display are read both;
where they spell unlike genotypes, none is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cds_hooks.fhir.codes import GENOTYPE, GL_STRING, HAPLOTYPE, IMGT_HLA, PHARMVAR, VARIATION_CODES
from cds_hooks.fhir.coding import Concept, has_value
from cds_hooks.fhir.observation import Observation
from knowledge.gene import Gene
from knowledge.pgx.diplotype import Genotype, UnreadableGenotype, read_genotype, strip_symbol

_ALLELE_SYSTEMS = frozenset({PHARMVAR, GL_STRING, IMGT_HLA})
_SPELLS_ALLELES = re.compile(r"\*\s*[0-9]|[ACGT]>[ACGT]|\brs[0-9]+|^[ACGT]\s*[/|]\s*[ACGT]$|^hla#", re.I)
_BARE_BASES = re.compile(r"[ACGT]\s*[/|]?\s*[ACGT]")
_RSID = re.compile(r"\brs[0-9]{1,12}\b")


@dataclass(frozen=True)
class ValueRead:
    """A genotype in the grammar's spelling, as it was written; `reason` says why there is none, or what it assumes."""

    genotype: str | None = None
    written: str | None = None
    reason: str | None = None


NO_VALUE = ValueRead(reason="it holds no value")
UNSPELLED = ValueRead(reason="its value is a measurement, and neither a genotype nor words")


def read_genotype_value(gene: Gene, observation: Observation) -> ValueRead:
    """The genotype of an Observation of one gene, of its own value or else of a component 84413-4 or 84414-2."""
    texts = tuple(dict.fromkeys(_texts(observation)))
    if not texts:
        return UNSPELLED if has_value(observation.resource) else NO_VALUE
    read: dict[str, tuple[str, str]] = {}
    refused: dict[str, str] = {}
    for text in texts:
        spelled = _with_position(gene, text, observation)
        try:
            found = read_genotype(gene, spelled)
        except UnreadableGenotype as error:
            refused[text] = error.reason
            continue
        read.setdefault(genotype_key(found), (as_grammar_text(gene, spelled), text))
    if len(read) > 1:
        said = " and ".join(f"“{written[:60]}”" for _, written in read.values())
        return ValueRead(written=texts[-1], reason=f"its code and its words spell different genotypes: {said}")
    if read:
        genotype, written = next(iter(read.values()))
        return ValueRead(genotype, _shown(texts, written))
    spelled_out = next((text for text in texts if spells_alleles(text)), texts[0])
    return ValueRead(written=spelled_out, reason=refused[spelled_out])


def spells_alleles(text: str) -> bool:
    """True for a text in the form of a genotype, readable or not."""
    return _SPELLS_ALLELES.search(text) is not None


def genotype_key(genotype: Genotype) -> str:
    """Equal for genotypes that say the same, whichever strand is named first."""
    strands = sorted("+".join(sorted(strand)) for strand in genotype.strands)
    options = sorted(genotype_key(one) for one in genotype.possible)
    return f"{strands}{sorted(genotype.unknown)}{genotype.presence}{options}"


def same_genotype(gene: Gene, first: str, second: str) -> bool:
    """True where two readable texts say the same."""
    return genotype_key(read_genotype(gene, first)) == genotype_key(read_genotype(gene, second))


def is_readable(gene: Gene, text: str) -> bool:
    """True where the grammar reads a text as a genotype of the gene."""
    try:
        read_genotype(gene, text)
    except UnreadableGenotype:
        return False
    return True


def _texts(observation: Observation) -> Iterator[str]:
    yield from _spellings(observation.value)
    for part in observation.parts_of(GENOTYPE, HAPLOTYPE):
        yield from _spellings(part.value)


def _spellings(value: Concept) -> Iterator[str]:
    """Codes that are spelled genotypes (an id such as 638797 is none), displays, and the text."""
    for coding in value.codings:
        if coding.code and (spells_alleles(coding.code) or coding.system in _ALLELE_SYSTEMS and "*" in coding.code):
            yield coding.code
    yield from value.names


def _with_position(gene: Gene, text: str, observation: Observation) -> str:
    """Bare bases get the position that the same Observation names, where it names exactly one of the gene's."""
    if not gene.positions or not _BARE_BASES.fullmatch(text):
        return text
    words = [*observation.code.names]
    for part in observation.parts_of(*VARIATION_CODES):
        words += [*part.value.names, *(one.code for one in part.value.codings if one.code)]
    named = {rsid for one in words for rsid in _RSID.findall(one)} & set(gene.positions)
    return f"{named.pop()} {text}" if len(named) == 1 else text


def as_grammar_text(gene: Gene, text: str) -> str:
    """Without the gene's name in front; a GL string keeps its head, which says how "/" is meant."""
    return text if text.casefold().startswith("hla#") else strip_symbol(gene, text)


def _shown(texts: tuple[str, ...], written: str) -> str:
    """The spelling for the card: a display or text that spells the genotype reads better than "CYP2D6_*1/*1"."""
    return next((text for text in reversed(texts) if spells_alleles(text)), written)
