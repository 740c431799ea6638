"""What a reference says, on which server."""

from __future__ import annotations

import pytest

from cds_hooks.fhir.references import cut_version, is_elsewhere, read_reference, type_and_id

SERVER = "https://fhir.example.org/r4"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patient/1", "Patient/1"),
        ("Patient/1/_history/2", "Patient/1"),
        (f"{SERVER}/Patient/1", "Patient/1"),
        (f"{SERVER}/Patient/1/_history/2", "Patient/1"),
        ("https://other.example.org/r4/Patient/1/_history/2", "https://other.example.org/r4/Patient/1"),
        (f"{SERVER}b/Patient/1", f"{SERVER}b/Patient/1"),
        (f"{SERVER}/", None),
        ("Patient", None),
        ("Patient/", None),
        ("r4/Patient/1", None),
        ("../Patient", None),
        ("#1", None),
        ("urn:uuid:6bc883b2-b795-4dcb-b661-34884a31d472", None),
        ("", None),
        (None, None),
        (1, None),
    ],
)
def test_a_reference_is_read_against_the_server_that_it_came_from(text: object, expected: str | None) -> None:
    """What is on that server has its type and id; what is on another keeps its address."""
    assert read_reference(text, SERVER) == expected
    assert expected is None or is_elsewhere(expected) == expected.startswith("https://")


def test_without_a_server_every_address_may_be_another_ones() -> None:
    """Nothing says that it is the record's own."""
    assert read_reference(f"{SERVER}/Patient/1", None) == f"{SERVER}/Patient/1"
    assert read_reference("Patient/1", None) == "Patient/1"


def test_type_and_id_are_the_last_two_parts_of_any_reference() -> None:
    """Where it is no matter on which server, as for a link that is followed."""
    told = [f"{SERVER}/Patient/1/_history/2", "Patient/1", "#1", "urn:uuid:7"]
    assert [type_and_id(each) for each in told] == ["Patient/1", "Patient/1", "#1", "urn:uuid:7"]
    assert [cut_version(each) for each in told] == [f"{SERVER}/Patient/1", *told[1:]]
