"""A display name is read word by word; one unknown word, and it stays unknown."""

import pytest

from knowledge.question import Names


def read(names: Names, display: str) -> list[str]:
    """Names of the ingredients, sorted."""
    return sorted(names.drugs.ingredient(code).name for code in names.drugs.reader.read(display).contents)


@pytest.mark.parametrize(
    ("display", "ingredients"),
    [
        ("clopidogrel 75 MG Oral Tablet", ["clopidogrel"]),
        ("clopidogrel bisulfate 75mg tab", ["clopidogrel"]),
        ("Plavix 75 mg tablets", ["clopidogrel"]),
        ("clopidogrel 75 MG Oral Tablet [Plavix]", ["clopidogrel"]),
        ("clopidogrel 75 MG Oral Tablet [A brand of tomorrow]", ["clopidogrel"]),
        ("24 HR metoprolol succinate 50 MG Extended Release Oral Tablet", ["metoprolol"]),
        ("METOPROLOL SUCC ER 50 MG TAB", ["metoprolol"]),
        ("acetaminophen 300 MG / codeine phosphate 30 MG Oral Tablet", ["acetaminophen", "codeine"]),
        ("ACETAMINOPHEN-CODEINE 300-30 MG TABLET", ["acetaminophen", "codeine"]),
        ("codeine 15 mg + paracetamol 500 mg", ["acetaminophen", "codeine"]),
        ("Tylenol with Codeine #3", ["acetaminophen", "codeine"]),
        (
            "{30 (clopidogrel 75 MG Oral Tablet) / 30 (aspirin 81 MG Oral Tablet) } Pack",
            ["aspirin", "clopidogrel"],
        ),
        ("Losartan Potassium / hydrochlorothiazide 50/12.5", ["hydrochlorothiazide", "losartan"]),
        ("Sodium chloride 0.9% injection", ["sodium chloride"]),
        ("5-FU", ["fluorouracil"]),
        ("tramadol\u00a0hydrochloride 50 mg", ["tramadol"]),
    ],
)
def test_strength_form_salt_and_brand_fall_away(names: Names, display: str, ingredients: list[str]) -> None:
    """RxNorm's grammar, packs, shop-floor spellings, names of other countries; an unknown short form stays unknown."""
    assert read(names, display) == ingredients


@pytest.mark.parametrize(
    ("display", "reason", "unknown"),
    [
        ("acetaminophen 300 MG / foobarin 30 MG Oral Tablet", "a word of its name is not known", "foobarin"),
        ("no codeine", "a word of its name is not known", "no"),
        ("codeine allergy", "a word of its name is not known", "allergy"),
        ("Tylenol PM", "a word of its name is not known", "tylenol"),
        ("codeine with", "a word of its name is not known", "with"),
        ("acetaminophen 300 MG / ", "a word of its name is not known", "/"),
        ("codeine 30 mg + ", "a word of its name is not known", "+"),
        ("codeine " * 400, "its name is too long to be one", None),
        ("clopidogrel 75 MG [Zoloft]", "its brand and its ingredients name different medicines", None),
        ("oral tablet 75 mg", "its name holds no medicine", None),
        ("hydrochloride 25 mg", "a word of its name is not known", "hydrochloride"),
        ("", "its name holds no medicine", None),
    ],
)
def test_a_half_understood_name_is_no_medicine(names: Names, display: str, reason: str, unknown: str | None) -> None:
    """The reason keeps the word to itself: it may be a patient's name."""
    found = names.drugs.reader.read(display)
    assert (found.contents, found.reason, found.unknown) == ((), reason, unknown)
