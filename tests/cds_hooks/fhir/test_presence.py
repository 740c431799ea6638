"""Presence of one HLA allele, by codes that ask for it."""

from typing import Any

import pytest
from fhir_samples import LIBRARY, LOINC, component, concept, observation, read, unreadable

from cds_hooks.fhir.gene_file import read_gene_results


def results(resource: Any) -> tuple[object, ...]:
    return read_gene_results(resource, LIBRARY)


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ({"valueString": "positive"}, "positive"),
        ({"valueString": "Not detected"}, "negative"),
        ({"valueBoolean": True}, "positive"),
        ({"valueCodeableConcept": concept((LOINC, "LA6577-6", "Negative"))}, "negative"),
        ({"valueCodeableConcept": concept(("http://snomed.info/sct", "10828004", None))}, "positive"),
    ],
)
def test_presence_is_read_when_the_code_asks_for_the_allele(value: dict[str, Any], status: str) -> None:
    """50956-2 asks for B*57:01, whatever type the value has."""
    expected = read("HLA-B", f"*57:01 {status}", as_written=f"HLA-B*57:01 {status}")
    assert results(observation("50956-2", **value)) == (expected,)


def test_presence_is_unreadable_when_the_value_says_neither() -> None:
    """A value that says both, or something else, is on file and decides nothing."""
    contradicting = concept((LOINC, "LA6577-6", "Positive"))
    reason = "it does not say whether *57:01 is present"
    assert [results(observation("50956-2", value)) for value in ("see report", contradicting)] == [
        (unreadable("HLA-B", reason, as_written="see report"),),
        (unreadable("HLA-B", reason, as_written="Positive"),),
    ]


def test_presence_is_refused_when_the_display_names_another_allele() -> None:
    """57979-7 asks for B*15:02."""
    got = results(observation(concept((LOINC, "57979-7", "HLA-B*57:01 [Presence]")), "positive"))
    reason = "its code and its words ask for different alleles (*15:02 and *57:01)"
    assert got == (unreadable("HLA-B", reason, as_written="positive"),)


def test_presence_is_read_when_a_local_code_names_the_allele() -> None:
    """The laboratory's own code with its own words."""
    code = concept(("http://lab.example/tests", "B57", "HLA-B*57:01"))
    expected = read("HLA-B", "*57:01 negative", as_written="HLA-B*57:01 negative")
    assert results(observation(code, "negative")) == (expected,)


def test_nothing_is_said_when_the_test_is_of_an_allele_without_meaning_here() -> None:
    """An HLA-B*27 test says nothing on *57:01, and is no unreadable result of it."""
    local = concept(("http://lab.example/tests", "B27", "HLA-B*27"))
    unlisted = concept((LOINC, "99999-8", "HLA-B*27:05 [Presence]"))
    assert [results(observation(code, "positive")) for code in (local, unlisted)] == [(), ()]


def test_hla_haplotypes_are_read_when_no_typing_cites_them() -> None:
    """Two unlike ones are the pair; the same one twice is carried, and nothing is said about a second allele."""
    gene = component("48018-6", concept((None, None, "HLA-B")))
    one, two = (observation("84414-2", f"HLA-B*{name}", gene, id=name[:2]) for name in ("57:01:01G", "07:02"))
    again = {**one, "id": "58"}
    pair = read(
        "HLA-B",
        "*57:01:01G/*07:02",
        as_written="*57:01:01G and *07:02",
        result_id="Observation/57",
        notes=("put together from two haplotype results",),
    )
    carried = read("HLA-B", "*57:01:01G", result_id="Observation/57")
    assert (results({"x": [one, two]}), results({"x": [one, again]})) == ((pair,), (carried,))
