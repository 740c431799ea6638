"""Every law of the content as its own test item, file by file."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cards.phrases import load_words
from knowledge.checking.check import check_content
from knowledge.checking.drug_lint import LAWS, DrugCheck
from knowledge.checking.formula_lint import FORMULA_LAWS, FormulaCheck
from knowledge.checking.gene_lint import GENE_LAWS, GeneCheck
from knowledge.checking.table_lint import check_tables
from knowledge.loading.drug_file import read_drug
from knowledge.loading.errors import Fault
from knowledge.loading.formula_file import read_formula
from knowledge.loading.gene_file import read_gene
from knowledge.loading.load import CONTENT, build_library, load_ingredients, read_content
from knowledge.loading.schema import FOLDER

Node = dict[str, Any]
CONTENT_FILES = read_content()
LIBRARY = build_library(CONTENT_FILES)
INGREDIENTS = load_ingredients()
CODES = {name: code for code, name in INGREDIENTS.items()}
DRUG_CHECKS = [
    DrugCheck(LIBRARY, read_drug(document, "", CODES), document, load_words(), INGREDIENTS)
    for document in CONTENT_FILES.documents["drug"]
]
GENE_CHECKS = [GeneCheck(read_gene(document), document) for document in CONTENT_FILES.documents["gene"]]
FORMULA_CHECKS = [
    FormulaCheck(LIBRARY, read_formula(document, ""), document, INGREDIENTS)
    for document in CONTENT_FILES.documents["formula"]
]
ALL_FAULTS = check_content(load_words())
FILES = sorted(
    path
    for folder in ("drugs", "genes", "modulators", "conditions", "formulas")
    for path in (CONTENT / folder).glob("*.yaml")
)


def read_schema(name: str) -> Node:
    """A schema as its file has it."""
    found: Node = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


def walk_fields(node: object, path: str = "") -> Iterator[tuple[str, Node]]:
    """Every field that a schema lets an author write, with its place; what `if` and `then` say of it is left out."""
    if isinstance(node, list):
        for inner in node:
            yield from walk_fields(inner, path)
    if not isinstance(node, dict):
        return
    for name, field in node.get("properties", {}).items():
        yield f"{path}/{name}", field
        yield from walk_fields(field, f"{path}/{name}")
    for name, inner in node.items():
        if name not in ("properties", "if", "then", "else"):
            yield from walk_fields(inner, f"{path}/{name}")


def refer(field: Node, schema: Node) -> Node:
    """What a field refers to, in its own schema or another; nothing where it stands for itself."""
    file, _, steps = field.get("$ref", "").partition("#/")
    if not steps:
        return {}
    target = read_schema(file) if file else schema
    for step in steps.split("/"):
        target = target[step]
    return target


def test_every_file_keeps_its_schema() -> None:
    """YAML without surprises, and every member as the schema has it."""
    assert [str(fault) for fault in CONTENT_FILES.faults] == []


@pytest.mark.parametrize("check", DRUG_CHECKS, ids=lambda check: check.drug.id)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_drug_file_keeps_the_law(law: Callable[[DrugCheck], Iterator[Fault]], check: DrugCheck) -> None:
    """One law, one drug; the law's docstring says it."""
    assert [str(fault) for fault in law(check)] == []


@pytest.mark.parametrize("check", DRUG_CHECKS, ids=lambda check: check.drug.id)
def test_a_drugs_tables_are_total_and_disjoint(check: DrugCheck) -> None:
    """Law 3: every combination of results and populations is answered by exactly one row."""
    assert [str(fault) for fault in check_tables(LIBRARY, check.drug, check.document)] == []


@pytest.mark.parametrize("check", GENE_CHECKS, ids=lambda check: check.gene.id)
@pytest.mark.parametrize("law", GENE_LAWS, ids=lambda law: law.__name__)
def test_a_gene_file_keeps_the_law(law: Callable[[GeneCheck], Iterator[Fault]], check: GeneCheck) -> None:
    """One law, one gene; the law's docstring says it."""
    assert [str(fault) for fault in law(check)] == []


@pytest.mark.parametrize("check", FORMULA_CHECKS, ids=lambda check: check.formula.id)
@pytest.mark.parametrize("law", FORMULA_LAWS, ids=lambda law: law.__name__)
def test_a_formula_file_keeps_the_law(law: Callable[[FormulaCheck], Iterator[Fault]], check: FormulaCheck) -> None:
    """One law, one formula; the law's docstring says it."""
    assert [str(fault) for fault in law(check)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_file_has_no_fault_left_its_cases_included(path: Path) -> None:
    """What `pgx-cds check` says of this file: every case comes out as written, every row is tried."""
    assert [str(fault) for fault in ALL_FAULTS if fault.path.endswith(f"{path.parent.name}/{path.name}")] == []


def list_word_keys() -> Iterator[tuple[str, str]]:
    """Section and key of every word that rows of the content ask for, and policies of testing."""
    for wanted in (drug.pretest for drug in LIBRARY.drugs.values() if drug.pretest is not None):
        yield from (("test", key) for key in (*wanted.kinds.values(), *wanted.otherwise.values()))
    for row in (row for drug in LIBRARY.drugs.values() for table in drug.tables for row in table.rows):
        if row.effect is not None:
            yield from (("direction", str(row.effect.direction)), ("of", str(row.effect.of)))
            yield from (("risk", key) for key in row.effect.risk)
        for action in row.actions:
            section = {"monitor": "monitor", "titrate": "monitor", "test": "test"}.get(action.kind)
            yield from ((section, key) for key in action.what if section)


def test_no_word_is_kept_that_the_content_does_not_use() -> None:
    """Words for keys that no row has would be shown to nobody, and read over by nobody."""
    words = load_words()
    kept = {(section, key) for section in ("direction", "of", "risk", "monitor", "test") for key in words[section]}
    assert kept - set(list_word_keys()) == set()
    assert set(words["monitor_short"]) <= set(words["monitor"])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.schema.json")), ids=lambda path: path.name)
def test_a_schema_is_a_glossary(path: Path) -> None:
    """Every schema says what its kind of file is, and of each field what it means: itself, or what it refers to."""
    schema = read_schema(path.name)
    assert {"title", "description"} <= schema.keys()
    assert [name for name, field in walk_fields(schema) if "description" not in field | refer(field, schema)] == []


def test_every_table_of_the_dpwg_says_that_later_changes_are_not_known() -> None:
    """The DPWG moves on; what was taken is of March 2024 and November 2025."""
    versions = {
        table.source.version for drug in LIBRARY.drugs.values() for table in drug.tables if table.body == "DPWG"
    }
    assert versions == {
        "2024-03-25; later changes are not known here",
        "2025-11-05; later changes are not known here",
    }
