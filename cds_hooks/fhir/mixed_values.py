"""One text with genotype and phenotype, as many laboratories write it: "*1/*4 (Intermediate Metabolizer)".

Strict all the same: the part in front must be a genotype to the grammar, and the part behind a phenotype to the lists.
"""

from __future__ import annotations

import re

from cds_hooks.fhir.coding import Concept
from cds_hooks.fhir.genotypes import ValueRead, as_grammar_text, is_readable
from cds_hooks.fhir.observation import Observation
from cds_hooks.fhir.phenotypes import Words, read_words
from knowledge.gene import Gene
from knowledge.library import Library

_LONGEST = 300
"""Characters of the longest text that has both parts; what is longer is not even tried."""
_PARTS = re.compile(r"(.{2,200}?)\s*(?:\(([A-Za-z][^()]{2,80})\)|(?:[,;:]|\s[-–])\s*([A-Za-z][^()*/]{2,80}))\s*")


def read_mixed_value(gene: Gene, observation: Observation, library: Library) -> tuple[ValueRead, Words] | None:
    """Genotype and phenotype of a text that holds both; None where either part cannot be read whole."""
    for text in observation.value.names:
        # With single spaces, and not without end: runs of them would be tried in every way there is.
        plain = " ".join(text.split())
        parts = _PARTS.fullmatch(plain) if len(plain) <= _LONGEST else None
        if parts is None or not is_readable(gene, parts[1]):
            continue
        behind = parts[2] or parts[3]
        words = read_words(Concept((), behind, (), (behind,)), gene, library)
        if words is not None and words.phenotype is not None:
            return ValueRead(as_grammar_text(gene, parts[1]), text), words
    return None
