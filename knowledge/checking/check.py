"""Everything that can be wrong with content, found in one run: YAML, schema, laws, cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from knowledge.checking.cases import run_drug_cases, run_formula_cases, run_gene_cases, untried_rows
from knowledge.checking.drug_lint import LAWS, DrugCheck, Words
from knowledge.checking.formula_lint import FORMULA_LAWS, FormulaCheck
from knowledge.checking.gene_lint import GENE_LAWS, GeneCheck, check_condition, check_modulators
from knowledge.checking.mending import Mended, mend
from knowledge.checking.table_lint import check_tables
from knowledge.checking.transparency_lint import check_transparency
from knowledge.gene import Gene
from knowledge.library import Drug, Library
from knowledge.loading.drug_file import read_drug, spell_out
from knowledge.loading.errors import ContentError, Fault
from knowledge.loading.formula_file import read_formula
from knowledge.loading.gene_file import read_gene
from knowledge.loading.load import (
    CONTENT,
    KINDS,
    ContentFiles,
    build_library,
    check_document,
    load_ingredients,
    read_content,
    shown_path,
)
from knowledge.loading.policy_file import load_policy
from knowledge.loading.strict_yaml import Document, load_strict
from knowledge.question import Names
from knowledge.terms.drug_names import load_drug_names


@dataclass(frozen=True)
class _Content:
    """What could be loaded; faulty documents are left out so that the rest can still be checked."""

    library: Library
    files: ContentFiles
    names: Names
    words: Words
    content: Path
    with_cases: bool = True
    """False: an overlay is checked, and of the files those that it changes."""


def check_content(words: Words, content: Path = CONTENT, only: Path | None = None) -> tuple[Fault, ...]:
    """All faults of all content, or of one file with its cases. Sorted by place."""
    loaded, broken = _load(words, content)
    if only is not None:
        return tuple(sorted(set(_check_one(loaded, only))))
    return _check_all(loaded, broken)


def check_overlay(words: Words, overlay: Path, content: Path = CONTENT) -> tuple[Fault, ...]:
    """All faults of a site's overlay, of what it makes of the shipped files, and of its policy and codes.

    The shipped cases are not run: they say what the shipped content answers. Sorted by place.
    """
    loaded, broken = _load(words, content, overlay)
    faults = [*_check_all(loaded, broken), *_faults_of(lambda: load_policy(overlay))]
    faults += _faults_of(lambda: load_drug_names(loaded.library, overlay, content))
    return tuple(sorted(set(faults)))


def _faults_of(load: Callable[[], object]) -> tuple[Fault, ...]:
    try:
        load()
    except ContentError as error:
        return error.faults
    return ()


def _load(words: Words, content: Path, overlay: Path | None = None) -> tuple[_Content, frozenset[str]]:
    """What could be loaded, and the paths of the files that are left out."""
    files = read_content(overlay, content)
    at_fault = {fault.path for fault in files.faults}
    listed = [document for documents in files.documents.values() for document in documents]
    broken = frozenset(one.path for one in listed if at_fault & {one.path, one.over.path if one.over else one.path})
    sound = {
        kind: tuple(document for document in documents if document.path not in broken)
        for kind, documents in files.documents.items()
    }
    kept = ContentFiles(sound, files.faults, files.digest, files.versions)
    library = build_library(kept, content)
    names = Names(library, load_drug_names(library, content=content))
    return _Content(library, files, names, words, content, with_cases=overlay is None), broken


def _check_all(loaded: _Content, broken: frozenset[str]) -> tuple[Fault, ...]:
    faults = list(loaded.files.faults)
    for kind in (*KINDS.values(), "transparency"):
        for document in loaded.files.documents[kind]:
            if loaded.with_cases or document.over is not None:
                faults += _check_further(loaded, kind, document, sound=document.path not in broken)
    return tuple(sorted(set(faults)))


def _check_one(loaded: _Content, path: Path) -> Iterator[Fault]:
    """One file wherever it lies; its kind follows from its folder or its shape, its cases lie beside it."""
    target = path.with_name(path.name.replace(".test.yaml", ".yaml"))
    document = load_strict(target, shown_path(target.resolve()))
    kind = _kind_of(document, target)
    if document.data is None or kind is None:
        no_kind = document.fault((), "the kind of this file cannot be told", f"put it into one of {', '.join(KINDS)}")
        yield from document.faults or (no_kind,)
        return
    faults = check_document(document, kind)
    yield from faults
    yield from _check_further(loaded, kind, document, sound=not faults)


def _check_further(loaded: _Content, kind: str, document: Document, sound: bool) -> Iterator[Fault]:
    """What the schema cannot say; of a document that breaks it, what can still be found."""
    mended = Mended(document) if sound else mend(document, kind) if document.data is not None else None
    if mended is None:
        return
    if kind == "drug":
        yield from _check_drug(loaded, mended, sound)
    elif kind == "gene":
        yield from _check_gene(loaded, mended.document, sound)
    elif kind == "condition":
        yield from check_condition(mended.document)
    elif kind == "transparency":
        yield from check_transparency(loaded.library, document) if sound else ()
    elif kind == "formula":
        yield from _check_formula(loaded, document) if sound else ()
    else:
        yield from check_modulators(mended.document, load_ingredients(loaded.content))


def _kind_of(document: Document, path: Path) -> str | None:
    by_folder = KINDS.get(path.resolve().parent.name)
    if by_folder is not None or not isinstance(document.data, dict):
        return by_folder or "drug"
    marks = {
        "bodies": "drug",
        "method": "gene",
        "modulators": "modulator",
        "label": "condition",
        "transform": "formula",
        "issuers": "transparency",
    }
    return next((kind for mark, kind in marks.items() if mark in document.data), None)


def _check_drug(loaded: _Content, mended: Mended, sound: bool) -> Iterator[Fault]:
    document = mended.document
    ingredients = load_ingredients(loaded.content)
    drug = read_drug(document, "", {name: code for code, name in ingredients.items()})
    check = DrugCheck(loaded.library, drug, document, loaded.words, ingredients)
    touched = {document.line(*row) for row in mended.rows}
    faults = [fault for law in LAWS for fault in law(check) if fault.line not in touched]
    faults += check_tables(loaded.library, drug, document, cells=mended.keeps_cells)
    yield from faults
    if sound and not faults and loaded.with_cases:
        yield from _check_cases(document, "case", lambda cases: _run_drug_cases(loaded, drug, cases))


def _run_drug_cases(loaded: _Content, drug: Drug, cases: Document) -> Iterator[Fault]:
    drug = spell_out(drug, loaded.library.find_members)
    drugs = {**loaded.library.drugs, drug.id: drug}
    library = replace(loaded.library, drugs=drugs)
    result = run_drug_cases(cases, drug, Names(library, loaded.names.drugs))
    yield from result.faults
    yield from untried_rows(drug, result.tried)


def _check_gene(loaded: _Content, document: Document, sound: bool) -> Iterator[Fault]:
    gene = read_gene(document)
    faults = [fault for law in GENE_LAWS for fault in law(GeneCheck(gene, document))]
    yield from faults
    if sound and not faults and loaded.with_cases:
        yield from _check_cases(document, "gene_case", lambda cases: _run_gene_cases(loaded, gene, cases))


def _run_gene_cases(loaded: _Content, gene: Gene, cases: Document) -> tuple[Fault, ...]:
    library = Library({**loaded.library.genes, gene.id: gene}, {}, {}, {}, loaded.library.synonyms, "")
    return run_gene_cases(cases, gene, library)


def _check_formula(loaded: _Content, document: Document) -> Iterator[Fault]:
    formula = read_formula(document, "")
    check = FormulaCheck(loaded.library, formula, document, load_ingredients(loaded.content))
    faults = [fault for law in FORMULA_LAWS for fault in law(check)]
    yield from faults
    if not faults and loaded.with_cases:
        yield from _check_cases(document, "formula_case", lambda cases: run_formula_cases(cases, formula, loaded.names))


def _check_cases(document: Document, kind: str, run: Callable[[Document], Iterable[Fault]]) -> Iterator[Fault]:
    """The cases beside a sound file: they are there, they keep their schema, and they come out as written."""
    cases = _cases_beside(document)
    if cases is None:
        name = f"{Path(document.path).stem}.test.yaml"
        yield document.fault((), "there are no cases beside it", f"add {name}")
        return
    yield from check_document(cases, kind) or run(cases)


def _cases_beside(document: Document) -> Document | None:
    root = CONTENT.parent.parent
    path = Path(document.path)
    path = path if path.is_absolute() or path.exists() else root / path
    beside = path.with_name(f"{path.stem}.test.yaml")
    return load_strict(beside, shown_path(beside.resolve())) if beside.exists() else None
