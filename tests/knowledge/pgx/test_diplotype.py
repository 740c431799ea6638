"""Genotype texts: what is read, as what, and what is refused with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.library import Library
from knowledge.loading.load import load_library
from knowledge.pgx.diplotype import UnreadableGenotype, read_genotype

SHIPPED = load_library()


@pytest.mark.parametrize(
    ("symbol", "text", "strands"),
    [
        ("CYP2D6", "*1/*4", (("*1",), ("*4",))),
        ("CYP2D6", "CYP2D6 *1/*41", (("*1",), ("*41",))),
        ("CYP2D6", "CYP2D6_*1/*1", (("*1",), ("*1",))),
        ("CYP2D6", "CYP2D6*7.001 / CYP2D6*1.001", (("*7",), ("*1",))),
        ("CYP2D6", "*1/*1x7", (("*1",), ("*1x≥3",))),
        ("CYP2D6", "*1/(*2)x2", (("*1",), ("*2x2",))),
        ("CYP2D6", "*1x≥3/*4", (("*1x≥3",), ("*4",))),
        ("CYP2D6", "*36+*10/*1", (("*36", "*10"), ("*1",))),
        ("UGT1A1", "*1/*28+*80", (("*1",), ("*80+*28",))),
        ("DPYD", "*1/*2A", (("Reference",), ("c.1905+1G>A (*2A)",))),
        ("DPYD", "c.2846A>T (heterozygous)", (("Reference",), ("c.2846A>T",))),
        ("DPYD", "c.1905+1G>A heterozygous; c.2846A>T (het)", (("c.1905+1G>A (*2A)",), ("c.2846A>T",))),
        ("G6PD", "Mediterranean hemizygous", (("Mediterranean, Dallas, Panama, Sassari, Cagliari, Birmingham",),)),
        (
            "VKORC1",
            "rs9923231T/rs9923231C",
            (("rs9923231 reference (C)",), ("rs9923231 variant (T)",)),
        ),
        ("DPYD", "Reference/HapB3", (("Reference",), ("c.1129-5923C>G, c.1236G>A (HapB3)",))),
        ("MT-RNR1", "1555A>G", (("m.1555A>G",),)),
        ("MT-RNR1", "A1555G", (("m.1555A>G",),)),
        ("MT-RNR1", "m.1555A>G (heteroplasmic, 30 %)", (("m.1555A>G",),)),
        ("G6PD", "A- 202A_376G", (("A- 202A_376G",),)),
        (
            "VKORC1",
            "rs9923231 C/T",
            (("rs9923231 reference (C)",), ("rs9923231 variant (T)",)),
        ),
        (
            "VKORC1",
            "-1639 G/A",
            (("rs9923231 reference (C)",), ("rs9923231 variant (T)",)),
        ),
    ],
)
def test_a_genotype_is_read_in_the_names_of_the_gene_file(
    library: Library, symbol: str, text: str, strands: tuple[tuple[str, ...], ...]
) -> None:
    """Spelling, sub-alleles, copy numbers, tandems, legacy names and both strands of DNA."""
    assert read_genotype(library.genes[symbol], text).strands == strands


@pytest.mark.parametrize(
    ("symbol", "text"),
    [
        ("CYP2C19", ""),
        ("CYP2C19", "*2"),
        ("CYP2C19", "*1/*2/*3"),
        ("CYP2C19", "*1/"),
        ("CYP2C19", "*1/banana"),
        ("CYP2C19", "poor metabolizer"),
        ("CYP2D6", "*1/*35B"),
        ("VKORC1", "C/T"),
        ("VKORC1", "rs9923231"),
        ("TPMT", "*1/*3A/*3C"),
        ("MT-RNR1", "m.1555A>G/m.1494C>T"),
        ("MT-RNR1", "["),
        ("CYP2C19", "*1/[]"),
        ("DPYD", "[ ]/Reference"),
        ("CYP2D6", "*1/*" + "9" * 1000),
    ],
)
def test_what_cannot_be_read_whole_is_refused_with_a_reason(library: Library, symbol: str, text: str) -> None:
    """Malformed and incomplete texts are never completed."""
    with pytest.raises(UnreadableGenotype) as refused:
        read_genotype(library.genes[symbol], text)
    assert refused.value.reason


@pytest.mark.parametrize(
    ("symbol", "text", "unknown"),
    [
        ("CYP2D6", "*1/*999", ("*999",)),
        ("CYP2D6", "*1xN/*2", ("*1xN",)),
        ("CYP2D6", "*10x5/*1", ("*10x5",)),
        ("CYP2C19", "*1/[*2 + *17]", ("[*2 + *17]",)),
        ("DPYD", "Reference/c.9999A>G", ("c.9999A>G",)),
    ],
)
def test_an_undocumented_allele_is_kept_as_unknown(
    library: Library, symbol: str, text: str, unknown: tuple[str, ...]
) -> None:
    """It is named, and later leads to Indeterminate."""
    assert read_genotype(library.genes[symbol], text).unknown == unknown


def test_an_ambiguous_call_keeps_every_genotype(library: Library) -> None:
    """Two diplotypes that the laboratory could not tell apart are both possible."""
    genotype = read_genotype(library.genes["TPMT"], "*1/*3A or *3B/*3C")
    assert [option.canonical for option in genotype.possible] == ["*1/*3A", "*3B/*3C"]


@given(st.sampled_from(sorted(SHIPPED.genes)), st.text(max_size=60))
def test_any_text_is_read_or_refused(symbol: str, text: str) -> None:
    """Whatever the text, there is a genotype or a reason; nothing else is raised."""
    try:
        said = read_genotype(SHIPPED.genes[symbol], text).gene
    except UnreadableGenotype as error:
        said = error.reason and symbol
    assert said == symbol


@given(st.data())
def test_every_listed_pair_is_read_as_itself(data: st.DataObject) -> None:
    """Two alleles of a gene's file, joined by a slash, come back under their own names."""
    symbol = data.draw(
        st.sampled_from([key for key, gene in SHIPPED.genes.items() if gene.method == "function_pair" and gene.alleles])
    )
    gene = SHIPPED.genes[symbol]
    listed = sorted({allele.name for allele in gene.alleles.values()})
    first, second = data.draw(st.sampled_from(listed)), data.draw(st.sampled_from(listed))
    assert read_genotype(gene, f"{first}/{second}").strands == ((first,), (second,))
