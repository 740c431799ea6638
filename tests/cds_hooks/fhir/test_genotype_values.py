"""A genotype is read from code, display, text, string or component, by the grammar and nothing else."""

from typing import Any

import pytest
from fhir_samples import (
    CLINVAR,
    GL_STRING,
    LIBRARY,
    LOINC,
    PHARMVAR,
    component,
    concept,
    genotype,
    observation,
    read,
    studied,
    unreadable,
)

from cds_hooks.fhir.gene_file import read_gene_results
from knowledge.facts import Answer


def results(resource: Any) -> tuple[object, ...]:
    return read_gene_results(resource, LIBRARY)


def test_genotype_is_read_when_only_the_text_holds_it() -> None:
    """The commonest shape: no coding at all; the literal is kept for the card."""
    assert results(genotype("CYP2C19", "CYP2C19*1/*2")) == (read("CYP2C19", "*1/*2", as_written="CYP2C19*1/*2"),)


@pytest.mark.parametrize("spelling", ["CYP2C19_*1/*2", "CYP2C19*1/*2", "CYP2C19 *1/*2"])
def test_genotype_is_read_when_the_code_is_spelled_with_any_separator(spelling: str) -> None:
    """PharmVar codes are written with underscore, blank or nothing between gene and allele."""
    value = concept((PHARMVAR, spelling, "CYP2C19 *1/*2"))
    expected = read("CYP2C19", "*1/*2", as_written="CYP2C19 *1/*2")
    assert results(observation("84413-4", value, studied("CYP2C19"))) == (expected,)


def test_sub_allele_is_read_when_pharmvar_names_it() -> None:
    """*2.001 stays as written for the card; the grammar cuts it to the core allele."""
    expected = read("CYP2C19", "*2.001 / *1.001", as_written="CYP2C19*2.001 / CYP2C19*1.001")
    assert results(genotype("CYP2C19", "CYP2C19*2.001 / CYP2C19*1.001")) == (expected,)


def test_display_is_read_when_the_code_is_an_id_of_another_system() -> None:
    """A ClinVar id is no genotype; its display is."""
    value = concept((CLINVAR, "638797", "CYP2C19*2/*2"))
    expected = read("CYP2C19", "*2/*2", as_written="CYP2C19*2/*2")
    assert results(observation("84413-4", value, studied("CYP2C19"))) == (expected,)


def test_genotype_is_refused_when_code_and_display_spell_different_ones() -> None:
    """Neither the code nor the display is trusted over the other."""
    value = concept((PHARMVAR, "CYP2C19 *1/*1", "CYP2C19 *1/*2"))
    reason = "its code and its words spell different genotypes: “CYP2C19 *1/*1” and “CYP2C19 *1/*2”"
    expected = unreadable("CYP2C19", reason, as_written="CYP2C19 *1/*2")
    assert results(observation("84413-4", value, studied("CYP2C19"))) == (expected,)


def test_genotype_is_read_when_the_strands_come_in_another_order_in_the_display() -> None:
    """*1/*2 and *2/*1 are the same genotype."""
    value = concept((PHARMVAR, "CYP2C19 *1/*2", "CYP2C19 *2/*1"))
    expected = read("CYP2C19", "*1/*2", as_written="CYP2C19 *2/*1")
    assert results(observation("84413-4", value, studied("CYP2C19"))) == (expected,)


def test_genotype_is_read_when_it_is_a_string() -> None:
    """valueString, without a coding."""
    assert results(observation("84413-4", "*1/*3", studied("CYP2C9"))) == (read("CYP2C9", "*1/*3"),)


def test_genotype_is_read_when_it_sits_in_a_component() -> None:
    """Some senders put 84413-4 into a component, and the gene as plain text beside it."""
    gene = component("48018-6", concept(text="CYP2C9"))
    assert results(observation("84413-4", None, gene, component("84413-4", "*1/*3"))) == (read("CYP2C9", "*1/*3"),)


def test_genotype_is_read_when_it_comes_under_the_code_of_a_phenotype() -> None:
    """53040-2 asks for a phenotype; the value's form decides."""
    expected = read("CYP2C19", "*2/*2", as_written="CYP2C19 *2/*2")
    assert results(observation("53040-2", "CYP2C19 *2/*2")) == (expected,)


def test_bare_bases_are_refused_when_nothing_says_their_position() -> None:
    """C/T may belong to anything."""
    reason = "bare nucleotides “C/T” do not say which position of VKORC1 they belong to"
    assert results(genotype("VKORC1", "C/T")) == (unreadable("VKORC1", reason, as_written="C/T"),)


def test_bare_bases_are_read_when_the_code_names_the_position() -> None:
    """The rsID beside the bases makes them a genotype."""
    asked = concept((LOINC, "84413-4", None), text="VKORC1 rs9923231")
    found = observation(asked, "C/T", studied("VKORC1"))
    assert results(found) == (read("VKORC1", "rs9923231 C/T", as_written="C/T"),)


def test_position_is_read_when_the_text_names_it() -> None:
    """Gene, rsID and bases in one text."""
    expected = read("VKORC1", "rs9923231 C/T", as_written="VKORC1 rs9923231 C/T")
    assert results(genotype("VKORC1", "VKORC1 rs9923231 C/T")) == (expected,)


@pytest.mark.parametrize("text", ["hla#3.23.0#HLA-B*15:01:01G+HLA-B*57:01:01G", "hla#3.33.0#HLA-B*08:01/HLA-B*40:01"])
def test_gl_string_is_kept_whole_when_it_has_its_head(text: str) -> None:
    """The head says that "/" means "either", not "and"."""
    assert results(observation("84413-4", concept((GL_STRING, text, None)), studied("HLA-B"))) == (read("HLA-B", text),)


def test_single_hla_allele_is_read_when_the_second_is_not_told() -> None:
    """One allele is carried; nothing is inferred about the other."""
    value = concept((CLINVAR, "14909", "HLA-B*15:02"))
    expected = read("HLA-B", "*15:02", as_written="HLA-B*15:02")
    assert results(observation("84413-4", value, studied("HLA-B"))) == (expected,)


def test_mac_code_stays_open_when_an_allele_is_written_with_one() -> None:
    """*15:AKBAR leaves the second field open: the grammar reads it, and neither allele is called."""
    value = observation("84413-4", concept(text="HLA-B*15:AKBAR"), studied("HLA-B"))
    assert results(value) == (read("HLA-B", "*15:AKBAR", as_written="HLA-B*15:AKBAR"),)


def test_genotype_is_unreadable_when_an_allele_has_no_core_name() -> None:
    """*35B is no PharmVar name; the broken code in front of it is not looked at."""
    value = concept((PHARMVAR, '"CYP2C9', "CYP2C9 *4/*35B"))
    expected = unreadable("CYP2C9", "“*35B” is no allele of CYP2C9", as_written="CYP2C9 *4/*35B")
    assert results(observation("84413-4", value, studied("CYP2C9"))) == (expected,)


def test_genotype_is_unreadable_when_there_is_no_value() -> None:
    """A result is on file and says nothing: not the same as none on file."""
    assert results(observation("84413-4", None, studied("CYP2C9"))) == (unreadable("CYP2C9", "it holds no value"),)


def test_legacy_activity_words_are_a_phenotype_when_they_come_under_the_genotype_code() -> None:
    """The value's form decides here, too."""
    expected = read("CYP2C19", None, reported_phenotype="Extensive metabolizer")
    assert results(genotype("CYP2C19", "Extensive metabolizer")) == (expected,)


def test_two_haplotypes_make_the_pair_when_no_genotype_is_on_file() -> None:
    """Two unlike haplotypes of one day are the two copies; one alone does not say the other."""
    one, two = (
        observation("84414-2", concept((PHARMVAR, None, f"CYP2C19{star}")), studied("CYP2C19"), id=f"h{star[1]}")
        for star in ("*1", "*2")
    )
    pair = read(
        "CYP2C19",
        "*1/*2",
        as_written="*1 and *2",
        result_id="Observation/h1",
        notes=("put together from two haplotype results",),
    )
    alone = unreadable(
        "CYP2C19",
        "one haplotype is on file, which does not say what the pair is",
        as_written="*1",
        result_id="Observation/h1",
    )
    assert (results({"x": [one, two]}), results(one)) == ((pair,), (alone,))


def test_haplotypes_add_nothing_when_the_genotype_is_derived_from_them() -> None:
    """Wrongly coded haplotypes do not disturb the genotype that cites them."""
    wrong = observation("84414-2", concept(("http://www.ebi.ac.uk/ipd/imgt/hla", "*2", None)), id="h1")
    whole = genotype("CYP2C19", "*1/*2", derivedFrom=[{"reference": "Observation/h1"}])
    assert results({"x": [wrong, whole]}) == (read("CYP2C19", "*1/*2"),)


@pytest.mark.parametrize(
    ("text", "genotype_text", "words"),
    [
        ("CYP2C19 *1/*2 (Intermediate Metabolizer)", "*1/*2", "Intermediate Metabolizer"),
        ("*1/*2, Intermediate metabolizer", "*1/*2", "Intermediate metabolizer"),
        ("*1/*2 - low activity", "*1/*2", "low activity"),
        ("*1/*2: Intermediate metaboliser", "*1/*2", "Intermediate metaboliser"),
    ],
)
def test_genotype_and_phenotype_are_read_when_one_text_holds_both(text: str, genotype_text: str, words: str) -> None:
    """Both parts stand, also where they differ."""
    expected = read("CYP2C19", genotype_text, as_written=text, reported_phenotype=words)
    under_phenotype_code = observation("53040-2", text, studied("CYP2C19"))
    assert (results(genotype("CYP2C19", text)), results(under_phenotype_code)) == ((expected,), (expected,))


def test_runs_of_spaces_and_texts_without_end_are_no_riddle() -> None:
    """Spaces count once, and a page of text is not searched for a genotype with words behind it."""
    spaced = "*1/*2    (Intermediate   Metabolizer)"
    expected = read("CYP2C19", "*1/*2", as_written=spaced, reported_phenotype="Intermediate Metabolizer")
    assert results(genotype("CYP2C19", spaced)) == (expected,)
    endless = f"*1/*2 (Intermediate Metabolizer) {'x ' * 150}"
    assert [one.answer for one in read_gene_results(genotype("CYP2C19", endless), LIBRARY)] == [Answer.UNREADABLE]


@pytest.mark.parametrize("text", ["*1/*2 (sluggish)", "*1/*2 not detected", "either *1/*2, Intermediate metabolizer"])
def test_text_is_unreadable_when_a_part_of_it_is_neither(text: str) -> None:
    """What is not understood may change the meaning of the rest."""
    assert [one.answer for one in read_gene_results(genotype("CYP2C19", text), LIBRARY)] == [Answer.UNREADABLE]
