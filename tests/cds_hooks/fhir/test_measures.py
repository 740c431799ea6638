"""Height, smoking and the INR that is aimed at, as a record holds them."""

from decimal import Decimal
from typing import Any

import pytest
from fhir_samples import PATIENT, SNOMED, concept, fetched, observation

from cds_hooks.fhir.labs import Smoking, read_heights, read_inr_goals, read_measures, read_smoking
from cds_hooks.fhir.record import Fetched
from knowledge.facts import Answer


def height(value: object, unit: str | None, **members: Any) -> dict[str, Any]:
    return observation("8302-2", valueQuantity={"value": value, "unit": unit}, **members)


@pytest.mark.parametrize(
    ("value", "unit", "centimetres"),
    [
        (170, "cm", "170"),
        (1.7, "m", "170.0"),
        (67, "[in_i]", "170.18"),
        (170, None, None),
        (5.6, "ft", None),
        (0, "cm", None),
        ("170", "cm", None),
    ],
)
def test_a_height_is_read_in_the_units_that_are_known(value: object, unit: str | None, centimetres: str | None) -> None:
    """Centimetres, metres, inches; no other unit is guessed."""
    found = [one.value for one in read_heights(fetched(height(value, unit)), PATIENT)]
    assert found == ([Decimal(centimetres)] if centimetres else [])


def test_the_newest_height_counts_and_keeps_its_day() -> None:
    """Withdrawn ones and those of others are none."""
    sent = (
        height(160, "cm", id="old", effectiveDateTime="2020-01-01"),
        height(170, "cm", id="new", effectiveDateTime="2026-01-01"),
        height(180, "cm", id="slip", effectiveDateTime="2026-02-01", status="entered-in-error"),
        height(190, "cm", id="other", effectiveDateTime="2026-03-01", subject={"reference": "Patient/else"}),
    )
    measures = read_measures(fetched(), fetched(*sent), PATIENT)
    assert (measures.height_cm, measures.measured_on) == (Decimal(170), {"height_cm": "2026-01-01"})


def test_an_inr_goal_is_one_number() -> None:
    """With the units that an INR is written with; a range is not read as its middle, an INR is no goal."""
    for unit in ("{INR}", "1", None):
        goal = observation("92891-1", valueQuantity={"value": 2.5, "unit": unit})
        assert [one.value for one in read_inr_goals(fetched(goal), PATIENT)] == [Decimal("2.5")]
    span = observation("92891-1", valueRange={"low": {"value": 2}, "high": {"value": 3}})
    inr = observation("6301-6", valueQuantity={"value": 2.5})
    assert read_inr_goals(fetched(span, inr), PATIENT) == ()


def smoking(code: str, display: str | None = None, **members: Any) -> dict[str, Any]:
    return observation("72166-2", concept((SNOMED, code, display)), **members)


@pytest.mark.parametrize(
    ("code", "display", "smokes"),
    [
        ("449868002", "Current every day smoker", True),
        ("428041000124106", "Current some day smoker", True),
        ("428071000124103", None, True),
        ("428061000124105", None, True),
        ("77176002", "Smoker", True),
        ("77176002", "Smoker, current status unknown", None),
        ("8517006", "Former smoker", False),
        ("266919005", "Never smoker", False),
        ("266927001", "Unknown if ever smoked", None),
        ("1234567", None, None),
    ],
)
def test_only_a_plain_answer_on_smoking_is_one(code: str, display: str | None, smokes: bool | None) -> None:
    """US Core's words make a smoker of unknown status of a code that means smoker: unknown stays unknown."""
    assert read_smoking(fetched(smoking(code, display)), PATIENT) == Smoking(smokes, "2024-05-01")


def test_the_newest_smoking_status_counts_even_where_it_tells_nothing() -> None:
    """An older answer does not stand in for it; answers of one day that disagree tell nothing."""
    smoked = smoking("449868002", id="a", effectiveDateTime="2020-01-01")
    stopped = smoking("8517006", id="b", effectiveDateTime="2026-01-01")
    unknown = smoking("266927001", id="c", effectiveDateTime="2026-02-01")
    again = smoking("449868002", id="d", effectiveDateTime="2026-01-01")
    assert read_smoking(fetched(smoked, stopped), PATIENT) == Smoking(False, "2026-01-01")
    assert read_smoking(fetched(smoked, stopped, unknown), PATIENT) == Smoking(None, "2026-02-01")
    assert read_smoking(fetched(stopped, again), PATIENT) == Smoking(None, "2026-01-01")
    assert read_smoking(fetched(), PATIENT) is None


def test_withheld_measures_are_not_looked_at() -> None:
    """Whatever came along."""
    topic = Fetched(Answer.WITHHELD, (height(170, "cm"), smoking("449868002")))
    assert (read_heights(topic, PATIENT), read_smoking(topic, PATIENT)) == ((), None)
