"""The table of fields in knowledge/README.md is that of the schemas, and leaves no field of a drug file out."""

from pathlib import Path

from knowledge.checking.field_table import render_tables

README = Path(__file__).resolve().parents[3] / "knowledge" / "README.md"


def test_the_printed_table_is_the_derived_one() -> None:
    """Print it anew: python -m knowledge.checking.field_table."""
    assert render_tables() in README.read_text(encoding="utf-8")


def test_what_an_author_writes_most_is_explained() -> None:
    """Fields of rows, actions, populations and genes."""
    tables = render_tables()
    for field in ("bodies.rows.when", "bodies.rows.actions.reduce.percent", "populations.weight_kg", "pretest.genes"):
        assert f"| `{field}` |" in tables
    for field in ("alleles", "phenotypes.pairs", "unphased", "lasting", "given.genes", "expect.offer"):
        assert f"| `{field}` |" in tables
