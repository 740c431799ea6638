"""The checker on formulas: what the schema refuses, what the laws refuse, and cases that come out otherwise."""

import shutil
from pathlib import Path

import pytest

from cards.phrases import load_words
from knowledge.checking.check import check_content
from knowledge.loading.load import CONTENT

FAULTY = """\
id: gage
status: transcribed
title: a faulty equation
sources: [{title: T, url: "https://example.org", version: "1", transcribed: "2026-11-24"}]
gives: {unit: mg, per: day}
plausible: {from: 15, to: 0.5}
transform: exp
constant: 1
terms:
  - {number: age_years, coefficient: 1}
  - {diplotype: CYP2C9, coefficients: {"*1/*1": 0, "*1/*2": 1, "*2/*1": 2}}
  - {alleles: VKORC1, coefficients: {reference: 0, elephant: 1}}
  - {alleles: NOGENE, coefficients: {a: 0, b: 1}}
  - {medicine: unobtainium, coefficient: 1}
  - {condition: bad_weather, coefficient: 1}
  - {number: age_years, coefficient: 2}
limits: {target_inr: {from: 1}}
excludes: {medicines: [elixir], because: of nothing}
"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy of the shipped content that a test may break."""
    return shutil.copytree(CONTENT, tmp_path / "content")


def faults_of(content: Path, text: str, name: str = "gage.yaml") -> list[tuple[int, str]]:
    """Lines and words of what is wrong once this file has this text."""
    path = content / "formulas" / name
    path.write_text(text, encoding="utf-8")
    return [(fault.line, fault.what) for fault in check_content(load_words(), content, only=path)]


def test_every_fault_of_a_formula_is_found_at_its_term(content: Path) -> None:
    """Unknown gene, medicine and condition, values that stand twice or are none, a pair left out, an unused limit."""
    assert faults_of(content, FAULTY) == [
        (6, "15 is not below 0.5"),
        (11, "*2/*1 and *1/*2 are the same"),
        (11, "CYP2C9 *2/*2 has no coefficient"),
        (12, "'elephant' is no allele of VKORC1"),
        (13, "there is no file for 'NOGENE'"),
        (14, "'unobtainium' is no RxNorm ingredient"),
        (15, "there is no file for 'bad_weather'"),
        (16, "age_years stands in two terms"),
        (17, "no term asks for target_inr"),
        (18, "'elixir' is no RxNorm ingredient"),
    ]


def test_a_term_is_of_one_kind(content: Path) -> None:
    """A number and a gene in one term, and an input that nobody reads."""
    shipped = (content / "formulas" / "gage.yaml").read_text(encoding="utf-8")
    for wrong in ("{number: shoe_size, coefficient: 1}", "{number: age_years, coefficients: {a: 0, b: 1}}"):
        text = shipped.replace("{number: age_years, coefficient: -0.00745}", wrong)
        line = text.splitlines().index(f"  - {wrong}") + 1
        assert {at for at, _ in faults_of(content, text)} == {line}


def test_a_changed_coefficient_is_found_by_the_worked_examples(content: Path) -> None:
    """Every case that computes a dose, and none that does not."""
    shipped = (content / "formulas" / "gage.yaml").read_text(encoding="utf-8")
    found = faults_of(content, shipped.replace("-0.00745", "-0.0745"))
    assert [what.split("'")[1] for _, what in found] == [
        "A worked example with one variant of each gene",
        "The same patient with amiodarone, smoking, with a pulmonary embolism",
        "A higher target and no variant mean a higher dose",
        "Each allele of a gene counts by itself",
        "A result that nobody would start with is not shown",
    ]


def test_cases_must_be_there_and_must_be_understood(content: Path) -> None:
    """As for drugs and genes."""
    beside = content / "formulas" / "gage.test.yaml"
    shipped = (content / "formulas" / "gage.yaml").read_text(encoding="utf-8")
    beside.write_text(
        '- {name: A case, given: {conditions: [rain]}, expect: {dose: "1.00 mg/day"}}\n', encoding="utf-8"
    )
    assert [what[:27] for _, what in faults_of(content, shipped)] == ["'A case': conditions: 'rain"]
    beside.unlink()
    assert [what for _, what in faults_of(content, shipped)] == ["there are no cases beside it"]


def test_a_drug_names_formulas_that_are_there_and_ask_for_its_genes(content: Path) -> None:
    """The genes of the row's own table."""
    path = content / "drugs" / "warfarin.yaml"
    shipped = path.read_text(encoding="utf-8")
    path.write_text(shipped.replace("[iwpc-eu-pact, gage]", "[iwpc-eu-pact, nobody]"), encoding="utf-8")
    found = [fault.what for fault in check_content(load_words(), content, only=path)]
    assert found == ["algorithm: there is no formula 'nobody'"]
    drug = content / "drugs" / "clopidogrel.yaml"
    text = drug.read_text(encoding="utf-8").replace(
        "actions: [{avoid", "actions: [{dose: {formulas: [gage]}}, {avoid", 1
    )
    drug.write_text(text, encoding="utf-8")
    found = [fault.what for fault in check_content(load_words(), content, only=drug)]
    assert {what.split(": ", 1)[1] for what in found} == {
        "gage asks for CYP2C9, and no row of cpic does",
        "gage asks for VKORC1, and no row of cpic does",
    }
