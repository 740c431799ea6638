"""Single positions that decide alleles by themselves: "rs9923231 C/T", "-1639 G/A", "c.-1639G>A heterozygous".

Bare nucleotides ("C/T") are refused: without the position they may belong to anything.
"""

from __future__ import annotations

import re

from knowledge.gene import Gene, Position
from knowledge.pgx.genotype import Genotype, UnreadableGenotype

_BASES = re.compile(r"[\s:,(=]*([ACGT])\s*[/|;]?\s*([ACGT])\)?")
_CHANGE = re.compile(r"([ACGT])>([ACGT])$")
_WORDS = {
    "heterozygous": (0, 1), "het": (0, 1),
    "homozygous": (1, 1), "hom": (1, 1), "homozygous variant": (1, 1),
    "wild type": (0, 0), "wild-type": (0, 0), "wildtype": (0, 0), "homozygous reference": (0, 0), "reference": (0, 0),
}  # fmt: skip


def read_position(gene: Gene, text: str) -> Genotype | None:
    """The genotype at a single position of the gene; None where the text does not name one.

    Raises UnreadableGenotype where a position is named and its bases cannot be read, or bases stand alone.
    """
    for position in gene.positions.values():
        rest = _after_name(position, text)
        if rest is not None:
            return _genotype(gene, position, rest, text)
    if gene.positions and re.fullmatch(r"[ACGT]\s*[/|]?\s*[ACGT]", text):
        raise UnreadableGenotype(f"bare nucleotides “{text}” do not say which position of {gene.id} they belong to")
    return None


def _after_name(position: Position, text: str) -> str | None:
    names = [position.rsid, *position.names, *(_CHANGE.sub("", name) for name in position.names)]
    for name in sorted(names, key=len, reverse=True):
        if text.casefold().startswith(name.casefold()):
            rest = text[len(name) :]
            if not rest[:1].isalnum() or name[-1:].isdigit() and not rest[:1].isdigit():
                return rest
    return None


def _genotype(gene: Gene, position: Position, rest: str, text: str) -> Genotype | None:
    bases = _read_bases(position, rest.replace(position.rsid, ""))
    if bases is None:
        if text in gene.alleles or "/" in rest:
            return None
        raise UnreadableGenotype(f"“{text[:60]}” names {position.rsid} and no pair of bases")
    alleles = tuple(position.bases[base] for base in bases)
    canonical = f"{position.rsid} {bases[0]}/{bases[1]}"
    return Genotype(gene.id, tuple((allele,) for allele in sorted(alleles)), canonical=canonical)


def _read_bases(position: Position, rest: str) -> tuple[str, str] | None:
    found = _BASES.fullmatch(rest)
    if found and found[1] in position.bases and found[2] in position.bases:
        return found[1], found[2]
    change = next((match for name in position.names if (match := _CHANGE.search(name))), None)
    copies = _WORDS.get(rest.strip(" :,()").casefold())
    if change is None or copies is None:
        return None
    return change[1 + copies[0]], change[1 + copies[1]]
