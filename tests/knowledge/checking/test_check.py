"""The checker: every fault of a file is found in one run, with its line and how to mend it."""

import re
import shutil
from pathlib import Path

import pytest

from cards.phrases import load_words
from knowledge.checking.check import check_content, check_overlay
from knowledge.checking.check_digits import is_loinc_code, is_snomed_code
from knowledge.loading.load import CONTENT
from knowledge.loading.schema import TO_FILL_IN

FIVE_FAULTS = """\
id: clopidogrel
status: transcribed
codes: {rxnorm: ["32968"]}
genes: [CYP2C19, CYP2D6]
alternatives:
  prasugrel: {unless: [bad_weather]}
bodies:
  cpic:
    body: CPIC
    source: {title: T, url: "https://example.org", version: "1", transcribed: "2026-11-23"}
    rows:
      - id: poor
        when: {CYP2C19: [poor, likely_poor]}
        strength: strong
        indicator: critical
        effect: {direction: sideways}
        actions: [{avoid: {}}, {offer: [prasugrel, unicorn]}]
      - id: rest
        when: {CYP2C19: [ultrarapid, rapid, normal, likely_intermediate, intermediate, indeterminate, purple]}
        strength: none
"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy of the shipped content that a test may break."""
    return shutil.copytree(CONTENT, tmp_path / "content")


def faults_of(content: Path, text: str) -> list[tuple[int, str]]:
    """Lines and words of what is wrong with a clopidogrel file of this text."""
    path = content / "drugs" / "clopidogrel.yaml"
    path.write_text(text, encoding="utf-8")
    return [(fault.line, fault.what) for fault in check_content(load_words(), content, only=path)]


def test_the_shipped_content_has_no_fault() -> None:
    """Laws, totality and every case of every file."""
    assert check_content(load_words()) == ()


def test_five_different_faults_give_five_located_messages(content: Path) -> None:
    """Unknown gene result, unknown words, unknown alternative, unknown condition, a gene nobody asks about."""
    assert faults_of(content, FIVE_FAULTS) == [
        (4, "genes does not list what the tables ask about"),
        (6, "there is no condition set 'bad_weather'"),
        (12, "poor: 'sideways' has no words"),
        (12, "poor: 'unicorn' is offered and not declared"),
        (18, "rest: CYP2C19 has no result 'purple'"),
    ]


def test_a_change_that_is_left_to_the_prescriber_in_a_condition_that_has_no_file_is_a_fault(content: Path) -> None:
    """A misspelt one would leave the new dose on offer."""
    path = content / "drugs" / "tacrolimus.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("by_hand_in: [severe_liver_disease]", "by_hand_in: [bad_liver]", 1), encoding="utf-8")
    assert [fault.what for fault in check_content(load_words(), content, only=path)] == [
        "there is no condition set 'bad_liver'"
    ]


def test_a_partner_of_an_alternative_that_nothing_knows_is_a_fault(content: Path) -> None:
    """A misspelt one would forbid nothing; an ingredient, a group and a class are known."""
    text = (content / "drugs" / "clopidogrel.yaml").read_text(encoding="utf-8")
    right = "not_with: [CYP3A4 inhibitor strong, CYP3A4 inducer strong, oral p2y12 inhibitors]"
    assert faults_of(content, text) == []
    wrong = "not_with: [anticoagulant, CYP3A4 inhibitor huge, warfarin]"
    line = text[: text.index("  ticagrelor:")].count("\n") + 1
    assert faults_of(content, text.replace(right, wrong)) == [
        (line, "'CYP3A4 inhibitor huge' is no medicine, group or class"),
        (line, "'anticoagulant' is no medicine, group or class"),
    ]


def test_a_medicine_of_a_population_that_nothing_knows_is_a_fault(content: Path) -> None:
    """Inside one of several criteria as well: a misspelt class would never be taken."""
    text = (content / "drugs" / "clopidogrel.yaml").read_text(encoding="utf-8")
    label = "    label: acute coronary syndrome or percutaneous coronary intervention\n"
    asking = "    either: [{beside: [CYP3A4 inhibitor strong]}, {judgement: it is so}]\n"
    line = text[: text.index("  acs_pci:")].count("\n") + 1
    told = [fault for fault in faults_of(content, text.replace(label, label + asking)) if "medicine" in fault[1]]
    assert told == []
    assert faults_of(content, text.replace(label, label + asking.replace("strong", "huge"))) == [
        (line, "'CYP3A4 inhibitor huge' is no medicine, group or class")
    ]


def test_a_hole_and_an_overlap_in_a_table_are_named_cell_by_cell(content: Path) -> None:
    """Total and disjoint: rapid is answered twice, ultrarapid by nobody."""
    text = FIVE_FAULTS.replace("ultrarapid, rapid, ", "rapid, ").replace(
        "[poor, likely_poor]", "[poor, likely_poor, rapid]"
    )
    for fault in (
        "unless: [bad_weather]",
        ", purple",
        ", unicorn",
        "        effect: {direction: sideways}\n",
        ", CYP2D6",
    ):
        text = text.replace(fault, "")
    assert [what for _, what in faults_of(content, text)] == [
        "cpic: CYP2C19 ultrarapid, population general: no row answers",
        "cpic: CYP2C19 rapid, population general: 2 rows answer (poor, rest)",
    ]


def test_faults_of_every_kind_are_found_in_one_run(content: Path) -> None:
    """A bare star, a date, a word that the schema does not know, a result that the gene has not, a missing strength."""
    text = """\
id: clopidogrel
status: transcribed
codes: {rxnorm: ["32968"]}
genes: [CYP2C19]
bodies:
  cpic:
    body: CPIC
    source: {title: T, url: "https://example.org", version: 2022-01-16, transcribed: "2026-11-23"}
    rows:
      - id: one
        when: {CYP2C19: [*2, poor]}
        strength: strong
        actions: [{keep: {}}]
      - id: two
        when: {CYP2C19: [normal]}
        strength: mighty
        actions: [{keep: {}}]
      - id: three
        when: {CYP2C19: [rapid]}
        actions: [{keep: {}}]
"""
    assert [(line, what.split(":")[0]) for line, what in faults_of(content, text)] == [
        (8, "'2022-01-16' is not plain text to YAML"),
        (10, "one"),
        (11, "a bare * begins a YAML alias"),
        (16, "bodies/cpic/rows/1/strength"),
        (18, "bodies/cpic/rows/2"),
    ]


def test_a_case_that_expects_something_else_is_a_fault_of_the_case(content: Path) -> None:
    """The message says what was expected and what came."""
    path = content / "drugs" / "clopidogrel.test.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("row: cpic/poor-acs-pci, avoid: true, offer: [prasugrel, ticagrelor]", "row: cpic/poor-acs-pci", 1)
    )
    faults = check_content(load_words(), content, only=content / "drugs" / "clopidogrel.yaml")
    assert [fault.what.split(": ", 1)[1] for fault in faults] == [
        "cpic/poor-acs-pci: expected avoid None, got True",
        "cpic/poor-acs-pci: expected offer None, got ['prasugrel', 'ticagrelor']",
    ]


def test_a_row_that_no_case_tries_is_a_fault(content: Path) -> None:
    """A rule without a case does not pass."""
    path = content / "drugs" / "clopidogrel.test.yaml"
    cases = path.read_text(encoding="utf-8").split("\n\n")
    path.write_text("\n\n".join(case for case in cases if "cpic/silent-indeterminate" not in case), encoding="utf-8")
    faults = check_content(load_words(), content, only=content / "drugs" / "clopidogrel.yaml")
    assert [fault.what for fault in faults] == ["no case tries the row cpic/silent-indeterminate"]


@pytest.mark.parametrize(("code", "holds"), [("84413-4", True), ("83009-1", True), ("83009-9", False), ("abc", False)])
def test_a_loinc_code_with_a_wrong_check_digit_is_found(code: str, holds: bool) -> None:
    """LOINC's digit is Luhn's."""
    assert is_loinc_code(code) is holds


@pytest.mark.parametrize(("code", "holds"), [("22298006", True), ("230690007", True), ("22298007", False)])
def test_a_snomed_code_with_a_wrong_check_digit_is_found(code: str, holds: bool) -> None:
    """SNOMED CT's digit is Verhoeff's."""
    assert is_snomed_code(code) is holds


def test_an_overlay_is_checked_with_its_policy_its_codes_and_what_it_makes_of_the_shipped_files(tmp_path: Path) -> None:
    """Good: a sign-off. Bad: a row that two rows answer, a policy and a code that are none; each in the site's file."""
    (tmp_path / "drugs").mkdir()
    own = tmp_path / "drugs" / "clopidogrel.yaml"
    own.write_text('status: reviewed\nreviewed: {by: P&T committee, until: "2027-06-30"}\n', encoding="utf-8")
    assert check_overlay(load_words(), tmp_path) == ()
    rows = (
        "      - {id: all, when: {CYP2C19: [any]}, strength: none}\n"
        "      - {id: too, when: {CYP2C19: [poor]}, strength: none}\n"
    )
    own.write_text(f"bodies:\n  fda:\n    rows:\n{rows}", encoding="utf-8")
    (tmp_path / "policy.yaml").write_text("colour: red\n", encoding="utf-8")
    (tmp_path / "drug_codes.yaml").write_text("- X1\n", encoding="utf-8")
    assert [(Path(fault.path).name, fault.line, fault.what) for fault in check_overlay(load_words(), tmp_path)] == [
        ("drug_codes.yaml", 1, "the file: ['X1'] is not of type 'object'"),
        ("clopidogrel.yaml", 5, "fda: CYP2C19 poor, population general: 2 rows answer (all, too)"),
        ("policy.yaml", 1, "the file: Additional properties are not allowed ('colour' was unexpected)"),
    ]


def test_a_reduction_leaves_a_dose_and_an_increase_raises_it(content: Path) -> None:
    """50% is one; 150% and a factor of 2 are none, and neither is an increase by a factor of 0.5."""
    before = FIVE_FAULTS.split("      - id: poor")[0]
    table = before + "      - {id: all, when: {CYP2C19: [any]}, strength: strong, indicator: info, actions: [ACTION]}\n"
    wrong = {
        "{reduce: {percent: 50}}": False,
        "{reduce: {percent: 150}}": True,
        "{reduce: {percent: [50, 120]}}": True,
        "{reduce: {factor: 2}}": True,
        "{increase: {percent: 150}}": False,
        "{increase: {factor: 0.5}}": True,
    }
    for action, is_wrong in wrong.items():
        told = [what for _, what in faults_of(content, table.replace("ACTION", action)) if what.endswith(" dose")]
        assert bool(told) is is_wrong, action


def test_what_the_scaffold_left_to_be_filled_in_is_a_fault(content: Path) -> None:
    """A source that nobody named must not stand on a card; once it is named the fault is gone."""
    path = content / "drugs" / "clopidogrel.yaml"
    whole = path.read_text(encoding="utf-8")
    left = re.sub(r"version: .*", f'version: "{TO_FILL_IN}"', whole, count=1)
    assert left != whole
    assert [what for _, what in faults_of(content, left)] == ["bodies/cpic/source/version: is not filled in"]


def test_a_row_that_is_switched_off_must_be_there(tmp_path: Path) -> None:
    """A misspelt id would leave the wrong row in use; a right one is no fault."""
    (tmp_path / "drugs").mkdir()
    file = tmp_path / "drugs" / "clopidogrel.yaml"
    file.write_text('id: clopidogrel\nswitched_off: {cpic/poor-acs-pci: "Not used by this site."}\n')
    assert check_overlay(load_words(), tmp_path) == ()
    file.write_text('id: clopidogrel\nswitched_off:\n  cpic/poor-acs-pcy: "Not used by this site."\n')
    (fault,) = check_overlay(load_words(), tmp_path)
    assert (Path(fault.path).name, fault.line) == ("clopidogrel.yaml", 3)
    assert fault.what == "no row has the id 'cpic/poor-acs-pcy'"
    assert fault.mend.startswith("near: cpic/poor-acs-pci")
