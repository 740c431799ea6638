"""What is not read at all: tumours, withdrawn results; and what is read with a reservation."""

from dataclasses import replace
from typing import Any

import pytest
from fhir_samples import LIBRARY, LOINC, bundle, component, concept, genotype, observation, read, studied, unreadable

from cds_hooks.fhir.gene_file import read_gene_results

SOMATIC = concept((LOINC, "LA6684-0", "Somatic"))
SOURCE_CLASS = "http://hl7.org/fhir/StructureDefinition/observation-geneticsGenomicSourceClass"


def results(*resources: Any) -> tuple[object, ...]:
    return read_gene_results(bundle(*resources), LIBRARY)


@pytest.mark.parametrize(
    "mark",
    [
        {"component": [studied("DPYD"), component("48002-0", SOMATIC)]},
        {"component": [studied("DPYD"), component("48002-0", concept(text="Tumor only"))]},
        {"component": [studied("DPYD")], "extension": [{"url": SOURCE_CLASS, "valueCodeableConcept": SOMATIC}]},
        {"component": [studied("DPYD")], "category": concept(("http://lab.example", "somatic", None))},
    ],
)
def test_somatic_finding_is_never_read(mark: dict[str, Any]) -> None:
    """As a component, in words, as the old extension, as a category (an object, not an array)."""
    assert results(observation("84413-4", "Reference/c.1905+1G>A", **mark)) == ()


def test_germline_finding_is_read_when_its_source_class_says_so() -> None:
    """The good case beside the bad ones."""
    germline = component("48002-0", concept((LOINC, "LA6683-2", "Germline")))
    found = observation("84413-4", "Reference/c.1905+1G>A", studied("DPYD"), germline)
    assert results(found) == (read("DPYD", "Reference/c.1905+1G>A"),)


def test_implication_is_not_read_when_it_is_derived_from_a_somatic_finding() -> None:
    """What a tumour's variant means is of the tumour, too."""
    variant = observation("69548-6", None, studied("DPYD"), component("48002-0", SOMATIC), id="v1")
    value = concept((LOINC, "LA9657-3", "Poor metabolizer"))
    said = observation("53040-2", value, studied("DPYD"), derivedFrom=[{"reference": "Observation/v1"}])
    assert results(variant, said) == ()


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error", "registered"])
def test_withdrawn_result_is_not_read(status: str) -> None:
    """As if it were not there."""
    assert results(genotype("CYP2C19", "*1/*2", status=status)) == ()


@pytest.mark.parametrize("status", ["final", "amended", "corrected"])
def test_result_is_read_when_its_status_is_final(status: str) -> None:
    """All three are results."""
    assert results(genotype("CYP2C19", "*1/*2", status=status)) == (read("CYP2C19", "*1/*2"),)


def test_result_is_marked_when_it_is_preliminary() -> None:
    """It is read, and the card can say so."""
    expected = replace(read("CYP2C19", "*1/*2"), preliminary=True)
    assert results(genotype("CYP2C19", "*1/*2", status="preliminary")) == (expected,)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (None, "its status is not stated"),
        ("unknown", "its status is unknown"),
        ("<b>final</b>", "its status is none that FHIR knows"),
        (7, "its status is not stated"),
    ],
)
def test_result_is_unreadable_when_its_status_says_nothing(status: object, reason: str) -> None:
    """fhir.resources does not check the status; a decision rests on it."""
    assert results(genotype("CYP2C19", "*1/*2", status=status)) == (unreadable("CYP2C19", reason, as_written="*1/*2"),)
