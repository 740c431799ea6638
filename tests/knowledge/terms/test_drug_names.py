"""From a coded or named medicine to its ingredients; unknown is an answer."""

import shutil
from pathlib import Path

import pytest

from knowledge.facts import Identified, Ingredient
from knowledge.library import Library
from knowledge.loading.errors import ContentError
from knowledge.loading.load import CONTENT, load_library
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


@pytest.mark.parametrize(
    ("code", "display", "text", "expected"),
    [
        ("309362", "codeine", None, None),
        ("309362", None, "codeine 30 mg tablet", None),
        ("309362", "its code is on file", None, (["clopidogrel"], "code")),
        ("309362", "Plavix", "clopidogrel", (["clopidogrel"], "code")),
        ("2670", "acetaminophen 300 MG / codeine 30 MG Oral Tablet", None, (["acetaminophen", "codeine"], "name")),
        ("993781", "codeine", None, (["acetaminophen", "codeine"], "code")),
    ],
)
def test_a_name_that_contradicts_the_code_leaves_the_medicine_unknown(
    names: Names, code: str, display: str | None, text: str | None, expected: tuple[list[str], str] | None
) -> None:
    """Either may be the mistake; a name that says more than the code is the whole of it."""
    found = names.drugs.identify([(RXNORM, code, display)], text)
    if expected is None:
        assert found == Identified((), reason="its code and its name name different medicines")
    else:
        assert (sorted(one.name for one in found.ingredients), found.evidence) == expected


def test_a_whole_name_beside_half_a_combination_is_not_taken(names: Names) -> None:
    """The display has a part that nobody knows; the text leaves it out. A name of its own kind does no harm."""
    half = names.drugs.identify([(None, None, "codeine / foobarin")], "codeine")
    strange = names.drugs.identify([(None, None, "Our tablet")], "codeine")
    assert half == Identified((), reason="a part of the combination in its name is not known")
    assert [one.name for one in strange.ingredients] == ["codeine"]


def test_names_of_different_medicines_identify_nothing(names: Names) -> None:
    """Display and text must fit."""
    found = names.drugs.identify([(None, None, "codeine")], "clopidogrel")
    assert found == Identified((), reason="its names name different medicines")


@pytest.mark.parametrize(
    ("code", "ingredients"),
    [
        ("N02AJ06", ["acetaminophen", "codeine"]),
        ("n02aj13", ["acetaminophen", "tramadol"]),
        ("C10BA02", ["ezetimibe", "simvastatin"]),
        ("C07FX05", ["ivabradine", "metoprolol"]),
        ("J05AR13", ["abacavir", "dolutegravir", "lamivudine"]),
        ("N02AA59", []),
        ("C07BB02", []),
    ],
)
def test_an_atc_code_of_a_combination_is_all_of_it_or_nothing(names: Names, code: str, ingredients: list[str]) -> None:
    """ "Codeine, combinations" leaves the other part open."""
    found = names.drugs.identify([(ATC, code, None)], None)
    assert sorted(one.name for one in found.ingredients) == ingredients


def test_every_listed_combination_holds_the_drug_whose_file_has_its_code(library: Library) -> None:
    """The two places where a code stands do not contradict each other."""
    for drug in library.drugs.values():
        for code in set(drug.atc) & library.atc_combinations.keys():
            parts = library.atc_combinations[code]
            assert not parts or drug.name in parts, code


@pytest.mark.parametrize(
    ("code", "ingredients"),
    [
        ("309444", ["acetaminophen", "codeine", "guaifenesin", "phenylpropanolamine"]),
        ("197771", ["hydrochlorothiazide", "reserpine"]),
        ("1549688", ["RxNorm 5666", "hyaluronidase"]),
    ],
)
def test_a_part_without_a_known_name_or_code_is_not_left_out(names: Names, code: str, ingredients: list[str]) -> None:
    """Named by its product alone, or by its code alone, it is still there."""
    found = names.drugs.identify([(RXNORM, code, None)], None)
    assert sorted(one.name for one in found.ingredients) == ingredients


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("http://www.nlm.nih.gov/research/umls/rxnorm/", "309362"),
        ("https://www.nlm.nih.gov/research/umls/RxNorm", "309362"),
        ("http://www.nlm.nih.gov/research/umls/rxnorm|2026-01", "309362"),
        ("URN:OID:2.16.840.1.113883.6.88", "309362"),
        ("2.16.840.1.113883.6.88", "309362"),
        ("https://hl7.org/fhir/sid/ndc/", "0093-7314-56"),
        ("urn:oid:2.16.840.1.113883.6.69", "0093731456"),
        ("http://www.whocc.no/ATC", "b01ac04"),
        ("urn:oid:2.16.840.1.113883.6.73", "B01AC04"),
        ("http://fhir.de/CodeSystem/bfarm/atc", "B01AC04"),
    ],
)
def test_a_code_system_is_known_by_its_usual_addresses(names: Names, system: str, code: str) -> None:
    """Case, scheme, slash, version and bare OIDs make no difference."""
    assert names.drugs.identify([(system, code, None)], None) == Identified(CLOPIDOGREL, "code")


@pytest.mark.parametrize("system", ["http://snomed.info/sct", "http://example.org/rxnorm", "rxnorm.example.org", ""])
def test_a_code_of_another_system_is_no_rxnorm_code(names: Names, system: str) -> None:
    """The same digits mean something else there."""
    assert names.drugs.identify([(system, "309362", None)], None).ingredients == ()


def test_a_site_may_bring_its_own_codes(library: Library, tmp_path: Path) -> None:
    """`drug_codes.yaml` of the overlay maps local codes to RxNorm ingredients."""
    (tmp_path / "drug_codes.yaml").write_text('"urn:our-pharmacy":\n  X1: ["32968"]\n', encoding="utf-8")
    found = load_drug_names(library, tmp_path).identify([("urn:our-pharmacy", "X1", None)], None)
    assert found == Identified(CLOPIDOGREL, "code")


def test_faults_of_the_sites_codes_are_all_said_with_their_lines(library: Library, tmp_path: Path) -> None:
    """A list is a list, a code is quoted, and nothing is made of an empty list."""
    path = tmp_path / "drug_codes.yaml"
    path.write_text('"urn:x":\n  A: "32968"\n  B: [32968]\n  C: []\n  D: [clopidogrel]\n', encoding="utf-8")
    with pytest.raises(ContentError) as raised:
        load_drug_names(library, tmp_path)
    assert [(one.line, one.what) for one in raised.value.faults] == [
        (2, "urn:x/A: '32968' is not of type 'array'"),
        (3, "urn:x/B/0: 32968 is not of type 'string'"),
        (4, "urn:x/C: [] should be non-empty"),
        (5, "urn:x/D/0: 'clopidogrel' does not match '^[0-9]+$'"),
    ]


def test_a_site_may_bring_its_own_names(tmp_path: Path) -> None:
    """A brand of a combination, by RxNorm's names; one with a part that nobody knows names nothing."""
    (tmp_path / "display_words.yaml").write_text(
        "synonyms:\n  our duo: clopidogrel / aspirin\n  our trio: clopidogrel / foobarin\n", encoding="utf-8"
    )
    names = load_drug_names(load_library(tmp_path), tmp_path)
    assert [one.name for one in names.identify([], "Our Duo 75 mg/81 mg tablets").ingredients] == [
        "aspirin",
        "clopidogrel",
    ]
    assert names.identify([], "Our Trio").ingredients == ()


@pytest.mark.parametrize("name", ["drug_names.json", "ndc.json.gz"])
def test_a_shipped_table_that_is_missing_is_a_fault_and_not_an_empty_table(
    name: str, library: Library, tmp_path: Path
) -> None:
    """Else every code would look as if it were on no list. A table of the overlay is enough."""
    content, overlay = tmp_path / "content", tmp_path / "overlay"
    shutil.copytree(CONTENT / "imported", content / "imported")
    overlay.mkdir()
    shutil.move(content / "imported" / name, overlay / name)
    found = load_drug_names(library, overlay, content).identify([(NDC, "0093-7314-56", None)], None)
    assert found == Identified(CLOPIDOGREL, "code")
    with pytest.raises(ContentError) as raised:
        load_drug_names(library, None, content)
    (fault,) = raised.value.faults
    assert (fault.path, fault.what) == (
        str(content / "imported" / name), "this table of the shipped content is missing",
    )  # fmt: skip


def test_a_medicine_of_more_codes_than_anybody_lists_is_not_looked_through(names: Names) -> None:
    """It stays unknown and says why; a hundred codes are looked at."""
    codings = [("urn:local", str(number), None) for number in range(99)] + [(RXNORM, "309362", None)]
    assert names.drugs.identify(codings, None) == Identified(CLOPIDOGREL, "code")
    refused = Identified((), reason="it has more codes than are looked at")
    assert names.drugs.identify([("urn:local", "x", None), *codings], None) == refused
