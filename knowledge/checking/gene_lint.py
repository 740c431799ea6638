"""The laws of gene, modulator and condition files that their schemas cannot say; one small function a law."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement

from knowledge.checking.check_digits import is_loinc_code, is_snomed_code
from knowledge.checking.open_places import find_open_places
from knowledge.gene import Gene
from knowledge.library import INDETERMINATE
from knowledge.loading.errors import Fault
from knowledge.loading.gene_file import listed_alleles
from knowledge.loading.strict_yaml import Document
from knowledge.pgx.diplotype import read_genotype
from knowledge.pgx.genotype import UnreadableGenotype
from knowledge.pgx.phenotype import ANY, attainable_scores
from knowledge.pgx.score import NOT_AVAILABLE, sum_scores


@dataclass(frozen=True)
class GeneCheck:
    """A gene with the document that it was read from."""

    gene: Gene
    document: Document


def alleles_stand_once(check: GeneCheck) -> Iterator[Fault]:
    """Every allele stands under one function, and every function has CPIC's words."""
    seen: dict[str, str] = {}
    for allele in listed_alleles(check.document.data):
        if allele.name in seen:
            what = f"{allele.name} stands under {seen[allele.name]} and {allele.function}"
            yield check.document.fault(("alleles", allele.function), what, "keep one of them")
        seen[allele.name] = allele.function
    for function in check.document.data["alleles"]:
        if function not in check.gene.functions:
            yield check.document.fault(("alleles", function), f"{function} has no words", "add it under functions")


def aliases_lead_somewhere(check: GeneCheck) -> Iterator[Fault]:
    """Aliases, positions, variants and synonyms name alleles and phenotypes of this file."""
    gene, data = check.gene, check.document.data
    names = {allele.name for allele in listed_alleles(data)}
    targets = [(("aliases", key), value) for key, value in data.get("aliases", {}).items()]
    targets += [(("variants", key), value) for key, value in gene.variants.items()]
    targets += [(("positions", rsid), name) for rsid, one in gene.positions.items() for name in one.bases.values()]
    for place, target in targets:
        if target not in names:
            yield check.document.fault(
                place, f"{target!r} is no allele of this file", "write the allele as it is listed"
            )
    for words, phenotype in gene.synonyms.items():
        if phenotype not in gene.phenotypes:
            yield check.document.fault(("synonyms", words), f"there is no phenotype {phenotype!r}", "declare it")


def pairs_stand_once(check: GeneCheck) -> Iterator[Fault]:
    """An unordered pair of functions leads to one phenotype, and names functions of this file."""
    seen: dict[frozenset[str], str] = {}
    for key, phenotype in check.gene.phenotypes.items():
        for pair in phenotype.pairs:
            for function in set(pair) - set(check.gene.functions) - {ANY}:
                yield check.document.fault(("phenotypes", key), f"there is no function {function!r}", "declare it")
            other = seen.setdefault(frozenset(pair), key)
            if other != key:
                what = f"{' + '.join(pair)} leads to {other} and to {key}"
                yield check.document.fault(("phenotypes", key), what, "keep one of them")


def scores_are_answered_once(check: GeneCheck) -> Iterator[Fault]:
    """Every score that two alleles can add up to lies in exactly one phenotype's interval."""
    if check.gene.method != "activity_score":
        return
    values = sorted({one.value for one in check.gene.alleles.values() if one.value and one.value != NOT_AVAILABLE})
    for pair in combinations_with_replacement(values, 2):
        score = sum_scores(pair)
        if score is None:
            yield check.document.fault(
                ("alleles",), f"{' or '.join(pair)} is no activity value", 'write "0.25", "≥3.0" or "n/a"'
            )
            continue
        holding = [key for key, one in check.gene.phenotypes.items() if one.scores and one.scores.holds(score.value)]
        if len(holding) != 1:
            what = f"the score {score} lies in {len(holding)} phenotypes ({', '.join(holding)})"
            yield check.document.fault(("phenotypes",), what, "mend the intervals")


def phenotypes_are_reachable(check: GeneCheck) -> Iterator[Fault]:
    """A phenotype without anything that leads to it is a slip; Indeterminate may stand alone, and so may all of a gene
    without alleles, whose phenotypes are only reported."""
    if not check.gene.alleles:
        return
    for key, one in check.gene.phenotypes.items():
        reached = one.pairs or one.singles or attainable_scores(check.gene, one)
        if not reached and key != INDETERMINATE:
            yield check.document.fault(
                ("phenotypes", key), "nothing leads to this phenotype", "add pairs, singles or scores"
            )


def unphased_calls_can_be_read(check: GeneCheck) -> Iterator[Fault]:
    """Both diplotypes of an unphased pair are readable."""
    for at, pair in enumerate(check.gene.unphased):
        for text in pair:
            try:
                read_genotype(check.gene, text)
            except UnreadableGenotype as error:
                yield check.document.fault(
                    ("unphased", at), error.reason, "write both diplotypes as a laboratory would"
                )


def loinc_codes_hold(check: GeneCheck) -> Iterator[Fault]:
    """LOINC codes have a valid check digit."""
    loinc = check.document.data.get("loinc", {})
    codes = [*loinc.get("genotype", ()), *loinc.get("phenotype", ()), *loinc.get("presence", {})]
    for code in codes:
        if not is_loinc_code(code):
            yield check.document.fault(("loinc",), f"{code} fails LOINC's check digit", "write a verified code")


def everything_is_filled_in(check: GeneCheck) -> Iterator[Fault]:
    """Nothing that `pgx-cds new` left open reaches a card."""
    yield from find_open_places(check.document)


GENE_LAWS: tuple[Callable[[GeneCheck], Iterator[Fault]], ...] = (
    alleles_stand_once,
    aliases_lead_somewhere,
    pairs_stand_once,
    scores_are_answered_once,
    phenotypes_are_reachable,
    unphased_calls_can_be_read,
    loinc_codes_hold,
    everything_is_filled_in,
)


def check_condition(document: Document) -> Iterator[Fault]:
    """SNOMED CT codes of a condition set have a valid check digit, and stand once."""
    codes = document.data["codes"].get("snomed", [])
    for at, code in enumerate(codes):
        if not is_snomed_code(code):
            yield document.fault(
                ("codes", "snomed", at), f"{code} fails SNOMED CT's check digit", "write a verified code"
            )
        if code in codes[:at]:
            yield document.fault(("codes", "snomed", at), f"{code} stands twice", "keep one of them")


def check_modulators(document: Document, ingredients: Mapping[str, str]) -> Iterator[Fault]:
    """Modulators have the code of their own name, and stand in one class."""
    seen: dict[str, str] = {}
    for group, drugs in document.data["modulators"].items():
        for drug, code in drugs.items():
            place = ("modulators", group, drug)
            if ingredients.get(code) != drug:
                what = f"RxNorm {code} is {ingredients.get(code) or 'on no list'}, and the name is {drug}"
                yield document.fault(place, what, "write the ingredient's own code")
            if drug in seen:
                yield document.fault(place, f"{drug} stands under {seen[drug]} and {group}", "keep one of them")
            seen[drug] = group
