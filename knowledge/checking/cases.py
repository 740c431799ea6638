"""Runs the cases beside the content: every finding is compared, and every row must be tried by a case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from knowledge.evaluate import evaluate
from knowledge.facts import GeneResult, Ingredient, Sex
from knowledge.findings import Action, Amount, Finding
from knowledge.formula import Formula
from knowledge.gene import Gene
from knowledge.library import Drug, Library
from knowledge.loading.errors import Fault
from knowledge.loading.strict_yaml import Document
from knowledge.pgx.dose_formula import compute_dose
from knowledge.pgx.dose_inputs import Given
from knowledge.pgx.gene_answer import answer_gene
from knowledge.pgx.phenotype import interpret
from knowledge.policy import Policy
from knowledge.question import Names, QuestionError, read_facts, read_gene, read_order

WHOLE = ("avoid", "offer", "reduce", "increase", "limit")
"""Members of an expectation that are compared even where the case does not write them."""
_CASE_POLICY = Policy(pretest_priorities=("required", "recommended", "optional"))


@dataclass(frozen=True)
class CaseResult:
    """What a drug's cases showed: faults, and the rows that were tried."""

    faults: tuple[Fault, ...]
    tried: frozenset[str]


def run_drug_cases(document: Document, drug: Drug, names: Names) -> CaseResult:
    """Every case of a drug's test file."""
    faults: list[Fault] = []
    tried: set[str] = set()
    slugs = {table.slug for table in drug.tables}
    for at, case in enumerate(document.data):
        for unknown in sorted(set(case.get("tables", ())) - slugs):
            what, mend = f"{case['name']!r}: there is no table {unknown!r}", f"known are {', '.join(sorted(slugs))}"
            faults.append(document.fault((at, "tables"), what, mend))
        try:
            findings = _findings(case["given"], drug, names)
        except QuestionError as error:
            faults.append(document.fault((at, "given"), f"{case['name']!r}: {error}", "mend what is given"))
            continue
        findings = tuple(one for one in findings if _is_asked(one, case.get("tables")))
        tried |= {finding.id for finding in findings}
        got, wanted = [summarise(one) for one in findings], [dict(one) for one in case["expect"]]
        faults += [
            document.fault((at,), f"{case['name']!r}: {text}", "mend the row or the case")
            for text in _differences(got, wanted)
        ]
    return CaseResult(tuple(faults), frozenset(tried))


def untried_rows(drug: Drug, tried: frozenset[str]) -> Iterator[Fault]:
    """A fault for each row of the drug that no case reaches."""
    for table in drug.tables:
        for row in table.rows:
            if f"{drug.id}/{table.slug}/{row.id}" not in tried:
                what = f"no case tries the row {table.slug}/{row.id}"
                yield Fault(*row.place, what, f"add one to {drug.id}.test.yaml")


def run_gene_cases(document: Document, gene: Gene, library: Library) -> tuple[Fault, ...]:
    """Every case of a gene's test file: phenotype, score, and whether there is a gap."""
    faults = []
    for at, case in enumerate(document.data):
        got = _gene_summary(case["given"], gene, library)
        wanted = {"phenotype": case["expect"].get("phenotype"), "gap": bool(case["expect"].get("gap"))}
        if "activityScore" in case["expect"]:
            wanted["activityScore"] = case["expect"]["activityScore"]
        got = {key: value for key, value in got.items() if key in wanted}
        if got != wanted:
            faults.append(
                document.fault((at,), f"{case['name']!r}: expected {wanted}, got {got}", "mend the gene or the case")
            )
    return tuple(faults)


def run_formula_cases(document: Document, formula: Formula, names: Names) -> tuple[Fault, ...]:
    """Every case of a formula's test file: the dose that the equation gives, or every reason why it gives none."""
    faults = []
    for at, case in enumerate(document.data):
        try:
            got = _formula_summary(formula, case["given"], names)
        except QuestionError as error:
            faults.append(document.fault((at, "given"), f"{case['name']!r}: {error}", "mend what is given"))
            continue
        if got != case["expect"]:
            what = f"{case['name']!r}: expected {case['expect']}, got {got}"
            faults.append(document.fault((at,), what, "mend the formula or the case"))
    return tuple(faults)


def _formula_summary(formula: Formula, data: Mapping[str, Any], names: Names) -> dict[str, Any]:
    facts, library = read_facts(data, names), names.library
    drug = Ingredient("")
    answers = {gene: answer_gene(library, gene, facts, facts.medications, drug) for gene in formula.genes}
    computed = compute_dose(formula, Given(library, facts, facts.medications, drug, answers))
    if computed.dose is None:
        return {"reasons": list(computed.reasons)}
    return {"dose": f"{computed.dose.quantize(Decimal('0.01'))} mg/{formula.per}"}


def summarise(finding: Finding) -> dict[str, Any]:
    """A finding in the words of case.schema.json, everything included."""
    if finding.body is None:
        gap = finding.gaps[0]
        return {"gap": gap.kind, "gene": gap.gene, "suggest_test": gap.suggest_test}
    actions = {action.kind: action for action in finding.actions}
    out: dict[str, Any] = {"row": finding.id.split("/", 1)[1], "strength": str(finding.strength)}
    out["avoid"] = True if "avoid" in actions else None
    out["offer"] = list(actions["offer"].drugs) if "offer" in actions else None
    for kind in ("reduce", "increase", "limit"):
        out[kind] = _change(actions[kind]) if kind in actions else None
    out["assumed"] = list(finding.assumed)
    out["phenotype"] = {gene.gene: gene.phenotype for gene in finding.genes}
    out["basis"] = str(finding.genes[0].basis) if finding.genes and finding.genes[0].basis else None
    out["possible"] = True if finding.possible else None
    out["estimates"] = {
        one.formula: amount_words(one.amount) if one.amount else one.reason for one in finding.estimates
    }
    return out


def _is_asked(finding: Finding, tables: Sequence[str] | None) -> bool:
    """Whether a case compares this finding: all of them, unless it names tables."""
    return tables is None or (finding.body is not None and finding.id.split("/")[1] in tables)


def _findings(given: Mapping[str, Any], drug: Drug, names: Names) -> tuple[Finding, ...]:
    facts = replace(read_facts(given, names), orders=(read_order(drug.name, names),))
    answers = evaluate(facts, names.library, _CASE_POLICY)
    return tuple(finding for answer in answers for finding in answer.findings)


def _differences(got: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> Iterator[str]:
    left = list(got)
    for expectation in wanted:
        same = next((one for one in left if _key(one) == _key(expectation)), None)
        if same is None:
            yield f"expected {_key(expectation)}, got {', '.join(_key(one) for one in got) or 'nothing'}"
            continue
        left.remove(same)
        for key in dict.fromkeys((*expectation, *(WHOLE if "row" in expectation else ()))):
            if not _equal(same.get(key), expectation.get(key)):
                yield f"{_key(expectation)}: expected {key} {expectation.get(key)}, got {same.get(key)}"
    for one in left:
        yield f"{_key(one)} came and was not expected"


def _equal(got: Any, wanted: Any) -> bool:
    if isinstance(got, dict) and isinstance(wanted, dict):
        return all(got.get(key) == value for key, value in wanted.items())
    return bool(got == wanted)


def _key(one: Mapping[str, Any]) -> str:
    if "gap" in one:
        return f"gap {one['gap']} {one.get('gene')}"
    return str(one.get("row"))


def _change(action: Action) -> str:
    """ "50%", "20-70%", "x0.1", "400 mg/day" or "yes"; "50% from 1.5 mg/kg/day", "x0.1 on 3 days a week"."""
    days = f" on {action.days_a_week} days a week" if action.days_a_week else ""
    bounds = f" from {' or '.join(amount_words(one) for one in action.bounds)}" if action.bounds else ""
    return f"{_new_dose(action)}{days}{bounds}"


def _new_dose(action: Action) -> str:
    if action.amount is not None:
        return amount_words(action.amount)
    if action.factor is not None:
        return f"x{_plain(action.factor)}"
    return "-".join(_plain(one) for one in action.percent) + "%" if action.percent else "yes"


def amount_words(amount: Amount) -> str:
    """ "400 mg/day"."""
    return f"{_plain(amount.value)} {amount.unit}" + (f"/{amount.per}" if amount.per else "")


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")


def _gene_summary(given: Mapping[str, Any], gene: Gene, library: Library) -> dict[str, Any]:
    stated = {key: given[key] for key in ("diplotype", "phenotype", "activityScore") if key in given}
    record = read_gene(gene.id, stated, library)
    sex = Sex(given["sex"]) if "sex" in given else None
    result = record.results[0] if record.results else GeneResult(gene.id, record.answer)
    meaning = interpret(library, gene, result, sex)
    return {"phenotype": meaning.phenotype, "activityScore": meaning.score, "gap": meaning.gap is not None}
