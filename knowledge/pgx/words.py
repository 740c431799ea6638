"""The laboratory's words for a phenotype, by fixed lists: CPIC's terms, the gene's synonyms, the shared ones."""

from __future__ import annotations

import re

from knowledge.gene import Gene, Phenotype
from knowledge.library import Library

_SPELLING = (
    (re.compile(r"metaboliser"), "metabolizer"),
    (re.compile(r"[\u2010-\u2015_]+"), "-"),
    (re.compile(r"\s+"), " "),
)


def read_phenotype(library: Library, gene: Gene, text: str) -> Phenotype | None:
    """The phenotype of a gene that the words stand for; None where the words are on no list."""
    words = normalise_words(gene, text)
    by_term = {phenotype.term.casefold(): phenotype for phenotype in gene.phenotypes.values()}
    if words in by_term:
        return by_term[words]
    own = gene.synonyms.get(words)
    if own is not None:
        return gene.phenotypes.get(own)
    term = library.synonyms.get(words)
    return by_term.get(term.casefold()) if term is not None else None


def normalise_words(gene: Gene, text: str) -> str:
    """Lower case, American spelling, single spaces, without the gene's symbol and without closing punctuation."""
    plain = text.casefold()
    for pattern, replacement in _SPELLING:
        plain = pattern.sub(replacement, plain)
    plain = re.sub(rf"(?<![a-z0-9-]){re.escape(gene.id.casefold())}(?![a-z0-9])[ :]*", "", plain)
    return " ".join(plain.split()).strip(" .;,:")
