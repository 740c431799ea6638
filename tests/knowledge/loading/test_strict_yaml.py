"""The strict loader: what it reads, and what it refuses with a line and a way to mend it."""

from decimal import Decimal
from pathlib import Path

import pytest

from knowledge.loading.strict_yaml import load_strict


def write(folder: Path, text: str) -> Path:
    path = folder / "drug.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_plain_values_are_text_but_for_the_four_allowed_kinds(tmp_path: Path) -> None:
    """Only true, false, integers, decimals and null are other than text."""
    text = 'a: poor\nb: 7\nc: 0.25\nd: true\ne: null\nf: "*2"\ng: [x, 1]\n'
    document = load_strict(write(tmp_path, text))
    assert document.faults == ()
    assert document.data == {
        "a": "poor",
        "b": 7,
        "c": Decimal("0.25"),
        "d": True,
        "e": None,
        "f": "*2",
        "g": ["x", 1],
    }


@pytest.mark.parametrize("written", ["No", "yes", "2022-01-16", "075", "12:30", "~", ".5"])
def test_implicit_types_of_yaml_are_refused_with_their_line(tmp_path: Path, written: str) -> None:
    """A value that YAML would silently turn into something else is a fault, in quotes it is text."""
    refused = load_strict(write(tmp_path, f"first: 1\nsecond: {written}\n"))
    assert [fault.line for fault in refused.faults] == [2]
    quoted = load_strict(write(tmp_path, f'first: 1\nsecond: "{written}"\n'))
    assert (quoted.faults, quoted.data["second"]) == ((), written)


def test_a_bare_star_allele_is_told_to_be_quoted(tmp_path: Path) -> None:
    """`*2` is a YAML alias, and the message says what to do."""
    document = load_strict(write(tmp_path, "a: 1\nb: [*2]\n"))
    assert [(fault.line, fault.mend) for fault in document.faults] == [(2, 'quote star alleles ("*2")')]


def test_a_tab_is_told_to_be_spaces_and_another_odd_letter_is_not(tmp_path: Path) -> None:
    """YAML calls both a character that cannot start any token."""
    told = [load_strict(write(tmp_path, f"a: 1\n{odd}b: 2\n")).faults[0] for odd in ("\t", "@")]
    assert [(fault.line, fault.mend) for fault in told] == [
        (2, "indent with spaces"),
        (2, "mend the line's quotes, brackets or indentation"),
    ]


def test_an_alias_is_refused_although_yaml_allows_it(tmp_path: Path) -> None:
    """What stands in a file is what it says; nothing is filled in from elsewhere."""
    document = load_strict(write(tmp_path, "a: &x [1]\nb: *x\n"))
    assert [(fault.line, fault.what) for fault in document.faults] == [
        (1, "an alias stands for another part of the file")
    ]


def test_all_faults_of_a_file_are_said_at_once(tmp_path: Path) -> None:
    """A duplicate key, an implicit type and an empty value in one run."""
    document = load_strict(write(tmp_path, "a: 1\na: 2\nb: No\nc:\n"))
    assert [(fault.line, fault.what) for fault in document.faults] == [
        (2, "the key 'a' stands twice"),
        (3, "'No' is not plain text to YAML"),
        (4, "nothing after the colon is not plain text to YAML"),
    ]


def test_lines_are_known_for_every_node_and_for_what_is_not_there(tmp_path: Path) -> None:
    """A missing node has the line of the nearest one above it."""
    document = load_strict(write(tmp_path, "a:\n  b:\n    - c: 1\n    - d: 2\n"))
    assert document.line("a", "b", 1, "d") == 4
    assert document.line("a", "b", 1, "missing") == 4
    assert document.line("elsewhere") == 1
