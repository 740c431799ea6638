"""From a coded or named medicine to its ingredients; unknown is an answer."""

from pathlib import Path

import pytest

from knowledge.facts import Identified, Ingredient
from knowledge.library import Library
from knowledge.question import Names
from knowledge.terms.drug_names import load_drug_names

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
NDC = "http://hl7.org/fhir/sid/ndc"
ATC = "http://www.whocc.no/atc"
CLOPIDOGREL = (Ingredient("clopidogrel", "32968"),)


@pytest.mark.parametrize(
    ("codings", "text", "evidence"),
    [
        ([(RXNORM, "32968", None)], None, "code"),
        ([(RXNORM, "309362", "clopidogrel 75 MG Oral Tablet")], None, "code"),
        ([("urn:oid:2.16.840.1.113883.6.88", "213169", None)], None, "code"),
        ([(ATC, "B01AC04", None)], None, "code"),
        ([(NDC, "00093731456", None)], None, "code"),
        ([(NDC, "0093-7314-56", None)], None, "code"),
        ([("urn:local", "X1", None), (RXNORM, "309362", None)], None, "code"),
        ([(RXNORM, "32968", None), (RXNORM, "309362", None)], None, "code"),
        ([], "Clopidogrel", "name"),
        ([], "  clopidogrel 75 MG   Oral Tablet. ", "name"),
        ([("urn:local", "X1", "Plavix")], None, "name"),
        ([(None, None, None)], "clopidogrel", "name"),
    ],
)
def test_clopidogrel_is_recognised_however_it_is_written(
    names: Names, codings: list[tuple[str | None, str | None, str | None]], text: str | None, evidence: str
) -> None:
    """Any RxNorm level, ATC, brand, exact name; the code's evidence is told from the name's."""
    assert names.drugs.identify(codings, text) == Identified(CLOPIDOGREL, evidence)


@pytest.mark.parametrize(
    ("codings", "text", "reason"),
    [
        ([], None, "it has neither code nor name"),
        ([], "clopidogrelish", "a word of its name is not known"),
        ([("urn:local", "X1", None)], None, "its code (urn:local) is on no list, and it has no name"),
        ([(RXNORM, "2670", None), (RXNORM, "32968", None)], None, "its codes name different medicines"),
        ([(ATC, "B01", None)], None, f"its code ({ATC}) is on no list, and it has no name"),
    ],
)
def test_what_is_not_known_exactly_is_not_guessed(
    names: Names, codings: list[tuple[str | None, str | None, str | None]], text: str | None, reason: str
) -> None:
    """The reason says why; contradicting codes identify nothing."""
    assert names.drugs.identify(codings, text) == Identified((), reason=reason)


def test_a_combination_product_names_every_ingredient(names: Names) -> None:
    """Acetaminophen with codeine is both."""
    code = next(
        code
        for code, name in (("993781", ""), ("993770", ""))
        if names.drugs.identify([(RXNORM, code, name)], None).ingredients
    )
    found = names.drugs.identify([(RXNORM, code, None)], None)
    assert {one.name for one in found.ingredients} == {"acetaminophen", "codeine"}


def test_a_code_wins_over_a_display_that_contradicts_it(names: Names) -> None:
    """A known code is not overruled by a name."""
    found = names.drugs.identify([(RXNORM, "309362", "codeine")], "codeine")
    assert found == Identified(CLOPIDOGREL, "code")


def test_a_site_may_bring_its_own_codes(library: Library, tmp_path: Path) -> None:
    """`drug_codes.yaml` of the overlay maps local codes to RxNorm ingredients."""
    (tmp_path / "drug_codes.yaml").write_text('"urn:our-pharmacy":\n  X1: ["32968"]\n', encoding="utf-8")
    found = load_drug_names(library, tmp_path).identify([("urn:our-pharmacy", "X1", None)], None)
    assert found == Identified(CLOPIDOGREL, "code")
