"""Reports: coded conclusions, documents without data, results that were not sent, free text."""

from dataclasses import replace
from typing import Any

from fhir_samples import LIBRARY, LOINC, SNOMED, bundle, concept, genotype, read, report, unreadable

from cds_hooks.fhir.gene_file import read_gene_results
from knowledge.facts import Answer

PDF = {"contentType": "application/pdf", "data": "JVBERi0="}
DOCUMENT = "a result is on file as a document, not machine-readable"
NOT_SENT = "a report refers to results that could not be had"
HERE = {"result_id": "DiagnosticReport/r1"}


def results(*resources: Any) -> tuple[object, ...]:
    return read_gene_results(bundle(*resources), LIBRARY)


def test_result_is_read_when_only_the_coded_conclusion_carries_it() -> None:
    """A SNOMED code that names gene and phenotype, under a report code that has nothing to do with it."""
    haematology = concept(text="Haematology report")
    found = report(code=haematology, category=[], conclusionCode=[concept((SNOMED, "1144910008", None))])
    note = "read from the report's coded conclusion"
    assert results(found) == (read("CYP2C9", None, reported_phenotype="Poor Metabolizer", notes=(note,), **HERE),)


def test_conclusion_is_read_when_its_words_name_the_gene() -> None:
    """The words "CYP2C19 poor metabolizer" and "CYP2C19 *2/*2" are read by the same lists and grammar as elsewhere."""
    note = "read from the report's coded conclusion"
    words = results(report(conclusionCode=[concept(text="CYP2C19 poor metabolizer")]))
    stars = results(report(conclusionCode=[concept(text="CYP2C19 *2/*2")]))
    unknown = results(report(conclusionCode=[concept(text="CYP2C19 sluggish")]))
    assert [words, stars, unknown] == [
        (read("CYP2C19", None, reported_phenotype="CYP2C19 poor metabolizer", notes=(note,), **HERE),),
        (read("CYP2C19", "*2/*2", as_written="CYP2C19 *2/*2", notes=(note,), **HERE),),
        (
            unreadable(
                "CYP2C19", "its conclusion “CYP2C19 sluggish” cannot be read", as_written="CYP2C19 sluggish", **HERE
            ),
        ),
    ]


def test_general_conclusion_says_nothing_when_it_names_no_gene() -> None:
    """The words "Positive" of a whole report is no result of a gene."""
    assert results(report(conclusionCode=[concept((LOINC, "LA6576-8", "Positive"))])) == ()


def test_document_is_on_file_for_the_genes_that_it_names() -> None:
    """A PDF without data is never "none on file"."""
    found = report(code=concept(text="CYP2C19 and TPMT genotyping"), presentedForm=[PDF])
    assert results(found) == tuple(unreadable(gene, DOCUMENT, **HERE) for gene in ("CYP2C19", "TPMT"))


def test_document_is_on_file_for_all_genes_when_it_names_none() -> None:
    """Which genes a panel's PDF holds cannot be known."""
    assert results(report(presentedForm=[PDF])) == (unreadable("?", DOCUMENT, **HERE),)


def test_document_adds_nothing_when_its_results_were_read() -> None:
    """The usual report: data, and the same once more as a PDF."""
    found = report(presentedForm=[PDF], result=[{"reference": "Observation/o1"}])
    assert results(found, genotype("CYP2C19", "*1/*2")) == (read("CYP2C19", "*1/*2"),)


def test_document_is_passed_over_when_the_report_is_not_genetic() -> None:
    """A chest film with a PDF says nothing about genes."""
    assert results(report(code=concept(text="Chest X-ray"), category=[], presentedForm=[PDF])) == ()


def test_results_are_not_fetched_when_a_report_lists_them_and_they_were_not_sent() -> None:
    """For the genes that their displays name, else for all."""
    named = report(result=[{"reference": "Observation/x", "display": "CYP2C19 *2/*2"}])
    unnamed = report(result=[{"reference": "Observation/x"}])
    expected = replace(unreadable("CYP2C19", NOT_SENT, **HERE), answer=Answer.NOT_FETCHED)
    assert (results(named), results(unnamed)) == ((expected,), (replace(expected, gene="?"),))


def test_free_text_is_at_most_a_possible_result() -> None:
    """Prose decides nothing, and is not passed over for the genes without structured results."""
    text = "Predicted CYP2C19 poor metabolizer; TPMT normal."
    found = report(conclusion=text, result=[{"reference": "Observation/o1"}])
    reason = "a possible result is on file in free text, which needs to be confirmed"
    assert results(found, genotype("CYP2C19", "*2/*2")) == (
        unreadable("TPMT", reason, **HERE),
        read("CYP2C19", "*2/*2"),
    )


def test_withdrawn_report_is_not_read() -> None:
    """entered-in-error, as if it were not there."""
    assert results(report(status="entered-in-error", presentedForm=[PDF])) == ()
