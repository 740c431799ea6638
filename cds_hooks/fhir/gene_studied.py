"""Which gene an Observation is about.

Places, as laboratories use them: component 48018-6, the extension observation-geneticsGene, a gene-specific LOINC code,
the head of the value's text, the words of a local code, and the gene of what it is derived from. Two places that
disagree decide nothing: the result is refused with the reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from cds_hooks.fhir.codes import GENE_EXTENSION, GENE_STUDIED, GENOTYPE_DETERMINATION, LOINC, NEUTRAL_LOINC, SNOMED
from cds_hooks.fhir.coding import Concept, extensions, objects, read_value
from cds_hooks.fhir.gene_claim import Claim, claim_of
from cds_hooks.fhir.gene_index import GeneIndex
from cds_hooks.fhir.observation import Observation
from cds_hooks.fhir.unwrapping import Candidates, Found

_DEPTH = 3
_IN_HGVS = re.compile(r"\(([A-Z][A-Z0-9-]{1,12})\):[cgmnp]\.")
"""The gene inside a name such as "NM_000000.1(ABC1):c.1A>G"."""
_MAX_DERIVED = 50


@dataclass(frozen=True)
class GeneNamed:
    """The gene of an Observation. `gene` is None where none of the library is named, or where `problem` says why."""

    gene: str | None = None
    concerned: tuple[str, ...] = ()
    """The genes that a refused Observation may be about."""
    problem: str | None = None
    foreign: bool = False
    """It is about a gene that the library does not know: none of our business."""
    note: str | None = None
    left_over: tuple[str, ...] = ()
    """Further genes that it lists and gives nothing readable for."""


NAMELESS = GeneNamed()


class GeneFinder:
    """Finds genes in one set of resources; what an Observation says itself is looked up once."""

    def __init__(self, index: GeneIndex, candidates: Candidates) -> None:
        self._index = index
        self._candidates = candidates
        self._own: dict[int, GeneNamed] = {}
        self._sources: dict[int, tuple[Found, ...]] = {}

    def find(self, found: Found, check_sources: bool) -> GeneNamed:
        """The gene of an Observation; with `check_sources` what it is derived from must be of the same gene."""
        own = self.own(found)
        if own.problem or own.foreign:
            return own
        if own.gene is None:
            return self._of_sources(found)
        return self._check_sources(found, own) if check_sources else own

    def own(self, found: Found) -> GeneNamed:
        """What the Observation says by itself."""
        known = self._own.get(found.number)
        if known is None:
            known = self._own[found.number] = name_gene(found.observation, self._index)
        return known

    def sources(self, found: Found) -> tuple[Found, ...]:
        """The Observations that it is derived from, as far as they were sent."""
        known = self._sources.get(found.number)
        if known is None:
            known = self._sources[found.number] = self._find_sources(found)
        return known

    def _find_sources(self, found: Found) -> tuple[Found, ...]:
        derived = objects(found.resource.get("derivedFrom"))[:_MAX_DERIVED]
        resolved = self._candidates.resolve_all(derived, found)
        return tuple(one for one in resolved if one.kind == "Observation" and one.number != found.number)

    def _check_sources(self, found: Found, own: GeneNamed) -> GeneNamed:
        others = {self.own(source).gene for source in self.sources(found)} - {None, own.gene}
        if not others:
            return own
        concerned = tuple(sorted({str(own.gene), *(str(one) for one in others)}))
        reason = f"it says {own.gene}, and what it is derived from says {', '.join(sorted(map(str, others)))}"
        return GeneNamed(concerned=concerned, problem=reason)

    def _of_sources(self, found: Found) -> GeneNamed:
        """The gene of what it is derived from; several steps back where the first is silent."""
        level, seen = [found], {found.number}
        for _ in range(_DEPTH):
            level = [one for source in level for one in self.sources(source) if one.number not in seen][:_MAX_DERIVED]
            seen |= {one.number for one in level}
            genes = {gene for one in level if (gene := self.own(one).gene) is not None}
            if len(genes) == 1:
                return GeneNamed(gene=genes.pop())
            if genes:
                reason = f"it is derived from results of several genes ({', '.join(sorted(genes))})"
                return GeneNamed(concerned=tuple(sorted(genes)), problem=reason)
            if any(self.own(one).foreign for one in level):
                return GeneNamed(foreign=True)
        return NAMELESS


def name_gene(observation: Observation, index: GeneIndex) -> GeneNamed:
    """The gene that an Observation names by itself."""
    listed = _listed(observation, index)
    placed = [claim for claim in (_in_extension(observation, index), _in_loinc(observation, index)) if claim]
    placed += [claim for claim in (_in_value(observation, index),) if claim]
    conflict = next((claim for claim in (*listed, *placed) if claim.conflict), None)
    if conflict is not None:
        return GeneNamed(concerned=tuple(sorted(conflict.genes)), problem=conflict.conflict)
    words, trusted = _in_code_words(observation, index)
    components = frozenset(gene for claim in listed for gene in claim.genes)
    elsewhere = frozenset(gene for claim in placed for gene in claim.genes)
    if len(components) > 1 or (components and any(claim.foreign for claim in listed)):
        return _choose_listed(components, elsewhere | (words if trusted else frozenset()))
    strong = components | elsewhere
    foreign = any(claim.foreign for claim in (*listed, *placed))
    if strong and foreign or len(strong) > 1 or (strong and words and not strong & words):
        return _disagree(strong | words)
    if strong:
        return GeneNamed(gene=next(iter(strong)))
    if foreign:
        return GeneNamed(foreign=True)
    return _by_words(observation, words, trusted)


def _choose_listed(components: frozenset[str], elsewhere: frozenset[str]) -> GeneNamed:
    """Several genes in one Observation: it belongs to the one that its own value or code names, or to none."""
    if len(elsewhere) == 1 and elsewhere <= components:
        gene = next(iter(elsewhere))
        rest = tuple(sorted(components - elsewhere))
        note = f"the laboratory lists {', '.join(rest) or 'another gene'} too; the result itself names {gene}"
        return GeneNamed(gene=gene, note=note, left_over=rest)
    if elsewhere:
        return _disagree(components | elsewhere)
    concerned = tuple(sorted(components))
    reason = f"it lists several genes ({', '.join(concerned)}) and does not say which one the result is of"
    return GeneNamed(concerned=concerned, problem=reason)


def _disagree(genes: frozenset[str]) -> GeneNamed:
    concerned = tuple(sorted(genes))
    if len(concerned) == 1:
        return GeneNamed(
            concerned=concerned, problem=f"it names {concerned[0]} in one place and another gene elsewhere"
        )
    reason = f"it names {' in one place and '.join(concerned)} in another"
    return GeneNamed(concerned=concerned, problem=reason)


def _by_words(observation: Observation, words: frozenset[str], trusted: bool) -> GeneNamed:
    if not words:
        return NAMELESS
    concerned = tuple(sorted(words))
    if not trusted:
        code = next((one.code for one in observation.code.codings if one.code), "its code")
        reason = f"only a display says {', '.join(concerned)}; {code[:20]} is not known to mean that: please confirm"
        return GeneNamed(concerned=concerned, problem=reason)
    if len(words) == 1:
        return GeneNamed(gene=concerned[0])
    return _choose_listed(words, frozenset())


def _listed(observation: Observation, index: GeneIndex) -> list[Claim]:
    """One claim for each component 48018-6."""
    return [claim_of(part.value, index) for part in observation.parts_of(GENE_STUDIED)]


def _in_extension(observation: Observation, index: GeneIndex) -> Claim | None:
    claims = [claim_of(read_value(one), index) for one in extensions(observation.resource, GENE_EXTENSION)]
    return _merge(claims)


def _in_loinc(observation: Observation, index: GeneIndex) -> Claim | None:
    """The gene of a gene-specific code, and of that code's own display, which must not name another gene."""
    claims = []
    for coding in observation.code.codings:
        gene = index.by_loinc.get(coding.code or "") if coding.system == LOINC else None
        if gene is None:
            continue
        shown = frozenset(index.symbols_in(coding.display or ""))
        if shown and gene not in shown:
            said = ", ".join(sorted(shown))
            claims.append(
                Claim(shown | {gene}, conflict=f"LOINC {coding.code} means {gene} and is displayed as {said}")
            )
        claims.append(Claim(frozenset({gene})))
    return _merge(claims)


def _in_value(observation: Observation, index: GeneIndex) -> Claim | None:
    """The gene at the head of the value's words, or inside an HGVS name, of the Observation and its components."""
    genes: set[str] = set()
    foreign: list[str] = []
    values = [part.value for part in observation.parts if GENE_STUDIED not in part.code.pairs]
    for text in (text for value in (observation.value, *values) for text in value_texts(value)):
        at_head = index.symbol_at_head(text)
        in_name = _IN_HGVS.search(text)
        known = at_head or (index.symbols.get(in_name[1].casefold()) if in_name else None)
        if known:
            genes.add(known)
        elif in_name:
            foreign.append(in_name[1])
    return Claim(frozenset(genes), foreign[0] if foreign else None) if genes or foreign else None


def _in_code_words(observation: Observation, index: GeneIndex) -> tuple[frozenset[str], bool]:
    """The genes that the code's words name, and whether the words may be trusted.

    A display is not trusted over a standard code that is not known to mean the gene: such codes have one meaning, and
    the words beside them were seen to name another.
    """
    code = observation.code
    words: set[str] = set()
    trusted = True
    for coding in code.codings:
        if is_neutral(coding.system, coding.code) or coding.system == LOINC and coding.code in index.by_loinc:
            continue
        words |= set(index.symbols_in(coding.display or ""))
        trusted = trusted and coding.system not in (LOINC, SNOMED)
    return frozenset(words | set(index.symbols_in(code.text or ""))), trusted


def is_neutral(system: str | None, code: str | None) -> bool:
    """True for a code of the guides that says nothing about the gene."""
    return system == LOINC and code in NEUTRAL_LOINC or (system, code) == GENOTYPE_DETERMINATION


def value_texts(value: Concept) -> tuple[str, ...]:
    """Codes, displays and text of a value, each once: any of them may name gene and alleles."""
    codes = (one.code for one in value.codings if one.code)
    return tuple(dict.fromkeys((*codes, *value.names)))


def _merge(claims: list[Claim]) -> Claim | None:
    if not claims:
        return None
    genes = frozenset(gene for claim in claims for gene in claim.genes)
    foreign = next((claim.foreign for claim in claims if claim.foreign), None)
    conflict = next((claim.conflict for claim in claims if claim.conflict), None)
    return replace(claims[0], genes=genes, foreign=foreign, conflict=conflict)
