"""Compiled content is the same content, sooner; made of other files it is not used."""

import json
import shutil
from pathlib import Path

import pytest

from knowledge.loading.compiled import read_compiled, write_compiled
from knowledge.loading.errors import ContentError
from knowledge.loading.load import CONTENT, load_library, read_content
from knowledge.sign_off import SignOff


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy of the shipped content without its compiled file."""
    copy = tmp_path / "content"
    shutil.copytree(CONTENT, copy, ignore=shutil.ignore_patterns("compiled.json", "*.test.yaml"))
    return copy


def compile_copy(content: Path) -> None:
    """What `make` does."""
    files = read_content(content=content)
    assert files.faults == ()
    write_compiled(content, files.digest, {one.path: one.data for read in files.documents.values() for one in read})


def test_compiled_content_is_the_same_content(content: Path) -> None:
    """Types, numbers and digests."""
    plain = load_library(content=content)
    compile_copy(content)
    again = load_library(content=content)
    assert read_compiled(content, again.digest) != {}
    assert again == plain


def test_after_a_change_the_files_themselves_are_read(content: Path) -> None:
    """A stale compiled file is passed over, and faults are found."""
    compile_copy(content)
    drug = content / "drugs" / "codeine.yaml"
    drug.write_text(
        drug.read_text(encoding="utf-8").replace("strength: strong", "strength: heavy", 1), encoding="utf-8"
    )
    with pytest.raises(ContentError, match="'heavy' is not one of"):
        load_library(content=content)


@pytest.mark.parametrize("text", ["", "[1]", '{"digest": "x", "data": 1}', "{"])
def test_a_broken_compiled_file_is_passed_over(content: Path, text: str) -> None:
    """Nothing but speed hangs on it."""
    (content / "compiled.json").write_text(text, encoding="utf-8")
    assert load_library(content=content).drugs.keys() == load_library().drugs.keys()


def test_a_sites_overlay_is_merged_over_compiled_content(content: Path, tmp_path: Path) -> None:
    """And checked like everything else."""
    compile_copy(content)
    overlay = tmp_path / "overlay"
    (overlay / "drugs").mkdir(parents=True)
    local = overlay / "drugs" / "codeine.yaml"
    local.write_text('status: reviewed\nreviewed: {by: "A pharmacist", until: "2027-01-01"}\n', encoding="utf-8")
    assert load_library(overlay, content).drugs["codeine"].sign_off == SignOff("reviewed", "2027-01-01")
    local.write_text("status: signed\n", encoding="utf-8")
    with pytest.raises(ContentError, match="'signed' is not one of"):
        load_library(overlay, content)


def test_the_compiled_file_is_plain_json(content: Path) -> None:
    """Digest and data, nothing else."""
    compile_copy(content)
    assert sorted(json.loads((content / "compiled.json").read_bytes())) == ["data", "digest"]
