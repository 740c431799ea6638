"""Whatever is sent, reading never raises, and never calls a genotype that was not written."""

import copy
from typing import Any

from fhir_samples import (
    LIBRARY,
    LOINC,
    NAMES,
    RXNORM,
    TODAY,
    component,
    concept,
    fetched,
    genotype,
    observation,
    record,
    report,
    studied,
)
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cds_hooks.fhir.gene_file import read_gene_results
from cds_hooks.fhir.genotypes import is_readable
from cds_hooks.fhir.patient_facts import read_patient_facts
from knowledge.facts import Answer

POOR = concept((LOINC, "LA9657-3", "Poor metabolizer"))
SEEDS: list[dict[str, Any]] = [
    genotype("CYP2C19", "*1/*2", derivedFrom=[{"reference": "Observation/o2"}]),
    observation("69548-6", POOR, studied("VKORC1"), component("81252-9", concept((None, "rs9923231", None))), id="o2"),
    observation("53040-2", POOR, studied("CYP2C9"), id="o3", derivedFrom=[{"reference": "Observation/o1"}]),
    observation("50956-2", "positive", id="o4"),
    observation("84414-2", "*2", studied("CYP2C19"), id="o5"),
    observation("29463-7", id="o6", valueQuantity={"value": 70, "unit": "kg", "system": "x", "code": "kg"}),
    report(
        contained=[genotype("TPMT", "*1/*2", id="c1")],
        result=[{"reference": "#c1"}],
        conclusion="CYP2C19",
        conclusionCode=[concept(text="CYP2C9 *1/*3")],
        presentedForm=[{"contentType": "application/pdf", "data": "x", "title": "HLA-B"}],
    ),
    {
        "resourceType": "MedicationRequest",
        "id": "d1",
        "status": "active",
        "intent": "order",
        "contained": [{"resourceType": "Medication", "id": "m1", "ingredient": [{"item": {"concept": POOR}}]}],
        "medicationReference": {"reference": "#m1", "display": "codeine"},
        "medication": {"concept": concept((RXNORM, "2670", "codeine"))},
        "dosageInstruction": [
            {"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
             "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "mg"}}]}
        ],
    },
    {"resourceType": "Patient", "id": "demo-1", "birthDate": "1980-01-01", "extension": [{"url": "x"}]},
    {"resourceType": "Condition", "clinicalStatus": concept((None, "active", None)), "code": POOR},
    {"resourceType": "AllergyIntolerance", "code": POOR, "reaction": [{"substance": POOR}]},
]  # fmt: skip

WORDS = st.text(max_size=20) | st.sampled_from(["*1/*2", "#c1", "final", "Observation/o1"])
KEYS = st.sampled_from(["coding", "code", "text", "value", "reference"])
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in items for place in places(inner, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], junk: Any) -> None:
    """Replace what is at a path."""
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = junk


@st.composite
def mutated(draw: st.DrawFn) -> list[Any]:
    """The seeds with one to four members replaced by anything."""
    resources = copy.deepcopy(SEEDS)
    for _ in range(draw(st.integers(1, 4))):
        put(resources, draw(st.sampled_from(places(resources)[1:])), draw(JUNK))
    return resources


def read_everything(resources: tuple[Any, ...]) -> None:
    topic = fetched(*resources)
    names = ("patient", "gene_results", "conditions", "medications", "allergies", "weight", "measures")
    drafts = tuple(one for one in resources if isinstance(one, dict))
    read_patient_facts(record(**dict.fromkeys(names, topic), drafts=drafts), LIBRARY, NAMES, TODAY)
    read_patient_facts(record(**dict.fromkeys(names, topic)), LIBRARY, NAMES, TODAY)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(mutated())
def test_nothing_raises_when_members_have_wrong_types(resources: list[Any]) -> None:
    """Any member may be anything."""
    read_everything(tuple(resources))


@given(JUNK)
def test_nothing_raises_when_the_json_is_no_fhir(junk: Any) -> None:
    """Numbers, lists, texts in the place of a resource."""
    read_everything((junk,))


@given(st.text(alphabet="*123/x+ CYPD69.ACGT>|;", max_size=16))
@example("*1/*2")
@example("*1/")
def test_genotype_is_read_only_when_the_grammar_reads_what_was_written(text: str) -> None:
    """No text becomes a genotype on its way through FHIR."""
    gene = LIBRARY.genes["CYP2C19"]
    (one,) = read_gene_results(genotype("CYP2C19", text), LIBRARY)
    assert (one.genotype is not None) == is_readable(gene, text.strip())


def test_nothing_raises_when_json_is_nested_deeply() -> None:
    """Ten thousand levels of Bundles, Parameters and plain objects cost no stack."""
    for wrap in (
        lambda inner: {"resourceType": "Bundle", "entry": [{"resource": inner}]},
        lambda inner: {"resourceType": "Parameters", "parameter": [{"part": [{"resource": inner}]}]},
        lambda inner: {"x": [inner]},
    ):
        nested: dict[str, Any] = genotype("CYP2C19", "*1/*2")
        for _ in range(10_000):
            nested = wrap(nested)
        assert [one.genotype for one in read_gene_results(nested, LIBRARY)] == ["*1/*2"]


def test_all_results_are_kept_when_there_are_ten_thousand() -> None:
    """None is lost, and none is made up of others."""
    sent = [genotype("CYP2C19", "*1/*2", id=f"g{number}") for number in range(10_000)]
    results = read_gene_results({"resourceType": "Bundle", "entry": [{"resource": one} for one in sent]}, LIBRARY)
    assert {one.answer for one in results} == {Answer.READ}
    assert len(results) == 10_000


def test_numbers_are_no_values_when_nobody_can_mean_them() -> None:
    """A number of many digits, not-a-number, infinity; beside them one that somebody can mean."""
    weights = []
    for value in (10**5000, float("nan"), float("inf"), 1e300, -1, 80):
        quantity = {"value": value, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}
        weight = fetched(observation("29463-7", valueQuantity=quantity))
        weights.append(read_patient_facts(record(weight=weight), LIBRARY, NAMES, TODAY).weight_kg)
    assert weights == [None, None, None, None, None, 80]


def test_circles_of_references_end() -> None:
    """Two results that are derived from each other, and one from itself."""
    one = observation("84413-4", "*1/*2", id="a", derivedFrom=[{"reference": "Observation/b"}])
    two = observation("84413-4", "*1/*2", id="b", derivedFrom=[{"reference": f"Observation/{to}"} for to in "ab"])
    results = read_gene_results({"x": [one, two]}, LIBRARY)
    assert [(one.gene, one.answer) for one in results] == [("?", Answer.UNREADABLE)] * 2
