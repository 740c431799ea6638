"""Resources are found wherever they are sent, and references between them are followed."""

from typing import Any

import pytest
from fhir_samples import LIBRARY, bundle, genotype, observation, read, report, studied

from cds_hooks.fhir.gene_file import read_gene_results
from cds_hooks.fhir.unwrapping import collect


def results(resource: Any) -> tuple[object, ...]:
    return read_gene_results(resource, LIBRARY)


@pytest.mark.parametrize(
    "wrap",
    [
        bundle,
        lambda one: bundle(bundle(one)),
        lambda one: {"resourceType": "Parameters", "parameter": [{"name": "x", "resource": one}]},
        lambda one: {"resourceType": "Parameters", "parameter": [{"name": "x", "part": [{"resource": one}]}]},
        lambda one: {"hook": "order-select", "prefetch": {"genes": bundle(one)}},
    ],
)
def test_result_is_found_when_it_is_wrapped(wrap: Any) -> None:
    """Bundle, Bundle in Bundle, Parameters, Parameters' parts, a hook request's prefetch."""
    assert results(wrap(genotype("CYP2C19", "*1/*2"))) == (read("CYP2C19", "*1/*2"),)


def test_result_is_found_when_a_report_contains_it() -> None:
    """Contained resources are named after their container."""
    inside = genotype("CYP2C19", "*1/*2", id="g1")
    outer = report(contained=[inside], result=[{"reference": "#g1"}])
    assert results(outer) == (read("CYP2C19", "*1/*2", result_id="DiagnosticReport/r1#g1"),)


def test_result_is_read_once_when_it_is_sent_twice() -> None:
    """The same resource in two places is one result; two versions of it are both kept."""
    first, second = genotype("CYP2C19", "*1/*2"), genotype("CYP2C19", "*2/*2")
    both = (read("CYP2C19", "*1/*2"), read("CYP2C19", "*2/*2"))
    assert (results(bundle(first, dict(first))), results(bundle(first, second))) == (both[:1], both)


@pytest.mark.parametrize(
    "reference",
    ["Observation/h1", "https://ehr.example/fhir/Observation/h1", "Observation/h1/_history/3", "urn:uuid:7"],
)
def test_reference_is_followed_when_it_is_written_in_any_way(reference: str) -> None:
    """The gene of a genotype without one comes through the reference."""
    haplotype = observation("84414-2", "*2", studied("CYP2C19"), id="h1")
    whole = observation("84413-4", "*1/*2", derivedFrom=[{"reference": reference}])
    sent = {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:7", "resource": haplotype}, {"resource": whole}]}
    assert results(sent) == (read("CYP2C19", "*1/*2"),)


def test_local_references_do_not_meet_when_two_resources_contain_the_same_id() -> None:
    """The words "#g1" means another resource in each container."""
    one = report(id="r1", contained=[genotype("CYP2C19", "*1/*2", id="g1")])
    two = report(id="r2", contained=[genotype("TPMT", "*1/*4", id="g1")])
    found = collect([one, two])
    resolved = [found.resolve("#g1", outer) for outer in found.of_kind("DiagnosticReport")]
    assert [one and one.reference for one in resolved] == ["DiagnosticReport/r1#g1", "DiagnosticReport/r2#g1"]
