"""Every synthetic patient makes the card that its story promises, by the real endpoint."""

from __future__ import annotations

from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from flask.testing import FlaskClient

from cds_hooks.content import Content
from cds_hooks.demo.chart import Line, Section, read_chart
from cds_hooks.demo.patients import load_patients

PROMISED = {
    "demo-stent": ("critical", "Clopidogrel: avoid if possible (CYP2C19 Poor Metabolizer)"),
    "demo-child": ("critical", "Codeine: contraindicated (children below 12 years; CYP2D6 Ultrarapid Metabolizer)"),
    "demo-colon": ("warning", "Capecitabine: reduce the starting dose by 50% (DPYD Intermediate Metabolizer)"),
    "demo-hiv": ("critical", "Abacavir: contraindicated (HLA-B *57:01 positive)"),
    "demo-gout": ("critical", "Allopurinol: contraindicated (HLA-B *58:01 positive)"),
    "demo-crohn": (
        "warning",
        "Azathioprine: reduce a starting dose of at least 2 mg/kg per day by 20 to 70% "
        "(TPMT Intermediate Metabolizer, NUDT15 Intermediate…",
    ),
    "demo-statin": ("warning", "Simvastatin: avoid (SLCO1B1 Poor Function)"),
    "demo-paroxetine": ("warning", "Tramadol: avoid (CYP2D6 Poor Metabolizer with paroxetine)"),
    "demo-pdf": ("info", "Amitriptyline: the CYP2D6 result on file could not be read"),
    "demo-nothing": (
        "warning",
        "Carbamazepine: no HLA-B result on file, test recommended before the first dose",
    ),
    "demo-stroke": ("critical", "Clopidogrel: avoid if possible (CYP2C19 Poor Metabolizer)"),
}


def fire(visitor: FlaskClient, **choice: str) -> list[dict[str, Any]]:
    """The cards that the endpoint answers to the request of a choice."""
    drafted = visitor.get("/demo/request", query_string=choice).get_json()
    answer = visitor.post(drafted["url"], data=drafted["body"], content_type="application/json")
    assert answer.status_code == 200, answer.get_json()
    cards: list[dict[str, Any]] = answer.get_json()["cards"]
    return cards


def offers(cards: list[dict[str, Any]]) -> list[str]:
    """The labels of all suggestions."""
    return [suggestion["label"] for card in cards for suggestion in card.get("suggestions", [])]


@pytest.mark.parametrize("patient", load_patients())
def test_the_promised_card_comes_when_the_story_is_followed(visitor: FlaskClient, patient: str) -> None:
    """Medicine and hook of the story lead to one card with the indicator and the summary it promises."""
    cards = fire(visitor, patient=patient)
    assert [(card["indicator"], card["summary"]) for card in cards] == [PROMISED[patient]]


def test_an_alternative_is_left_out_when_the_file_forbids_it(visitor: FlaskClient) -> None:
    """Prasugrel is offered after a stent, and not after a stroke; ticagrelor is offered to both."""
    assert offers(fire(visitor, patient="demo-stent", hook="order-select")) == [
        "Replace clopidogrel by prasugrel (dose to be filled in)",
        "Replace clopidogrel by ticagrelor (dose to be filled in)",
    ]
    assert offers(fire(visitor, patient="demo-stroke", hook="order-select")) == [
        "Replace clopidogrel by ticagrelor (dose to be filled in)"
    ]


def test_a_test_is_offered_only_when_nothing_is_on_file(visitor: FlaskClient) -> None:
    """A result that only a document holds is no reason to say that there is none."""
    assert offers(fire(visitor, patient="demo-nothing")) == ["Order HLA-B genotyping before carbamazepine"]
    assert offers(fire(visitor, patient="demo-pdf")) == []


def test_both_fluoropyrimidines_get_a_card_when_dpyd_is_reduced(visitor: FlaskClient) -> None:
    """The story invites to try the other medicine, too."""
    cards = fire(visitor, patient="demo-colon", drug="fluorouracil")
    assert [card["summary"] for card in cards] == [
        "Fluorouracil: reduce the starting dose by 50% (DPYD Intermediate Metabolizer)"
    ]


def test_the_chart_view_has_a_card_only_when_a_current_medicine_needs_one(visitor: FlaskClient) -> None:
    """Simvastatin that is taken makes a card on patient-view; a medicine that is only chosen on the page does not."""
    assert len(fire(visitor, patient="demo-statin", hook="patient-view")) == 1
    assert fire(visitor, patient="demo-stent", hook="patient-view") == []


@pytest.mark.parametrize("patient", load_patients())
def test_every_file_is_valid_fhir(patient: str) -> None:
    """The resources, in a searchset, are FHIR R4 and all of this one patient."""
    resources = load_patients()[patient].resources
    Bundle.model_validate(
        {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": dict(one)} for one in resources]}
    )
    owners = {one["subject" if "subject" in one else "patient"]["reference"] for one in resources[1:]}
    assert owners == {f"Patient/{patient}"}


def test_every_medicine_can_be_drafted(visitor: FlaskClient, content: Content) -> None:
    """Each medicine of the library is answered for a patient without any result, with or without a card."""
    cards = {
        drug: fire(visitor, patient="demo-nothing", drug=drug, hook="order-sign") for drug in content.library.drugs
    }
    assert [drug for drug, found in cards.items() if any(drug not in card["summary"].lower() for card in found)] == []


def test_the_chart_shows_results_apart_from_measurements() -> None:
    """A chart has every section; an empty one stays and says so on the page."""
    sections = read_chart(load_patients()["demo-crohn"])
    assert sections == (
        Section(
            "Gene results",
            (
                Line("TPMT *1/*3A", "2026-11-01"),
                Line("NUDT15 *1/*3", "2026-11-01"),
                Line("Report: Genetic analysis report", "2026-11-01"),
            ),
        ),
        Section("Problems", (Line("Crohn's disease", "2021-05-01"),)),
        Section("Current medicines", ()),
        Section("Allergies", ()),
        Section("Measurements", (Line("Body weight: 78 kg", "2026-11-10"),)),
    )
