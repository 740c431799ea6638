"""The quick look dismisses only what the careful reading dismisses."""

from typing import Any

import pytest
from fhir_samples import LIBRARY, LOINC
from hypothesis import example, given
from hypothesis import strategies as st

from cds_hooks.fhir.gene_index import index_genes
from cds_hooks.fhir.observation import Observation
from cds_hooks.fhir.observation_kind import is_plain, kind_of

INDEX = index_genes(LIBRARY)
CREATININE = {"coding": [{"system": LOINC, "code": "2160-0", "display": "Creatinine"}], "text": "Creatinine"}
QUANTITY = {"value": 1, "unit": "mg/dL"}


@pytest.mark.parametrize(
    ("observation", "plain"),
    [
        ({"code": CREATININE, "valueQuantity": QUANTITY}, True),
        ({"code": {"coding": [{"system": LOINC, "code": "84413-4"}]}, "valueQuantity": QUANTITY}, False),
        ({"code": {"coding": [{"system": LOINC, "code": " 84413-4 "}]}}, False),
        ({"code": {"coding": [{"code": ["2160-0"]}]}}, False),
        ({"code": {"coding": [{"display": "Creatinine"}]}}, False),
        ({"code": {"coding": [{"code": "x", "display": "CYP2C19 activity score"}]}, "valueQuantity": QUANTITY}, False),
        ({"code": {"coding": [{"code": "x"}], "text": "cyp2c19"}, "valueQuantity": QUANTITY}, False),
        ({"code": CREATININE, "valueString": "CYP2C19 *2/*2"}, False),
        ({"code": CREATININE, "component": []}, False),
        ({"code": "CYP2C19"}, False),
        ({"code": {"coding": {"code": "84413-4"}}}, False),
        ({}, False),
    ],
)
def test_only_what_says_nothing_of_a_gene_is_plain(observation: dict[str, Any], plain: bool) -> None:
    """Codes, names, values and shapes; whatever is unusual is read with care."""
    assert is_plain(observation, INDEX) is plain


NAMES_AND_CODES = ["Creatinine", "CYP2C19", "cyp2c19 genotype", "84413-4", " 84413-4", "53040-2", LOINC, " ", ""]
TEXTS = st.sampled_from(NAMES_AND_CODES) | st.text()
JUNK = st.recursive(st.none() | st.integers() | TEXTS, lambda inner: st.lists(inner, max_size=2), max_leaves=3)
CODINGS = st.dictionaries(st.sampled_from(["system", "code", "display"]), TEXTS | JUNK)
CODES = st.fixed_dictionaries(
    {}, optional={"coding": st.lists(CODINGS | JUNK, max_size=2) | JUNK, "text": TEXTS | JUNK}
)
OBSERVATIONS = st.fixed_dictionaries(
    {}, optional={"code": CODES | JUNK, "valueQuantity": st.just(QUANTITY), "valueString": TEXTS, "component": JUNK}
)


@given(OBSERVATIONS)
@example({"code": CREATININE, "valueQuantity": QUANTITY})
def test_what_the_quick_look_dismisses_the_careful_reading_dismisses_too(observation: dict[str, Any]) -> None:
    """Never the other way round: no result is lost for speed."""
    if is_plain(observation, INDEX):
        assert kind_of(Observation(observation), INDEX) is None
