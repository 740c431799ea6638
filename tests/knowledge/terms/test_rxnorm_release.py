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


def test_a_file_of_another_kind_is_refused_with_its_line(tmp_path: Path) -> None:
    """A table with fewer columns is not NLM's."""
    concepts, relations, _ = write_release(tmp_path)
    with pytest.raises(ContentError, match=r"RXNREL.RRF:1: 1 columns where 11 belong"):
        read_release(concepts, _broken(relations))


def _broken(path: Path) -> Path:
    path.write_text("rxcui,tty,name\n")
    return path
