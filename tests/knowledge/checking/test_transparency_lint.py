"""content/transparency.yaml is checked like any other content: all faults at once, each with its line and its mend."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cards.phrases import load_words
from knowledge.checking.check import check_content
from knowledge.loading.load import CONTENT


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A copy of the content that may be spoiled: single files, conditions, and one drug with its gene."""
    for name in ("conditions", "imported"):
        shutil.copytree(CONTENT / name, tmp_path / name)
    for path in [*CONTENT.glob("*.yaml"), *CONTENT.glob("drugs/abacavir.*"), *CONTENT.glob("genes/HLA-B.*")]:
        (tmp_path / path.relative_to(CONTENT)).parent.mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / path.relative_to(CONTENT))
    return tmp_path


def faults_of(content: Path, *changes: tuple[str, str]) -> list[str]:
    """The faults of transparency.yaml after its text was changed, without their path."""
    path = content / "transparency.yaml"
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    found = check_content(load_words(), content)
    return [f"{fault.what}: {fault.mend}" for fault in found if fault.path.endswith("transparency.yaml")]


def test_the_shipped_file_has_no_fault(content: Path) -> None:
    """As it is."""
    assert faults_of(content) == []


def test_every_fault_is_told_at_once(content: Path) -> None:
    """A body, a fact and a placeholder that are not known, a condition set that is not there."""
    found = faults_of(
        content,
        ("  FDA:\n", "  EMA:\n"),
        ("  smokes: health_status\n", "  drinks: health_status\n"),
        ("  pregnancy: health_status\n", "  wellness: health_status\n"),
        ("{strength}", "{grade}"),
    )
    assert sorted(one.split(":")[0] for one in found) == [
        "FDA has tables and is not named",
        "no rule can ask for drinks",
        "rules can ask for smokes, which is not named",
        "wellness is no condition set",
        "{grade} stands for nothing",
    ]


@pytest.mark.parametrize(
    "name", ["transparency", "synonyms", "answer_codes", "display_words", "atc_combinations", "medicine_groups"]
)
def test_a_broken_single_file_is_a_fault_and_no_traceback(content: Path, name: str) -> None:
    """The rest of the content is checked all the same."""
    (content / f"{name}.yaml").write_text("3\n", encoding="utf-8")
    found = {Path(fault.path).name for fault in check_content(load_words(), content)}
    assert f"{name}.yaml" in found
