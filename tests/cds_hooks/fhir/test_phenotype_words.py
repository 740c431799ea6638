"""The laboratory's words: coded or not, in the places of three guides, beside the genotype or alone."""

from typing import Any

import pytest
from fhir_samples import (
    LIBRARY,
    LOINC,
    RXNORM,
    SNOMED,
    TBD,
    component,
    concept,
    genotype,
    observation,
    read,
    studied,
    unreadable,
)

from cds_hooks.fhir.gene_file import read_gene_results

POOR = concept((LOINC, "LA9657-3", "Poor metabolizer"))
DRUG = component("51963-7", concept((RXNORM, "32968", "clopidogrel")))


def results(*resources: Any) -> tuple[object, ...]:
    return read_gene_results({"sent": list(resources)}, LIBRARY)


def implied(code: str, value: Any, *components: Any, **members: Any) -> dict[str, Any]:
    """An STU2 or STU3 implication with its result in a component."""
    return observation(
        concept((TBD, "therapeutic-implication", None)), None, component(code, value, TBD), DRUG, *components, **members
    )


@pytest.mark.parametrize("code", ["predicted-therapeutic-implication", "therapeutic-implication"])
def test_phenotype_is_read_when_it_sits_in_the_component_of_stu2_or_stu3(code: str) -> None:
    """Coded answer, gene as a component."""
    expected = read("CYP2C19", None, reported_phenotype="Poor metabolizer")
    assert results(implied(code, POOR, studied("CYP2C19"))) == (expected,)


def test_phenotype_is_read_when_it_is_the_value_of_stu1() -> None:
    """53040-2 with the result as its value."""
    expected = read("CYP2C19", None, reported_phenotype="Poor metabolizer")
    assert results(observation("53040-2", POOR, DRUG, studied("CYP2C19"))) == (expected,)


def test_transporter_phenotype_is_read_when_it_comes_under_the_stu1_code() -> None:
    """tbd-codes#effect-transporter-function, at the older address of the code system."""
    old = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes"
    code = concept((old, "effect-transporter-function", None))
    expected = read("TPMT", None, reported_phenotype="Poor metabolizer")
    assert results(observation(code, POOR, studied("TPMT"))) == (expected,)


def test_phenotype_is_read_when_it_is_the_context_of_a_diagnostic_implication() -> None:
    """81259-4, as one national mapping sends it."""
    code = concept((TBD, "diagnostic-implication", None))
    expected = read("CYP2C19", None, reported_phenotype="Poor Metabolizer")
    got = results(observation(code, None, component("81259-4", concept(text="Poor Metabolizer")), studied("CYP2C19")))
    assert got == (expected,)


def test_phenotype_is_read_when_the_gene_is_only_in_a_gene_specific_code() -> None:
    """79716-7 means CYP2C9 by itself."""
    expected = read("CYP2C9", None, reported_phenotype="Poor metabolizer")
    assert results(observation("79716-7", POOR)) == (expected,)


@pytest.mark.parametrize("words", ["Extensive metabolizer", "CYP2C19 Poor Metabolizer", "poor metaboliser"])
def test_words_are_a_phenotype_when_the_lists_know_them(words: str) -> None:
    """Text only, legacy words, the gene in front, British spelling."""
    expected = read("CYP2C19", None, reported_phenotype=words)
    got = results(implied("therapeutic-implication", concept(text=words), studied("CYP2C19")))
    assert got == (expected,)


def test_words_are_unreadable_when_no_list_knows_them() -> None:
    """Unknown wording is kept for the card and decides nothing."""
    reason = "the words “sluggish” are on no list of CYP2C19 phenotypes"
    got = results(implied("therapeutic-implication", concept(text="sluggish"), studied("CYP2C19")))
    assert got == (unreadable("CYP2C19", reason, reported_phenotype="sluggish"),)


def test_phenotype_is_refused_when_display_contradicts_the_code() -> None:
    """LA9657-3 is "poor"; a display "Normal metabolizer" makes it nothing."""
    value = concept((LOINC, "LA9657-3", "Normal metabolizer"))
    reason = "its words disagree: Normal metabolizer and Poor Metabolizer"
    got = results(observation("53040-2", value, studied("CYP2C19")))
    assert got == (unreadable("CYP2C19", reason, reported_phenotype="Normal metabolizer"),)


def test_phenotype_is_refused_when_its_code_belongs_to_another_gene() -> None:
    """A SNOMED code that means CYP2C9 under CYP2C19."""
    value = concept((SNOMED, "1144910008", None))
    reason = "its code is one of another gene than CYP2C19"
    got = results(observation("53040-2", value, studied("CYP2C19")))
    assert got == (unreadable("CYP2C19", reason, reported_phenotype="1144910008"),)


def test_words_stand_beside_the_genotype_when_the_implication_is_derived_from_it() -> None:
    """One result carries both, also where they differ: the genotype decides later, the words are shown."""
    whole = genotype("CYP2C19", "*1/*2", id="g1")
    said = implied("therapeutic-implication", POOR, id="i1", derivedFrom=[{"reference": "Observation/g1"}])
    expected = read("CYP2C19", "*1/*2", reported_phenotype="Poor metabolizer", result_id="Observation/g1")
    assert results(said, whole) == (expected,)


def test_words_stand_beside_the_genotype_when_gene_and_day_are_the_same() -> None:
    """Without derivedFrom one genotype of that gene and day is meant; on another day it is a result of its own."""
    whole = genotype("CYP2C19", "*1/*2", id="g1")
    same = observation("53040-2", POOR, studied("CYP2C19"), id="i1")
    later = {**same, "effectiveDateTime": "2025-01-01"}
    linked = read("CYP2C19", "*1/*2", reported_phenotype="Poor metabolizer", result_id="Observation/g1")
    apart = (
        read("CYP2C19", "*1/*2", result_id="Observation/g1"),
        read("CYP2C19", None, reported_phenotype="Poor metabolizer", result_id="Observation/i1", date="2025-01-01"),
    )
    assert (results(whole, same), results(whole, later)) == ((linked,), apart)


def test_implication_gives_the_phenotype_when_the_genotype_cannot_be_read() -> None:
    """The laboratory's phenotype is used only then, and the result says why."""
    whole = genotype("CYP2C19", "*1/*35B", id="g1")
    said = implied("therapeutic-implication", POOR, derivedFrom=[{"reference": "Observation/g1"}])
    expected = read(
        "CYP2C19",
        None,
        as_written="*1/*35B",
        reported_phenotype="Poor metabolizer",
        result_id="Observation/g1",
        notes=("the genotype was not read: “*35B” is no allele of CYP2C19",),
    )
    assert results(whole, said) == (expected,)


def test_several_implications_are_one_result_when_they_say_the_same() -> None:
    """A laboratory repeats the phenotype for each medicine."""
    said = [implied("therapeutic-implication", POOR, studied("CYP2C19"), id=f"i{one}") for one in (1, 2, 3)]
    expected = read("CYP2C19", None, reported_phenotype="Poor metabolizer", result_id="Observation/i1")
    assert results(*said) == (expected,)


def test_implication_of_two_genes_goes_to_the_one_that_has_such_a_phenotype() -> None:
    """A warfarin implication rests on CYP2C9 and VKORC1; "normal metabolizer" can only mean the enzyme."""
    first = genotype("CYP2C9", "*1/*1", id="g1")
    second = genotype("VKORC1", "rs9923231 C/T", id="g2")
    normal = concept((LOINC, "LA25391-6", "Normal metabolizer"))
    sources = [{"reference": "Observation/g1"}, {"reference": "Observation/g2"}]
    said = implied("therapeutic-implication", normal, id="i1", derivedFrom=sources)
    assert results(first, second, said) == (
        read("CYP2C9", "*1/*1", reported_phenotype="Normal metabolizer", result_id="Observation/g1"),
        read("VKORC1", "rs9923231 C/T", result_id="Observation/g2"),
    )


def test_effect_on_a_medicine_is_not_echoed_when_it_is_no_phenotype() -> None:
    """The words "Resistant" and a Task to increase the dose are a third party's advice."""
    whole = genotype("CYP2C9", "*2/*3", id="g1")
    resistant = concept((LOINC, "LA6676-6", "Resistant"))
    said = implied("therapeutic-implication", resistant, id="i1", derivedFrom=[{"reference": "Observation/g1"}])
    task = {"resourceType": "Task", "id": "t1", "status": "requested", "description": "Increase dose"}
    assert results(whole, said, task) == (read("CYP2C9", "*2/*3", result_id="Observation/g1"),)


def test_phenotype_is_on_file_without_a_gene_when_nothing_says_which() -> None:
    """A metabolizer status that names no gene is not passed over; an effect that is no phenotype is."""
    reason = "a result is on file that does not say its gene"
    effect = concept((LOINC, "LA6677-4", "Responsive"))
    got = results(implied("therapeutic-implication", POOR), implied("therapeutic-implication", effect, id="o2"))
    assert got == (unreadable("?", reason),)


def test_score_is_read_when_a_component_of_that_name_holds_it() -> None:
    """The laboratory's own activity score, as sent."""
    score = {"code": concept(text="Activity score"), "valueQuantity": {"value": 1.5}}
    expected = read("CYP2C9", None, reported_score="1.5")
    assert results(observation("84413-4", None, studied("CYP2C9"), score)) == (expected,)


def test_words_do_not_decide_for_a_genotype_when_they_are_not_final() -> None:
    """A preliminary or doubtful implication stays a result of its own, with its reservation."""
    whole = genotype("CYP2C19", "*1/*35B", id="g1")
    source = [{"reference": "Observation/g1"}]
    early = implied("therapeutic-implication", POOR, id="i1", derivedFrom=source, status="preliminary")
    doubtful = implied("therapeutic-implication", POOR, id="i2", derivedFrom=source, status="unknown")
    reason = "“*35B” is no allele of CYP2C19"
    words = {"reported_phenotype": "Poor metabolizer"}
    assert results(whole, early, doubtful) == (
        unreadable("CYP2C19", reason, as_written="*1/*35B", result_id="Observation/g1"),
        read("CYP2C19", None, **words, result_id="Observation/i1", preliminary=True),
        unreadable("CYP2C19", "its status is unknown", **words, result_id="Observation/i2"),
    )


def test_measured_activity_is_unreadable_when_it_comes_instead_of_words() -> None:
    """A number is on file; what it means is not for this service to say."""
    code = concept(("http://lab.example/tests", "T-9", "TPMT activity"))
    found = observation(code, valueQuantity={"value": 21.5, "unit": "U/mL"})
    reason = "its value is a measurement, and neither a genotype nor words"
    assert results(found) == (unreadable("TPMT", reason),)
