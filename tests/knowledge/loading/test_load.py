"""Loading: one digest over all content, a site's overlay over the shipped files, all faults at once."""

import shutil
from pathlib import Path

import pytest

from knowledge.library import Library, Policy
from knowledge.loading.errors import ContentError
from knowledge.loading.load import CONTENT, load_library, load_policy
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


def test_a_policy_is_read_over_the_defaults_and_its_faults_are_told(tmp_path: Path) -> None:
    """Known settings only, with the names of those that are known."""
    assert load_policy(None) == Policy()
    write(tmp_path / "policy.yaml", "bodies: [FDA, CPIC]\nshow_no_action: true\n")
    assert load_policy(tmp_path) == Policy(bodies=("FDA", "CPIC"), show_no_action=True)
    write(tmp_path / "policy.yaml", "max_cards: true\nreviewed_only: 1\nbodies: CPIC\n")
    with pytest.raises(ContentError) as caught:
        load_policy(tmp_path)
    assert [(fault.line, fault.mend) for fault in caught.value.faults] == [
        (1, "give a whole number above 0"),
        (2, "give true or false"),
        (3, "give a list of words"),
    ]
    write(tmp_path / "policy.yaml", "- FDA\n")
    with pytest.raises(ContentError, match="is no mapping"):
        load_policy(tmp_path)
    write(tmp_path / "policy.yaml", "colour: red\n")
    with pytest.raises(ContentError, match="'colour' is no policy"):
        load_policy(tmp_path)


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
