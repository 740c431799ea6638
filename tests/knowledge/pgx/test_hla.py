"""HLA typing: positive, negative, ambiguous and unknown are four answers."""

import pytest

from knowledge.library import Library
from knowledge.pgx.diplotype import UnreadableGenotype, read_genotype

HLA_B = ("*15:02", "*57:01", "*58:01", "*15:11")


@pytest.mark.parametrize(
    ("text", "presence"),
    [
        ("hla#3.23.0#HLA-B*15:01:01G+HLA-B*57:01:01G", ("negative", "positive", "negative", "negative")),
        ("*57:01/*07:02", ("negative", "positive", "negative", "negative")),
        ("HLA-B*15:02", ("positive", "unknown", "unknown", "unknown")),
        ("B*57:01/B*07:02", ("negative", "positive", "negative", "negative")),
        ("HLA-B*08:01", ("unknown", "unknown", "unknown", "unknown")),
        ("*57:01 positive", ("unknown", "positive", "unknown", "unknown")),
        ("*57:01 negative; *58:01 not detected", ("unknown", "negative", "negative", "unknown")),
        (
            "hla#3.31.0#HLA-B*15:01+HLA-B*15:01|HLA-B*15:02+HLA-B*15:25",
            ("ambiguous", "negative", "negative", "negative"),
        ),
        ("HLA-B*57:01/HLA-B*57:03+HLA-B*07:02", ("negative", "ambiguous", "negative", "negative")),
        ("*15:XX/*07:02", ("ambiguous", "negative", "negative", "ambiguous")),
        ("*57/*07:02", ("negative", "ambiguous", "negative", "negative")),
        ("hla#3.33.0#HLA-B*08:01/HLA-B*40:01", ("unknown", "unknown", "unknown", "unknown")),
        (
            "hla#3.23.0#HLA-A*01:01+HLA-A*02:01^HLA-B*57:01+HLA-B*58:01",
            ("negative", "positive", "positive", "negative"),
        ),
    ],
)
def test_each_risk_allele_gets_its_own_answer(library: Library, text: str, presence: tuple[str, ...]) -> None:
    """Second field decides; one copy leaves the other open; groups and ambiguity are respected."""
    found = read_genotype(library.genes["HLA-B"], text).presence
    assert found == tuple(zip(HLA_B, presence, strict=True))


@pytest.mark.parametrize("text", ["*13:AKBAR", "HLA-B*13:AKBAR"])
def test_a_code_for_several_alleles_that_leaves_everything_open_is_not_read(library: Library, text: str) -> None:
    """It is on file, and says nothing without NMDP's table."""
    with pytest.raises(UnreadableGenotype, match="a code for several alleles"):
        read_genotype(library.genes["HLA-B"], text)


@pytest.mark.parametrize("text", ["HLA-A*31:01", "hla#3.23.0#HLA-A:01:01G", "positive", "*57:01+*58:01+*07:02", "B27"])
def test_a_typing_of_another_locus_or_malformed_is_refused(library: Library, text: str) -> None:
    """HLA-A says nothing about HLA-B, and a status without an allele says nothing at all."""
    with pytest.raises(UnreadableGenotype):
        read_genotype(library.genes["HLA-B"], text)
