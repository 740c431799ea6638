"""The tables are rebuilt from NLM's own files: every level leads down to its ingredients."""

from pathlib import Path

import pytest

from knowledge.loading.errors import ContentError
from knowledge.terms.rxnorm_release import Release, read_release
from tests.rxnorm_sample import BOTH, CONCEPTS, write_release


def test_every_level_leads_to_its_ingredients(tmp_path: Path) -> None:
    """Salts, combinations, components, forms, products, brands and packs; what is obsolete or leads nowhere is out."""
    products = {"2672": ("2670",), "315266": ("161",), "330583": ("2670",)}
    products |= dict.fromkeys(("817579", "371310", "993781", "993837", "1000"), BOTH)
    assert read_release(*write_release(tmp_path)) == Release(
        ingredients={"161": "acetaminophen", "2670": "codeine"},
        products=products,
        names={code: name for code, _, name, _ in CONCEPTS if code in products},
        brands={"tylenol with codeine": BOTH},
        ndc={"000930150": BOTH},
    )


def test_without_attributes_there_are_no_ndcs(tmp_path: Path) -> None:
    """RXNSAT.RRF may be left out."""
    concepts, relations, _ = write_release(tmp_path)
    assert read_release(concepts, relations).ndc == {}


def test_a_part_that_leads_nowhere_takes_the_whole_with_it(tmp_path: Path) -> None:
    """A tablet, and the pack of it, whose second component is missing or leads to nothing: half would be listed."""
    extra = [
        ("4000", "SCD", "codeine / lost tablet", "N"),
        ("5000", "BPCK", "{1 (codeine / lost tablet) } Pack [X]", "N"),
    ]
    links = [("330583", "4000", "consists_of"), ("9999", "4000", "consists_of"), ("4000", "5000", "contains")]
    links += [("3000", "6000", "contains"), ("330583", "6000", "contains")]
    extra += [("6000", "GPCK", "{1 (a tablet that leads nowhere) / 1 (codeine) } Pack", "N")]
    release = read_release(*write_release(tmp_path, extra, links))
    assert release.incomplete == ("4000", "5000", "6000")
    assert release.products.keys().isdisjoint(release.incomplete)
    assert release.brands == {"tylenol with codeine": BOTH}


def test_an_obsolete_component_still_says_what_its_product_holds(tmp_path: Path) -> None:
    """It is not listed itself."""
    extra = [
        ("7000", "SCDC", "codeine 15 MG", "O"),
        ("7001", "SCD", "acetaminophen 300 MG / codeine 15 MG Tablet", "N"),
    ]
    links = [("2670", "7000", "has_ingredient"), ("7000", "7001", "consists_of"), ("315266", "7001", "consists_of")]
    products = read_release(*write_release(tmp_path, extra, links)).products
    assert (products["7001"], "7000" in products) == (BOTH, False)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A packed file, for one."""
    concepts, relations, _ = write_release(tmp_path)
    concepts.write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(ContentError, match=r"RXNCONSO.RRF:1: is no UTF-8"):
        read_release(concepts, relations)


def test_a_file_of_another_kind_is_refused_with_its_line(tmp_path: Path) -> None:
    """A table with fewer columns is not NLM's."""
    concepts, relations, _ = write_release(tmp_path)
    with pytest.raises(ContentError, match=r"RXNREL.RRF:1: 1 columns where 11 belong"):
        read_release(concepts, _broken(relations))


def _broken(path: Path) -> Path:
    path.write_text("rxcui,tty,name\n")
    return path
