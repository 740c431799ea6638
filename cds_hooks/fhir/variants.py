"""Single variants (69548-6) of the genes whose files say that single positions, or single variants, decide.

"Present" means that the site was called, not that a variant was found: where reference and alternate are the same base,
or the change type is "wild type", the site is wild type. Nothing is ever called from coordinates alone: builds are
mixed up too often. For all other genes raw variants are a result on file without a diplotype.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cds_hooks.fhir.codes import (
    ALLELIC_STATE,
    ALTERNATE_ALLELE,
    CODING_HGVS,
    GENOMIC_HGVS,
    HEMIZYGOUS,
    HETEROPLASMIC,
    HETEROZYGOUS,
    HOMOPLASMIC,
    HOMOZYGOUS,
    REFERENCE_ALLELE,
    VARIATION_CODES,
)
from cds_hooks.fhir.coding import Concept
from cds_hooks.fhir.genotypes import ValueRead
from cds_hooks.fhir.hla import says_present
from cds_hooks.fhir.observation import Observation
from knowledge.gene import Gene, Position

NO_DIPLOTYPE = "variants are on file, and no diplotype"
ASSUMED = "no other variant of the gene is reported: the other copy is taken as reference"
_CHANGE = re.compile(r"([ACGT])>([ACGT])$")
_RSID = re.compile(r"\brs[0-9]{1,12}\b")
_STATES = {HOMOZYGOUS: 2, HETEROZYGOUS: 1, HEMIZYGOUS: 0, HETEROPLASMIC: 0, HOMOPLASMIC: 0}
_STATE_WORDS = {"homozygous": 2, "heterozygous": 1, "hemizygous": 0, "heteroplasmic": 0, "homoplasmic": 0}
_WILD_TYPE = frozenset({"wild type", "wild-type", "wildtype"})


@dataclass(frozen=True)
class Call:
    """One site of one Observation."""

    names: frozenset[str]
    """rsIDs and HGVS names, as sent and without their reference sequence."""
    reference: str | None
    alternate: str | None
    copies: int | None
    """Copies of the variant: 2 homozygous, 1 heterozygous, 0 the only one there is (hemizygous, mitochondrial)."""
    found: bool | None
    """False: called and not there, or wild type. None: not called, or not said."""

    @property
    def is_small(self) -> bool:
        """True for a change of named bases: such a variant may define a star allele, a translocation does not."""
        return bool(self.names or self.reference or self.alternate)


def read_call(observation: Observation) -> Call:
    """The site that an Observation of a variant speaks of."""
    parts = {pair: part.value for part in observation.parts for pair in part.code.pairs}
    names = frozenset(_names(observation))
    reference, alternate = _base(parts.get(REFERENCE_ALLELE)), _base(parts.get(ALTERNATE_ALLELE))
    if reference is None or alternate is None:
        stated = {found.groups() for name in names if (found := _CHANGE.search(name))}
        coding = {found.groups() for name in names if name.startswith("c.") and (found := _CHANGE.search(name))}
        only = stated if len(stated) == 1 else coding
        reference, alternate = next(iter(only)) if len(only) == 1 else (None, None)
    wild = reference is not None and reference == alternate or any(_is_wild(one) for one in parts.values())
    present = False if wild else says_present(observation)
    return Call(names, reference, alternate, _copies(parts.get(ALLELIC_STATE)), present)


def combine_calls(gene: Gene, calls: Sequence[Call]) -> ValueRead:
    """The genotype of a gene by its variants on file, with what was assumed for it; or why there is none."""
    if gene.positions:
        for position in gene.positions.values():
            at_position = [call for call in calls if _is_at(position, call)]
            if at_position:
                return _at_position(position, at_position)
    if gene.variants and _variants_suffice(gene):
        return _by_variants(gene, calls)
    return ValueRead(reason=NO_DIPLOTYPE)


def _variants_suffice(gene: Gene) -> bool:
    """Genes whose alleles are single variants. A star allele may carry a variant of another one, and several more."""
    return gene.lowest_function or gene.method == "single_allele" or "Reference" in gene.alleles


def _at_position(position: Position, calls: Sequence[Call]) -> ValueRead:
    texts = {_bases(position, call) for call in calls}
    if len(texts) > 1:
        return ValueRead(reason=f"several calls at {position.rsid} disagree")
    bases = texts.pop()
    if bases is None:
        return ValueRead(reason=f"{position.rsid} was called, and its two bases are not stated")
    text = f"{position.rsid} {bases}"
    return ValueRead(text, text)


def _bases(position: Position, call: Call) -> str | None:
    reference, alternate = call.reference, call.alternate
    if reference not in position.bases or call.found is None:
        return None
    if call.found is False:
        return f"{reference}/{reference}"
    if alternate not in position.bases or not call.copies:
        return None
    return f"{alternate}/{alternate}" if call.copies == 2 else f"{reference}/{alternate}"


def _by_variants(gene: Gene, calls: Sequence[Call]) -> ValueRead:
    """Defining variants: those found, each as often as it was found."""
    copies: Counter[str] = Counter()
    only: set[str] = set()
    for call in calls:
        alleles = {gene.variants[name] for name in call.names if name in gene.variants}
        if not alleles or call.found is False:
            continue
        if len(alleles) > 1 or call.found is None or call.copies is None and gene.method != "single_allele":
            return ValueRead(reason=f"{NO_DIPLOTYPE}: a variant's presence or number of copies is not stated")
        allele = alleles.pop()
        copies[allele] = max(copies[allele], call.copies or 1)
        only |= {allele} if not call.copies else set()
    if not copies:
        return ValueRead(reason=NO_DIPLOTYPE)
    return _spell_variants(gene, copies, only)


def _spell_variants(gene: Gene, copies: Counter[str], only: set[str]) -> ValueRead:
    names = list(copies.elements())
    if gene.method == "single_allele":
        text = "; ".join(copies)
    elif only:
        return ValueRead(reason=f"{NO_DIPLOTYPE}: a variant on one chromosome only is unusual in {gene.id}")
    elif len(names) == 1 and "Reference" in gene.alleles:
        text = f"Reference/{names[0]}"
        return ValueRead(text, text, ASSUMED)
    elif len(copies) == 1 and len(names) == 2:
        text = f"{names[0]}/{names[1]}"
    elif gene.lowest_function and len(names) > 1:
        text = "; ".join(names)
    else:
        return ValueRead(reason=NO_DIPLOTYPE)
    return ValueRead(text, text)


def _is_at(position: Position, call: Call) -> bool:
    known = {position.rsid, *position.hgvs, *position.names, *(f"c.{name}" for name in position.names)}
    return bool(known & call.names)


def _names(observation: Observation) -> Iterator[str]:
    """rsIDs and HGVS names of the components for them; rsIDs in the code's words, too."""
    for part in observation.parts_of(CODING_HGVS, GENOMIC_HGVS, *VARIATION_CODES):
        for word in (*part.value.names, *(one.code for one in part.value.codings if one.code)):
            yield word
            yield from _RSID.findall(word)
            # A genomic name without its reference sequence would be a coordinate of an unknown build.
            change = word.rpartition(":")[2]
            if not change.startswith("g."):
                yield change
    for word in observation.code.names:
        yield from _RSID.findall(word)


def _base(value: Concept | None) -> str | None:
    text = (value.label() or "").upper() if value else ""
    return text if text in {"A", "C", "G", "T"} else None


def _copies(value: Concept | None) -> int | None:
    if value is None:
        return None
    said = {copies for state, copies in _STATES.items() if state in value.pairs}
    said |= {_STATE_WORDS[name.casefold()] for name in value.names if name.casefold() in _STATE_WORDS}
    return said.pop() if len(said) == 1 else None


def _is_wild(value: Concept) -> bool:
    return any(name.casefold() in _WILD_TYPE for name in value.names)
