"""The laws of a formula file that its schema cannot say; one small function a law."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement

from knowledge.formula import Formula, Term
from knowledge.library import Library
from knowledge.loading.errors import Fault
from knowledge.loading.strict_yaml import Document
from knowledge.pgx.dose_formula import strands_of
from knowledge.pgx.genotype import UnreadableGenotype

_MEASURED_FOR = {"age_decades": ("age_years",), "bsa_m2": ("height_cm", "weight_kg")}


@dataclass(frozen=True)
class FormulaCheck:
    """A formula with everything that its laws are checked against."""

    library: Library
    formula: Formula
    document: Document
    ingredients: Mapping[str, str]
    """RxNorm ingredient code -> name."""

    def at_term(self, at: int, what: str, mend: str) -> Fault:
        """A fault at a term."""
        return self.document.fault(("terms", at), what, mend)


def inputs_are_known(check: FormulaCheck) -> Iterator[Fault]:
    """Genes and condition sets have a file, medicines an RxNorm ingredient code."""
    known = {
        "diplotype": (check.library.genes, "genes"),
        "alleles": (check.library.genes, "genes"),
        "condition": (check.library.conditions, "conditions"),
    }
    medicines = set(check.ingredients.values())
    for at, term in enumerate(check.formula.terms):
        if term.kind in known and term.of not in known[term.kind][0]:
            yield check.at_term(at, f"there is no file for {term.of!r}", f"add {known[term.kind][1]}/{term.of}.yaml")
        if term.kind == "medicine" and term.of not in medicines:
            yield check.at_term(at, f"{term.of!r} is no RxNorm ingredient", "write its RxNorm name in lower case")
    for name in set(check.formula.excluded_medicines) - medicines:
        mend = "write its RxNorm name in lower case"
        yield check.document.fault(("excludes", "medicines"), f"{name!r} is no RxNorm ingredient", mend)


def terms_stand_once(check: FormulaCheck) -> Iterator[Fault]:
    """No input adds to the sum twice."""
    seen: set[str] = set()
    for at, term in enumerate(check.formula.terms):
        if term.of in seen:
            yield check.at_term(at, f"{term.of} stands in two terms", "keep one of them")
        seen.add(term.of)


def gene_values_stand_once(check: FormulaCheck) -> Iterator[Fault]:
    """Every genotype or allele of a term is one of its gene's file, and stands once however it is written."""
    for at, term in _gene_terms(check):
        seen: dict[object, str] = {}
        for text in term.coefficients:
            value = _value(check, term, text)
            if value is None:
                kind = "genotype" if term.kind == "diplotype" else "allele"
                yield check.at_term(at, f"{text!r} is no {kind} of {term.of}", "write it as a laboratory would")
            elif value in seen:
                yield check.at_term(at, f"{text} and {seen[value]} are the same", "keep one of them")
            else:
                seen[value] = text


def pairs_are_whole(check: FormulaCheck) -> Iterator[Fault]:
    """An equation that knows two alleles knows each pair of them."""
    for at, term in _gene_terms(check):
        values = {text: _value(check, term, text) for text in term.coefficients}
        if term.kind != "diplotype" or None in values.values():
            continue
        named = {tuple(pair) for pair in values.values() if pair is not None}
        alleles = sorted({strand for pair in named for strand in pair})
        for missing in sorted(set(combinations_with_replacement(alleles, 2)) - named):
            words = "/".join(" + ".join(strand) for strand in missing)
            yield check.at_term(at, f"{term.of} {words} has no coefficient", "add it, with 0 where nothing is added")


def limits_are_used(check: FormulaCheck) -> Iterator[Fault]:
    """A limit is one of an input that a term asks for."""
    asked = {name for term in check.formula.terms for name in _MEASURED_FOR.get(term.of, (term.of,))}
    for name in set(check.formula.limits) - asked:
        yield check.document.fault(("limits", name), f"no term asks for {name}", "remove the limit")


def doses_are_in_order(check: FormulaCheck) -> Iterator[Fault]:
    """The lowest plausible dose is below the highest."""
    low, high = check.formula.plausible
    if low >= high:
        yield check.document.fault(("plausible",), f"{low} is not below {high}", "exchange them")


def _gene_terms(check: FormulaCheck) -> Iterator[tuple[int, Term]]:
    for at, term in enumerate(check.formula.terms):
        if term.coefficients and term.of in check.library.genes:
            yield at, term


def _value(check: FormulaCheck, term: Term, text: str) -> tuple[tuple[str, ...], ...] | None:
    """What a key of `coefficients` means in the names of the gene's file; None where it means nothing."""
    gene = check.library.genes[term.of]
    if term.kind == "alleles":
        allele = gene.alleles.get(text)
        return ((allele.name,),) if allele is not None else None
    try:
        pair = strands_of(gene, text)
    except UnreadableGenotype:
        return None
    known = all(name in gene.alleles for strand in pair for name in strand)
    return pair if known and len(pair) == 2 else None


FORMULA_LAWS: tuple[Callable[[FormulaCheck], Iterator[Fault]], ...] = (
    inputs_are_known,
    terms_stand_once,
    gene_values_stand_once,
    pairs_are_whole,
    limits_are_used,
    doses_are_in_order,
)
