"""An NDC leads to labeler and product however it is written; what may be several is all of them."""

import pytest

from knowledge.terms.ndc import make_table, read_ndc


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("0093-7314-56", ("000937314",)),
        ("00093-7314-56", ("000937314",)),
        ("00093731456", ("000937314",)),
        ("63653-117-11", ("636530117",)),
        ("12345-6789-1", ("123456789",)),
        ("0093-7314", ("000937314",)),
        (" 0093-7314-56 ", ("000937314",)),
        ("0093731456", ("000937314",)),
        ("6365311711", ("636530117", "636531171")),
    ],
)
def test_every_spelling_leads_to_labeler_and_product(code: str, expected: tuple[str, ...]) -> None:
    """Three ten-digit forms with hyphens, eleven digits, the product alone; ten bare digits may be two products."""
    assert read_ndc(code) == expected


@pytest.mark.parametrize(
    "code",
    [
        "",
        "abc",
        "123",
        "0093-73-56",
        "0093-731-456",
        "93-7314-56",
        "63653-117-1",
        "63653-11-711",
        "0093-7314-5",
        "1-2-3-4",
        "0093-7314-56-1",
        "٠٠٠٩٣٧٣١٤٥٦",
    ],
)
def test_what_is_no_ndc_is_nothing(code: str) -> None:
    """Too short, too long, other signs."""
    assert read_ndc(code) == ()


@pytest.mark.parametrize(
    ("code", "contents"),
    [
        ("1111112345", ("1",)),
        ("2222212345", ("2",)),
        ("3333312345", ()),
        ("3333319991", ()),
        ("4444401234", ()),
        ("5555501234", ("5",)),
        ("6666612345", ()),
        ("0777789012", ("7",)),
    ],
)
def test_ten_bare_digits_count_only_as_their_labeler_writes_them(code: str, contents: tuple[str, ...]) -> None:
    """Three digits, four digits, both, two products that differ, two that agree, a product that is not listed."""
    table = make_table({
        "111110123": ("1",),
        "222221234": ("2",), "222229999": ("2",),
        "333330123": ("3",), "333331999": ("3",),
        "444440012": ("4",), "444440123": ("9",),
        "555550012": ("5",), "555550123": ("5",),
        "666669999": ("6",), "666660123": ("6",),
        "007777890": ("7",), "077770890": ("8",),
    })  # fmt: skip
    assert table.find(code) == contents
