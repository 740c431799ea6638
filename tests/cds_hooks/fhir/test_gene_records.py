"""The five answers are kept apart, gene by gene, and nothing of another patient is used."""

from typing import Any

import pytest
from fhir_samples import LIBRARY, PATIENT, bundle, fetched, genotype, observation, read, report, studied, unreadable

from cds_hooks.fhir.gene_records import GeneRecords, read_gene_records
from cds_hooks.fhir.record import Fetched
from knowledge.facts import Answer, GeneRecord

PDF = {"presentedForm": [{"contentType": "application/pdf", "url": "https://lab.example/1"}]}


def records(topic: Fetched) -> GeneRecords:
    return read_gene_records(topic, PATIENT, LIBRARY)


def test_genes_are_none_on_file_when_the_record_was_asked_and_has_nothing() -> None:
    """The only answer that may lead to "consider testing"."""
    assert records(fetched()) == GeneRecords({}, Answer.NONE_ON_FILE, None)


def test_gene_is_read_when_one_result_is_and_the_others_are_none_on_file() -> None:
    """One genotype answers for its own gene only."""
    result = read("CYP2C19", "*1/*2")
    expected = GeneRecords({"CYP2C19": GeneRecord("CYP2C19", Answer.READ, (result,))})
    assert records(fetched(genotype("CYP2C19", "*1/*2"))) == expected


def test_gene_is_unreadable_when_its_only_result_is() -> None:
    """Found is not the same as not there."""
    result = unreadable("CYP2C19", "it holds no value")
    expected = GeneRecords({"CYP2C19": GeneRecord("CYP2C19", Answer.UNREADABLE, (result,))})
    assert records(fetched(observation("84413-4", None, studied("CYP2C19")))) == expected


def test_all_genes_are_unreadable_when_a_document_names_none() -> None:
    """A panel's PDF may hold any of them."""
    reason = "a result is on file as a document, not machine-readable"
    assert records(fetched(report(**PDF))) == GeneRecords({}, Answer.UNREADABLE, reason)


def test_genes_are_withheld_when_consent_says_so() -> None:
    """None of them is none on file."""
    topic = Fetched(Answer.WITHHELD, (), "consent does not cover it")
    assert records(topic) == GeneRecords({}, Answer.WITHHELD, "consent does not cover it")


def test_what_was_released_of_a_withheld_topic_is_read_and_the_rest_stays_withheld() -> None:
    """The gene that was released is answered without a word on the others, also where a report lists more of them."""
    listing = report(result=[{"reference": "Observation/withheld", "display": "TPMT genotype"}])
    topic = Fetched(Answer.WITHHELD, (genotype("CYP2C19", "*1/*2"), listing), "consent does not cover all")
    released = GeneRecord("CYP2C19", Answer.READ, (read("CYP2C19", "*1/*2"),))
    assert records(topic) == GeneRecords({"CYP2C19": released}, Answer.WITHHELD, "consent does not cover all")


def test_genes_are_not_fetched_when_only_a_part_came() -> None:
    """A result that came is read; what is missing is not "none", and an unreadable part is not the answer either."""
    part = (genotype("CYP2C19", "*1/*2"), observation("84413-4", None, studied("TPMT"), id="o2"))
    reason = "the FHIR server did not answer in time"
    got = records(Fetched(Answer.NOT_FETCHED, part, reason))
    empty = unreadable("TPMT", "it holds no value", result_id="Observation/o2")
    assert got == GeneRecords(
        {
            "CYP2C19": GeneRecord("CYP2C19", Answer.READ, (read("CYP2C19", "*1/*2"),), reason),
            "TPMT": GeneRecord("TPMT", Answer.NOT_FETCHED, (empty,), reason),
        },
        Answer.NOT_FETCHED,
        reason,
    )


def test_genes_are_not_fetched_when_a_report_lists_what_did_not_come() -> None:
    """The report is there, its results are not."""
    reason = "a report refers to results that could not be had"
    assert records(fetched(report(result=[{"reference": "Observation/9"}]))) == GeneRecords(
        {}, Answer.NOT_FETCHED, reason
    )


def test_results_are_all_kept_newest_first_when_there_are_several() -> None:
    """Never averaged, never silently the newest; without a date last, partial dates in their place."""
    dated = [("a", "2019"), ("b", None), ("c", "2024-05-01T10:00:00Z"), ("d", "2021-03")]
    sent = [genotype("CYP2C19", "*1/*2", id=name, effectiveDateTime=when) for name, when in dated]
    results = records(fetched(bundle(*sent))).genes["CYP2C19"].results
    assert [one.result_id for one in results] == [f"Observation/{name}" for name in "cdab"]


@pytest.mark.parametrize(
    "subject",
    ["Patient/demo-2", "https://ehr.example/fhir/Patient/demo-2", "demo-2", "Group/demo-1", "urn:uuid:other"],
)
def test_result_is_left_out_when_it_is_of_somebody_else(subject: str) -> None:
    """Also where the Bundle's own address leads to another Patient, and for what such a report contains. That there is
    none on file is not said: after a merge of records they may be this patient's."""
    other = {"fullUrl": "urn:uuid:other", "resource": {"resourceType": "Patient", "id": "demo-2"}}
    inside = genotype("TPMT", "*1/*2", subject=None)
    theirs = [
        genotype("CYP2C19", "*1/*2", subject={"reference": subject}),
        report(subject={"reference": subject}, contained=[inside], **PDF),
    ]
    sent: dict[str, Any] = {"resourceType": "Bundle", "entry": [other, *({"resource": one} for one in theirs)]}
    said = "results that came name another patient and were not used"
    assert records(fetched(sent)) == GeneRecords({}, Answer.NOT_FETCHED, said)


@pytest.mark.parametrize(
    "subject",
    [None, {"reference": "Patient/demo-1"}, {"reference": "https://ehr.example/fhir/Patient/demo-1/_history/2"}],
)
def test_result_is_used_when_it_is_of_the_patient(subject: object) -> None:
    """A missing subject is the patient that was asked for."""
    assert records(fetched(genotype("CYP2C19", "*1/*2", subject=subject))).genes["CYP2C19"].answer is Answer.READ
