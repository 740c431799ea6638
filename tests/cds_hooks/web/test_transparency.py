"""`/transparency/<row id>` shows what a rule rests on, to whoever reads a card."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from samples import SETTINGS

from app import create_app
from cds_hooks.content import Content, load_content
from cds_hooks.json_schema import load_validator
from knowledge.sign_off import SignOff

ROW = "clopidogrel/cpic/poor-acs-pci"


def test_a_row_says_what_it_rests_on(client: FlaskClient, content: Content) -> None:
    """Source, what it asks for, what it says, its attributes, its criteria."""
    page = client.get(f"/transparency/{ROW}").get_json()
    attributes = {one["id"]: one["value"] for one in page.pop("attributes")}
    criteria = [one["id"] for one in page.pop("criteria")]
    sources, record = page.pop("sources"), page["asksFor"].pop("record")
    assert sources[0] == {
        "citation": "CPIC guideline for clopidogrel and CYP2C19, 2022 update, CPIC database v1.38, PMID 35034351",
        "title": "CPIC guideline for clopidogrel and CYP2C19, 2022 update",
        "version": "CPIC database v1.38",
        "pmid": ["35034351"],
        "url": "https://www.clinpgx.org/guidelineAnnotation/PA166104948",
        "transcribed": "2026-11-23",
    }
    assert [one.split(" (")[0] for one in record] == [
        "age",
        "allergies",
        "conditions",
        "gene results",
        "medicines on the list",
        "body weight",
    ]
    assert attributes["race"] == "not used"
    assert attributes["funding"] == "CPIC: not stated in the source; transcription: not stated in the source"
    assert criteria == ["no_image_or_signal", "medical_information", "for_professionals", "basis_open_to_review"]
    assert set(page.pop("feedback")) == {"onACard", "onTheRule"}
    assert page == {
        "id": ROW,
        "drug": {"name": "clopidogrel", "rxnorm": ["32968"]},
        "body": "CPIC",
        "content": {
            "version": content.library.version,
            "fileVersion": content.library.drugs["clopidogrel"].version,
            "status": "transcribed from the source, reviewed by nobody",
        },
        "asksFor": {
            "genes": {"CYP2C19": ["Poor Metabolizer", "Likely Poor Metabolizer"]},
            "populations": ["acute coronary syndrome or percutaneous coronary intervention"],
        },
        "strength": "strong recommendation",
        "indicator": "critical",
        "actions": ["Avoid clopidogrel if possible.", "Consider instead: prasugrel or ticagrelor."],
        "effect": "Expect much less active metabolite, with a risk of stent thrombosis; "
        "heart attack and other cardiac events; and stroke.",
        "note": "",
        "current": True,
    }


@pytest.mark.parametrize(
    ("until", "status"),
    [("9999-12-31", "reviewed by this site"), ("2020-01-01", "this site's review ended on 2020-01-01")],
)
def test_a_row_says_whether_the_sites_review_holds(until: str, status: str, content: Content) -> None:
    """Today it does, or since a day it does no more."""
    signed = dataclasses.replace(content.library.drugs["clopidogrel"], sign_off=SignOff("reviewed", until))
    library = dataclasses.replace(content.library, drugs={"clopidogrel": signed})
    client = create_app(SETTINGS, dataclasses.replace(content, library=library)).test_client()
    assert client.get(f"/transparency/{ROW}").get_json()["content"]["status"] == status


def test_every_row_has_a_page_that_keeps_its_schema(client: FlaskClient, content: Content) -> None:
    """All of the content, as it is shipped."""
    schema = load_validator("row")
    for drug in content.library.drugs.values():
        for table in drug.tables:
            for row in table.rows:
                page = client.get(f"/transparency/{drug.id}/{table.slug}/{row.id}")
                assert page.status_code == 200
                assert [error.message for error in schema.iter_errors(page.get_json())] == []


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json, text/html", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ("text/html;q=0.5, application/json", "application/json"),
    ],
)
def test_a_browser_gets_a_page_and_a_program_json(client: FlaskClient, accept: str | None, media: str) -> None:
    """By the Accept header."""
    answer = client.get(f"/transparency/{ROW}", headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.content_type, answer.headers["Vary"]) == (200, media, "Accept")


def test_the_page_runs_nothing_and_says_all_that_the_json_says(client: FlaskClient) -> None:
    """No script, one stylesheet of this server's, the policy of the first page; every attribute stands on it."""
    answer = client.get(f"/transparency/{ROW}", headers={"Accept": "text/html"})
    page = client.get(f"/transparency/{ROW}").get_json()
    text = answer.get_data(as_text=True)
    assert re.findall(r"<(?:script|style|img|iframe|link)\b[^>]*>", text) == [
        '<link rel="stylesheet" href="/transparency/static/row.css">'
    ]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for said in [*page["actions"], *(one["value"] for one in page["attributes"])]:
        assert said in text
    assert text.count("<br>") == len(page["criteria"])


@pytest.mark.parametrize("row_id", ["clopidogrel", "clopidogrel/cpic/none", "a/b/c", "../../etc/passwd", "%00/%ff/x"])
def test_an_unknown_row_is_not_found_and_the_outcome_says_what_an_id_is(client: FlaskClient, row_id: str) -> None:
    """To a browser as well."""
    for accept in ("application/json", "text/html"):
        answer = client.get(f"/transparency/{row_id}", headers={"Accept": accept})
        assert answer.status_code == 404
        assert answer.get_json()["issue"] == [
            {
                "severity": "error",
                "code": "not-found",
                "diagnostics": "no row has this id. A row's id is in the card's extension, such as " + ROW + ".",
            }
        ]


def test_a_page_of_content_that_is_loaded_no_more_says_so(client: FlaskClient, content: Content) -> None:
    """The link of an older card shows the row as it stands now."""
    versions = {"0" * 12: False, content.library.version: True}
    for version, current in versions.items():
        assert client.get(f"/transparency/{ROW}?content={version}").get_json()["current"] is current
    page = client.get(f"/transparency/{ROW}?content={'0' * 12}", headers={"Accept": "text/html"})
    assert "loaded no more" in page.get_data(as_text=True)


def test_a_card_links_to_its_rule_where_the_address_of_the_service_is_known(order_select: dict[str, Any]) -> None:
    """One link, to the leading row and the content it was made from; it opens the row's page."""
    settings = dataclasses.replace(SETTINGS, public_url="https://cds.example.org/pgx")
    content = load_content(settings)
    client = create_app(settings, content).test_client()
    (card,) = client.post("/cds-services/pgx-order-select", json=order_select).get_json()["cards"]
    lead = card["extension"]["org.pgx-cds"]["findings"][0]["id"]
    (link,) = [link for link in card["links"] if link["label"].startswith("About the rule")]
    assert link == {
        "label": f"About the rule {lead}",
        "url": f"https://cds.example.org/pgx/transparency/{lead}?content={content.library.version}",
        "type": "absolute",
    }
    assert client.get(link["url"].removeprefix("https://cds.example.org/pgx")).get_json()["id"] == lead
    assert not list(Draft202012Validator(load_validator("cards").schema).iter_errors({"cards": [card]}))


def test_without_an_address_no_card_links_to_a_rule(client: FlaskClient, order_select: dict[str, Any]) -> None:
    """A link in a card must be absolute."""
    (card,) = client.post("/cds-services/pgx-order-select", json=order_select).get_json()["cards"]
    assert [link for link in card["links"] if "/transparency/" in link["url"]] == []


def test_the_card_names_what_of_the_person_its_rules_use(client: FlaskClient, order_select: dict[str, Any]) -> None:
    """The last line of the sources."""
    (card,) = client.post("/cds-services/pgx-order-select", json=order_select).get_json()["cards"]
    assert card["detail"].splitlines()[-1] == "- The rules above: date of birth used; race, ethnicity and sex not used."


def test_no_address_redirects_to_the_host_that_a_caller_names(client: FlaskClient) -> None:
    """Two slashes in a row lead nowhere."""
    answer = client.get(f"/transparency//{ROW}", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers.get("Location")) == (404, None)
    assert client.get(f"/transparency/{ROW}", headers={"Host": "evil.example"}).status_code == 200


def test_the_style_of_the_page_is_open_as_the_page_is(client: FlaskClient) -> None:
    """It loads nothing in its turn."""
    with client.get("/transparency/static/row.css") as sheet:
        assert (sheet.status_code, sheet.mimetype) == (200, "text/css")
        assert sheet.headers["X-Content-Type-Options"] == "nosniff"
        assert "url(" not in sheet.get_data(as_text=True)
