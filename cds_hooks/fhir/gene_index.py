"""Look-up tables from codes and symbols to the genes of a library, built once for each library."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from weakref import ReferenceType, ref

from knowledge.gene import Gene
from knowledge.library import Library

_BEFORE, _AFTER = r"(?<![A-Za-z0-9-])", r"(?![A-Za-z0-9])"

_LONGEST_NAME = 200


@dataclass(frozen=True)
class GeneIndex:
    """Which gene a code or a symbol means. Codes that two genes claim mean neither."""

    by_hgnc: Mapping[str, str]
    """Digits of the HGNC id -> symbol."""
    by_ncbi: Mapping[str, str]
    by_loinc: Mapping[str, str]
    genotype_loinc: frozenset[str]
    phenotype_loinc: frozenset[str]
    presence: Mapping[str, tuple[str, str]]
    """LOINC code -> (gene, the allele whose presence it reports)."""
    by_variant: Mapping[str, str]
    """rsID of a deciding position or variant -> gene."""
    symbols: Mapping[str, str]
    """Symbol in lower case -> symbol."""
    pattern: re.Pattern[str]
    head: re.Pattern[str]

    def symbols_in(self, text: str) -> tuple[str, ...]:
        """The genes that a text names as whole words, each once."""
        return tuple(dict.fromkeys(self.symbols[found.casefold()] for found in self.pattern.findall(text)))

    def may_name_gene(self, text: object) -> bool:
        """True where a gene stands in a name, and for everything that is no text; names come again and again."""
        return not isinstance(text, str) or len(text) > _LONGEST_NAME or self._found_in(text)

    @cached_property
    def _found_in(self) -> Callable[[str], bool]:
        # A memory for each index: hashing the pattern, as a common one would, takes longer than most searches.
        search = self.pattern.search
        return lru_cache(maxsize=4096)(lambda text: search(text) is not None)

    def symbol_at_head(self, text: str) -> str | None:
        """The gene that a text begins with ("CYP2C19 *2/*2", "hla#3.31.0#HLA-A*03:01...")."""
        found = self.head.match(text)
        return self.symbols[found[1].casefold()] if found else None


_BUILT: dict[int, tuple[ReferenceType[Library], GeneIndex]] = {}
"""By the library's id. A library that is replaced takes its tables along: they must not keep old content in memory."""


def index_genes(library: Library) -> GeneIndex:
    """The tables of a library; the same library gets the same tables, as long as it lives."""
    key = id(library)
    known = _BUILT.get(key)
    if known is not None and known[0]() is library:
        return known[1]
    index = _build(library)
    _BUILT[key] = (ref(library, lambda _: _BUILT.pop(key, None)), index)
    return index


def _build(library: Library) -> GeneIndex:
    genes = list(library.genes.values())
    symbols = {gene.id.casefold(): gene.id for gene in genes}
    # An empty alternation would match everywhere; one that can never match stands for "no genes".
    names = "|".join(re.escape(one) for one in sorted(symbols.values(), key=len, reverse=True)) or r"(?!)"
    genotype = _unique([(code, gene.id) for gene in genes for code in gene.loinc.get("genotype", ())])
    phenotype = _unique([(code, gene.id) for gene in genes for code in gene.loinc.get("phenotype", ())])
    presence = {code: (gene.id, allele) for gene in genes for code, allele in gene.presence_loinc.items()}
    return GeneIndex(
        by_hgnc={_digits(gene): gene.id for gene in genes},
        by_ncbi={gene.ncbi_gene: gene.id for gene in genes if gene.ncbi_gene},
        by_loinc=_unique([*genotype.items(), *phenotype.items(), *((code, one[0]) for code, one in presence.items())]),
        genotype_loinc=frozenset(genotype),
        phenotype_loinc=frozenset(phenotype),
        presence=presence,
        by_variant=_unique(
            [(name, gene.id) for gene in genes for name in (*gene.positions, *gene.variants) if name.startswith("rs")]
        ),
        symbols=symbols,
        pattern=re.compile(f"{_BEFORE}({names}){_AFTER}", re.I),
        head=re.compile(rf"(?:hla#[0-9A-Za-z.\-]{{0,20}}#)?\W{{0,3}}({names}){_AFTER}", re.I),
    )


def _digits(gene: Gene) -> str:
    return gene.hgnc.removeprefix("HGNC:")


def _unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Code -> gene, without the codes that stand for unlike genes."""
    found: dict[str, set[str]] = {}
    for code, gene in pairs:
        found.setdefault(code, set()).add(gene)
    return {code: genes.pop() for code, genes in found.items() if len(genes) == 1}
