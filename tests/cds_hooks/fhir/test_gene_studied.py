"""Which gene a result is of: all the places where laboratories write it, and what happens when they disagree."""

from typing import Any

import pytest
from fhir_samples import (
    HGNC,
    LIBRARY,
    LOINC,
    NCBI,
    SNOMED,
    component,
    concept,
    genotype,
    observation,
    read,
    studied,
    unreadable,
)

from cds_hooks.fhir.gene_file import read_gene_results

GENE_EXTENSION = "http://hl7.org/fhir/StructureDefinition/observation-geneticsGene"


def results(*resources: Any) -> tuple[object, ...]:
    return read_gene_results({"sent": list(resources)}, LIBRARY)


def named(*codings: tuple[str | None, str | None, str | None], text: str | None = None) -> dict[str, Any]:
    return observation("84413-4", "*1/*2", component("48018-6", concept(*codings, text=text)))


@pytest.mark.parametrize(
    "coding",
    [
        (HGNC, "HGNC:2621", "CYP2C19"),
        ("http://www.genenames.org/geneId", "2621", "CYP2C19"),
        (HGNC, "2621", None),
        (HGNC, "CYP2C19", None),
        (NCBI, "1557", "CYP2C19"),
        (NCBI, "1557", None),
        ("http://lab.example/genes", "9", "CYP2C19"),
    ],
)
def test_gene_is_found_when_it_is_coded_in_a_way_that_laboratories_use(coding: tuple[str, str, str | None]) -> None:
    """HGNC id with and without prefix, symbol as code, NCBI id by table, display only."""
    assert results(named(coding)) == (read("CYP2C19", "*1/*2"),)


def test_digits_are_no_hgnc_id_when_the_system_is_another() -> None:
    """2621 of a local system says nothing: the result does not say its gene."""
    reason = "a result is on file that does not say which gene it is of"
    assert results(named(("http://lab.example/hgnc", "2621", None))) == (unreadable("?", reason, as_written="*1/*2"),)


@pytest.mark.parametrize(
    ("codings", "said"),
    [
        ([(HGNC, "HGNC:262", "CYP2C19")], "HGNC:262, CYP2C19"),
        ([(HGNC, "HGNC:2621", "ABC1")], "HGNC:2621, ABC1"),
        ([(HGNC, "HGNC:2621", "CYP2C19"), (NCBI, "3815", "CYP2C19")], "HGNC:2621, CYP2C19, NCBI gene 3815"),
    ],
)
def test_gene_is_refused_when_id_and_name_disagree(codings: list[Any], said: str) -> None:
    """A truncated id, a swapped display and a wrong NCBI id: each leaves the gene in doubt."""
    reason = f"its gene is given in ways that disagree ({said})"
    assert results(named(*codings)) == (unreadable("CYP2C19", reason, as_written="*1/*2"),)


def test_gene_is_refused_for_both_when_id_and_name_are_two_known_genes() -> None:
    """Each gene that it may be about is told."""
    reason = "its gene is given in ways that disagree (HGNC:2621, CYP2C9)"
    got = results(named((HGNC, "HGNC:2621", "CYP2C9")))
    assert got == tuple(unreadable(gene, reason, as_written="*1/*2") for gene in ("CYP2C19", "CYP2C9"))


def test_gene_is_taken_from_the_head_of_the_value_when_no_component_names_it() -> None:
    """The words "CYP2C19 *1/*2" says it itself."""
    expected = read("CYP2C19", "*1/*2", as_written="CYP2C19 *1/*2")
    assert results(observation("84413-4", "CYP2C19 *1/*2")) == (expected,)


def test_gene_is_taken_from_the_words_of_a_local_code_when_nothing_else_names_it() -> None:
    """A laboratory's own test code with its name."""
    code = concept(("http://lab.example/tests", "T-77", "CYP2C19 genotype"))
    assert results(observation(code, "*1/*2")) == (read("CYP2C19", "*1/*2"),)


def test_display_is_not_trusted_when_the_standard_code_is_not_known_to_mean_the_gene() -> None:
    """A LOINC code has one meaning; a display that says otherwise needs confirmation, and is not passed over."""
    code = concept((LOINC, "13303-3", "HLA-B*57:01 [Presence]"))
    reason = "only a display says HLA-B; 13303-3 is not known to mean that: please confirm"
    assert results(observation(code, "positive")) == (unreadable("HLA-B", reason, as_written="positive"),)


def test_gene_is_taken_from_a_gene_specific_code_when_the_library_lists_it() -> None:
    """Only codes of the library count."""
    assert results(observation("41048-0", "*1/*2")) == (read("TPMT", "*1/*2"),)


def test_unlisted_code_is_ignored_when_it_looks_gene_specific() -> None:
    """An invented code means nothing by itself, and the value does not name a gene."""
    assert results(observation("79714-9", "*1/*2")) == ()


def test_gene_is_refused_when_the_code_says_one_gene_and_the_component_another() -> None:
    """Never chosen silently."""
    reason = "it names CYP2C19 in one place and TPMT in another"
    got = results(observation("41048-0", "*1/*2", studied("CYP2C19")))
    assert got == tuple(unreadable(gene, reason, as_written="*1/*2") for gene in ("CYP2C19", "TPMT"))


def test_gene_is_refused_when_a_gene_specific_code_is_displayed_as_another_gene() -> None:
    """Senders were seen to disagree on what such codes mean."""
    reason = "LOINC 41048-0 means TPMT and is displayed as CYP2C19"
    got = results(observation(concept((LOINC, "41048-0", "CYP2C19 genotype")), "*1/*2"))
    assert got == tuple(unreadable(gene, reason, as_written="*1/*2") for gene in ("CYP2C19", "TPMT"))


def test_gene_is_taken_from_the_old_extension_when_the_code_is_snomed() -> None:
    """R4 core's observation-geneticsGene beside "Genotype determination"."""
    extension = {"url": GENE_EXTENSION, "valueCodeableConcept": concept((HGNC, "12014", "TPMT"))}
    code = concept((SNOMED, "363779003", "Genotype determination"), text="Diplotype call")
    assert results(observation(code, "*1/*4", extension=[extension])) == (read("TPMT", "*1/*4"),)


def test_gene_is_refused_when_the_haplotypes_behind_it_are_of_another_gene() -> None:
    """The genotype says CYP2C9, its haplotype says CYP2C19."""
    haplotype = observation("84414-2", "*2", studied("CYP2C19"), id="h1")
    whole = genotype("CYP2C9", "*1/*2", derivedFrom=[{"reference": "Observation/h1"}])
    reason = "it says CYP2C9, and what it is derived from says CYP2C19"
    got = results(haplotype, whole)
    assert got == tuple(unreadable(gene, reason, as_written="*1/*2") for gene in ("CYP2C19", "CYP2C9"))


def test_gene_is_taken_from_what_it_is_derived_from_when_it_names_none() -> None:
    """The genotype names no gene, its haplotype does."""
    haplotype = observation("84414-2", "*2", studied("CYP2C19"), id="h1")
    whole = observation("84413-4", "*1/*2", derivedFrom=[{"reference": "Observation/h1"}])
    assert results(whole, haplotype) == (read("CYP2C19", "*1/*2"),)


def test_several_genes_are_refused_when_the_genotype_names_none_of_them() -> None:
    """Two gene components and a bare *2/*3: assigned to neither."""
    reason = "it lists several genes (CYP2C9, VKORC1) and does not say which one the result is of"
    got = results(observation("84413-4", "*2/*3", studied("CYP2C9"), studied("VKORC1")))
    assert got == tuple(unreadable(gene, reason, as_written="*2/*3") for gene in ("CYP2C9", "VKORC1"))


def test_one_of_several_genes_is_read_when_the_genotype_itself_names_it() -> None:
    """The other gene that is listed is on file without anything readable."""
    got = results(observation("84413-4", "CYP2C9 *2/*3", studied("CYP2C9"), studied("VKORC1")))
    note = "the laboratory lists VKORC1 too; the result itself names CYP2C9"
    reason = "the laboratory lists VKORC1 in a result of CYP2C9 and gives nothing readable for it"
    assert got == (
        unreadable("VKORC1", reason, as_written="CYP2C9 *2/*3"),
        read("CYP2C9", "*2/*3", as_written="CYP2C9 *2/*3", notes=(note,)),
    )


def test_nothing_is_read_when_the_gene_is_none_of_the_library() -> None:
    """Other genes are none of our business, by id and by the name inside an HGVS name."""
    apoe = observation("84413-4", "e3/e4", component("48018-6", concept((HGNC, "HGNC:613", "APOE"))))
    other = observation("84414-2", concept((None, "1", "NM_014049.4(ACAD9):c.1249C>T")))
    assert results(apoe, other) == ()


@pytest.mark.parametrize(
    "marks",
    [
        {"component": [studied("CYP2C19")]},
        {"extension": [{"url": GENE_EXTENSION, "valueCodeableConcept": concept((HGNC, "HGNC:2621", "CYP2C19"))}]},
    ],
)
def test_result_of_a_local_code_is_found_when_component_or_extension_names_the_gene(marks: dict[str, Any]) -> None:
    """The laboratory's own test code says nothing to others; without a value there is no result."""
    code = concept(("http://lab.example/tests", "T-1", "Panel line 4"))
    assert (results(observation(code, "*1/*2", **marks)), results(observation(code, **marks))) == (
        (read("CYP2C19", "*1/*2"),),
        (),
    )


def test_result_of_a_panel_code_is_found_when_its_value_names_the_gene() -> None:
    """A general genetics code; under an unrelated code the value must spell alleles, too."""
    words = {"reported_phenotype": "CYP2C19 poor metabolizer"}
    panel = results(observation("55233-1", "CYP2C19 poor metabolizer"))
    note = concept(("http://lab.example/tests", "N", "Note"))
    remark, spelled = results(observation(note, "CYP2C19 was discussed")), results(observation(note, "CYP2C19 *1/*2"))
    assert (panel, remark, spelled) == (
        (read("CYP2C19", None, **words),),
        (),
        (read("CYP2C19", "*1/*2", as_written="CYP2C19 *1/*2"),),
    )


def test_nothing_is_read_when_what_it_is_derived_from_is_of_another_gene() -> None:
    """The genotype names no gene; its haplotype names one that the library does not know."""
    other = observation("84414-2", "e3", component("48018-6", concept((HGNC, "HGNC:613", "APOE"))), id="h1")
    whole = observation("84413-4", "e3/e4", derivedFrom=[{"reference": "Observation/h1"}])
    assert results(whole, other) == ()


def test_gene_is_refused_when_the_value_names_a_gene_that_is_not_listed() -> None:
    """Two genes as components, and a third in front of the alleles."""
    reason = "it names CYP2C19 in one place and CYP2C9 in one place and TPMT in another"
    got = results(observation("84413-4", "TPMT *1/*2", studied("CYP2C19"), studied("CYP2C9")))
    assert got == tuple(unreadable(gene, reason, as_written="TPMT *1/*2") for gene in ("CYP2C19", "CYP2C9", "TPMT"))


def test_gene_is_refused_when_a_known_gene_stands_beside_an_unknown_one() -> None:
    """The head of the value says CYP2C19, the component says APOE."""
    reason = "it names CYP2C19 in one place and another gene elsewhere"
    got = results(observation("84413-4", "CYP2C19 *1/*2", component("48018-6", concept((HGNC, "HGNC:613", "APOE")))))
    assert got == (unreadable("CYP2C19", reason, as_written="CYP2C19 *1/*2"),)


def test_several_genes_are_refused_when_a_local_code_names_them() -> None:
    """A panel's name does not say which of its genes "see report" is about."""
    code = concept(("http://lab.example/tests", "W", "CYP2C9 and VKORC1"))
    reason = "it lists several genes (CYP2C9, VKORC1) and does not say which one the result is of"
    got = results(observation(code, "see report"))
    assert got == tuple(unreadable(gene, reason, as_written="see report") for gene in ("CYP2C9", "VKORC1"))
