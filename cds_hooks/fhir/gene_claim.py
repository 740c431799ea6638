"""Which gene one CodeableConcept names: by HGNC id, symbol, NCBI id or words; and whether these agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cds_hooks.fhir.codes import HGNC, NCBI_GENE
from cds_hooks.fhir.coding import Coding, Concept
from cds_hooks.fhir.gene_index import GeneIndex

_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{1,9}(?:-[A-Z0-9]{1,6})?")
_HGNC_ID = re.compile(r"(?:HGNC:)?([0-9]{1,6})", re.I)


@dataclass(frozen=True)
class Claim:
    """What one place of a resource says about the gene."""

    genes: frozenset[str] = frozenset()
    """Genes of the library that it names: one where it is clear, several where it contradicts itself."""
    foreign: str | None = None
    """A gene that it names and the library does not know."""
    conflict: str | None = None


def claim_of(concept: Concept, index: GeneIndex) -> Claim:
    """The gene a concept names. Code and display, gene id and gene name must agree; where not, `conflict` says how."""
    named = [one for coding in concept.codings for one in _of_coding(coding, index)]
    if concept.text:
        named += list(_of_words(concept.text, index))
    known = frozenset(gene for gene, _ in named if gene is not None)
    foreign = [words for gene, words in named if gene is None]
    if not known:
        return Claim(foreign=foreign[0] if foreign else None)
    if len(known) == 1 and not foreign:
        return Claim(known)
    said = ", ".join(dict.fromkeys(words for _, words in named))
    return Claim(known, foreign[0] if foreign else None, f"its gene is given in ways that disagree ({said})")


def _of_coding(coding: Coding, index: GeneIndex) -> Iterator[tuple[str | None, str]]:
    """(gene of the library or None, the words that named it), for the code and for the display."""
    if coding.code and coding.system == HGNC:
        digits = _HGNC_ID.fullmatch(coding.code)
        if digits:
            yield index.by_hgnc.get(digits[1]), f"HGNC:{digits[1]}"
        else:
            yield index.symbols.get(coding.code.casefold()), coding.code[:40]
    if coding.code and coding.system == NCBI_GENE:
        yield index.by_ncbi.get(coding.code), f"NCBI gene {coding.code[:20]}"
    if coding.display:
        yield from _of_words(coding.display, index)


def _of_words(words: str, index: GeneIndex) -> Iterator[tuple[str | None, str]]:
    found = index.symbols_in(words)
    if found:
        yield from ((gene, gene) for gene in found)
    elif _SYMBOL.fullmatch(words):
        yield None, words
