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
        ("Plavix® 75 mg", ["clopidogrel"]),
        ("clopi\u200bdogrel\x0075 mg", ["clopidogrel"]),
        ("clopidogrel 75 µg", ["clopidogrel"]),
        ("clopidogrel 75 \u03bcg", ["clopidogrel"]),
        ("clopidogrel hydrogen sulfate 75mg PO daily", ["clopidogrel"]),
        ("Clopidogrel 75mg tabs BID (Actavis UK Ltd)", ["clopidogrel"]),
        ("codeine 15 mg/5 mL", ["codeine"]),
        ("codeine 30 mg 1/2 tab", ["codeine"]),
        ("codeine 30 mg - 28 tablets", ["codeine"]),
        ("20/80 Release 24 HR methylphenidate 25 MG Oral Capsule", ["methylphenidate"]),
        ("hydrocodone/APAP 5/325 tablet", ["acetaminophen", "hydrocodone"]),
        ("lisinopril-HCTZ 20-12.5", ["hydrochlorothiazide", "lisinopril"]),
        ("Lotrel", ["amlodipine", "benazepril"]),
        ("Tylenol #3", ["acetaminophen", "codeine"]),
        ("Zantac 360", ["famotidine"]),
        ("sugar free codeine", ["codeine"]),
        ("CODEINE PHOS 30 MG TAB UD", ["codeine"]),
        ("ondansetron (PF) 4 mg/2 mL injection", ["ondansetron"]),
        ("albuterol inh", ["albuterol"]),
    ],
)
def test_strength_form_salt_and_brand_fall_away(names: Names, display: str, ingredients: list[str]) -> None:
    """RxNorm's grammar, packs, shop-floor spellings, names of other countries; short forms, directions."""
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
        ("codeine free", "a word of its name is not known", "free"),
        ("codeine-free", "a word of its name is not known", "free"),
        ("/ codeine", "a word of its name is not known", "/"),
        ("{7 (clopidogrel 75 MG Oral Tablet) / 7 (", "its name was cut off", None),
        ("acetaminophen 300 MG / 30 MG Oral Tablet", "it has more strengths than ingredients", None),
        ("hydrocodone 5/325 tablet", "it has more strengths than ingredients", None),
        ("losartan 50-12.5", "it has more strengths than ingredients", None),
        ("[Plavix] [Zoloft]", "its brand and its ingredients name different medicines", None),
        ("clopidogrel [new brand with aspirin]", "its brand and its ingredients name different medicines", None),
        ("amlodipine 5 MG [Lotrel]", "its brand and its ingredients name different medicines", None),
        ("hydrochloride 25 mg", "a word of its name is not known", "hydrochloride"),
        ("", "its name holds no medicine", None),
    ],
)
def test_a_half_understood_name_is_no_medicine(names: Names, display: str, reason: str, unknown: str | None) -> None:
    """The reason keeps the word to itself: it may be a patient's name."""
    found = names.drugs.reader.read(display)
    assert (found.contents, found.reason, found.unknown) == ((), reason, unknown)


def test_half_a_combination_is_told_from_a_name_with_a_strange_word(names: Names) -> None:
    """What stands beside it must not fill the gap."""
    displays = ("codeine / foobarin", "codeine with foobarin", "foobarin codeine", "foobarin / barfoo")
    assert [names.drugs.reader.read(one).half for one in displays] == [True, True, False, False]
