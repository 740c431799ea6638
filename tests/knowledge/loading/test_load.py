"""Loading: one digest over all content, a site's overlay over the shipped files, all faults at once."""

import shutil
from pathlib import Path

import pytest

from knowledge.library import Library
from knowledge.loading.errors import ContentError
from knowledge.loading.load import CONTENT, load_library
from knowledge.loading.policy_file import load_policy
from knowledge.policy import Policy
from knowledge.sign_off import SignOff


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy of the shipped content that a test may break."""
    return shutil.copytree(CONTENT, tmp_path / "content")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_site_signs_off_and_changes_an_alternative_without_editing_shipped_files(tmp_path: Path) -> None:
    """What the overlay says is merged over the shipped file; the rest stays; the digest tells the difference."""
    write(
        tmp_path / "drugs" / "clopidogrel.yaml",
        'status: reviewed\nreviewed: {by: P&T committee, until: "2027-06-30"}\n',
    )
    shipped, local = load_library(), load_library(tmp_path)
    assert [one.drugs["clopidogrel"].sign_off for one in (shipped, local)] == [
        SignOff("transcribed"),
        SignOff("reviewed", "2027-06-30"),
    ]
    assert shipped.drugs["clopidogrel"].tables == local.drugs["clopidogrel"].tables
    assert shipped.digest != local.digest


def test_an_overlay_that_breaks_the_schema_is_refused(tmp_path: Path) -> None:
    """The site's file is held to the same schema."""
    write(tmp_path / "drugs" / "clopidogrel.yaml", "status: fine\n")
    with pytest.raises(ContentError, match="status"):
        load_library(tmp_path)


@pytest.mark.parametrize("name", ["drugs/clopidogrel", "genes/CYP2C19", "modulators/CYP2D6", "formulas/gage"])
def test_who_signs_says_who_and_until_which_day(name: str, tmp_path: Path) -> None:
    """A status alone is no signature, and a day that no calendar has is none."""
    own = tmp_path / f"{name}.yaml"
    for text, at, what in (
        ("status: reviewed\n", 1, "'reviewed' is a required property"),
        ("status: reviewed\nreviewed: {by: A pharmacist}\n", 2, "'until' is a required property"),
        ('status: reviewed\nreviewed: {by: A pharmacist, until: "2027-13-01"}\n', 2, "'2027-13-01' does not match"),
    ):
        write(own, text)
        with pytest.raises(ContentError) as refused:
            load_library(tmp_path)
        ((path, line, said),) = [(fault.path, fault.line, fault.what) for fault in refused.value.faults]
        assert (path, line, what in said) == (str(own), at, True)
    write(own, 'status: reviewed\nreviewed: {by: A pharmacist, until: "2027-12-01"}\n')
    load_library(tmp_path)


def test_a_retired_file_of_inhibitors_is_not_loaded(library: Library, tmp_path: Path) -> None:
    """Neither for its own gene nor for those that it also speaks for; the other files stay."""
    write(tmp_path / "modulators" / "CYP2D6.yaml", "status: retired\n")
    local = load_library(tmp_path)
    assert library.modulators.keys() - local.modulators.keys() == {"CYP2D6"}
    assert local.modulators.keys() == local.modulators_signed.keys()


def test_all_broken_files_are_told_at_once(content: Path) -> None:
    """Two files, two faults, one exception."""
    for name in ("codeine", "warfarin"):
        path = content / "drugs" / f"{name}.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("status: transcribed", "status: No"), encoding="utf-8")
    with pytest.raises(ContentError) as refused:
        load_library(content=content)
    assert {Path(fault.path).name for fault in refused.value.faults} == {"codeine.yaml", "warfarin.yaml"}


def test_any_change_of_a_file_changes_the_digest(content: Path, library: Library) -> None:
    """Even a comment: the digest is that of the bytes."""
    path = content / "drugs" / "codeine.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "# checked\n", encoding="utf-8")
    changed = load_library(content=content)
    assert changed.digest != library.digest
    assert changed.drugs["codeine"].version != library.drugs["codeine"].version
    assert changed.drugs["warfarin"].version == library.drugs["warfarin"].version


def test_a_policy_is_read_over_the_defaults(tmp_path: Path) -> None:
    """What it leaves out is as the product has it."""
    assert load_policy(None) == load_policy(tmp_path) == Policy()
    write(tmp_path / "policy.yaml", "bodies: [FDA, CPIC]\nshow_no_action: true\npretest_priorities: []\n")
    assert load_policy(tmp_path) == Policy(bodies=("FDA", "CPIC"), show_no_action=True, pretest_priorities=())


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("max_cards: 3\nbodies: [cpik]\n", 2, "bodies/0: 'cpik' is not one of ['CPIC', 'FDA', 'DPWG']"),
        ("bodies: CPIC\n", 1, "bodies: 'CPIC' is not of type 'array'"),
        ("bodies: [FDA, FDA]\n", 1, "bodies: ['FDA', 'FDA'] has non-unique elements"),
        (
            "pretest_priorities: [requird]\n",
            1,
            "pretest_priorities/0: 'requird' is not one of ['required', 'recommended', 'optional']",
        ),
        ("max_cards: true\n", 1, "max_cards: True is not of type 'integer'"),
        ("max_cards: 0\n", 1, "max_cards: 0 is less than the minimum of 1"),
        ("reviewed_only: 1\n", 1, "reviewed_only: 1 is not of type 'boolean'"),
        ("- FDA\n", 1, "the file: ['FDA'] is not of type 'object'"),
        ("max_cards: 3\ncolour: red\n", 2, "the file: Additional properties are not allowed ('colour' was unexpected)"),
    ],
)
def test_a_policy_that_breaks_its_schema_is_refused_with_its_line(
    text: str, line: int, what: str, tmp_path: Path
) -> None:
    """A misspelt body or priority would mean: no order, no test, and nobody told."""
    write(tmp_path / "policy.yaml", text)
    with pytest.raises(ContentError) as refused:
        load_policy(tmp_path)
    assert [(fault.path, fault.line, fault.what) for fault in refused.value.faults] == [
        (str(tmp_path / "policy.yaml"), line, what)
    ]


def test_a_fault_of_an_overlay_is_told_with_the_overlays_own_file_and_line(tmp_path: Path) -> None:
    """What the site wrote is what the site can mend; the shipped file is faultless."""
    own = tmp_path / "drugs" / "clopidogrel.yaml"
    write(own, "# ours\nstatus: fine\n")
    with pytest.raises(ContentError) as refused:
        load_library(tmp_path)
    assert [(fault.path, fault.line) for fault in refused.value.faults] == [(str(own), 2)]


def test_a_file_of_an_overlay_that_nothing_reads_is_refused_and_others_are_not(tmp_path: Path) -> None:
    """A wrong name would look like a rule that holds; a name close to a shipped one is proposed."""
    write(tmp_path / "drugs" / "clopidogrel.yaml", "status: retired\n")
    write(tmp_path / "policy.yaml", "max_cards: 3\n")
    write(tmp_path / "drug_codes.yaml", '"urn:our-pharmacy": {X1: ["32968"]}\n')
    load_library(tmp_path)
    write(tmp_path / "drugs" / "clopidogril.yaml", "status: retired\n")
    write(tmp_path / "wholly-else.yml", "status: retired\n")
    with pytest.raises(ContentError) as refused:
        load_library(tmp_path)
    assert [(Path(fault.path).name, fault.mend) for fault in refused.value.faults] == [
        ("clopidogril.yaml", "rename it to drugs/clopidogrel.yaml, or remove it"),
        ("wholly-else.yml", "remove it: an overlay only changes shipped files"),
    ]
