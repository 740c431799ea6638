"""What the environment sets goes over what the content's policy says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from samples import SETTINGS

from app import create_app
from cds_hooks.content import Content, apply_settings, load_content
from cds_hooks.settings import Settings
from knowledge.policy import Policy

URL = "/cds-services/pgx-order-select"


def cards_of(client: FlaskClient, request: dict[str, Any]) -> list[dict[str, Any]]:
    """The cards that come back."""
    cards: list[dict[str, Any]] = client.post(URL, json=request).json["cards"]
    return cards


def test_the_policy_stays_when_nothing_is_set() -> None:
    """Unset is not the same as the product's default."""
    policy = Policy(max_cards=3, show_no_action=True)
    assert apply_settings(policy, Settings()) == policy


def test_settings_win_over_the_policy() -> None:
    """In both directions."""
    policy = Policy(max_cards=3, show_no_action=True)
    settings = Settings(max_cards=7, show_no_action=False)
    assert apply_settings(policy, settings) == Policy(max_cards=7, show_no_action=False)


def test_a_card_without_action_comes_when_it_is_asked_for(content: Content, order_select: dict[str, Any]) -> None:
    """By PGX_CDS_SHOW_NO_ACTION; otherwise there is none."""
    result = order_select["prefetch"]["geneResults"]["entry"][0]["resource"]
    result["valueCodeableConcept"]["text"] = "*1/*1"
    asked = replace(content, cards=replace(content.cards, show_no_action=True))
    assert cards_of(create_app(SETTINGS, content).test_client(), order_select) == []
    shown = cards_of(create_app(SETTINGS, asked).test_client(), order_select)
    assert [card["indicator"] for card in shown] == ["info"]


def test_every_suggestion_has_one_action_when_that_is_all_the_ehr_takes(
    content: Content, order_select: dict[str, Any]
) -> None:
    """By PGX_CDS_SUGGESTIONS=single-action; otherwise a replacement is a removal and a new order."""
    single = replace(content, cards=replace(content.cards, single_action_suggestions=True))
    for chosen, counts in ((content, {2}), (single, {1})):
        card = cards_of(create_app(SETTINGS, chosen).test_client(), order_select)[0]
        assert {len(each["actions"]) for each in card["suggestions"]} == counts


def overlay_of(folder: Path, text: str) -> Path:
    """A site's folder with its own words on clopidogrel."""
    (folder / "drugs").mkdir()
    (folder / "drugs" / "clopidogrel.yaml").write_text(f"id: clopidogrel\n{text}\n", encoding="utf-8")
    return folder


def test_a_row_that_the_site_has_switched_off_asks_for_nothing_and_says_why(
    tmp_path: Path, order_select: dict[str, Any]
) -> None:
    """The other bodies go on speaking, the row keeps its id."""
    overlay = overlay_of(tmp_path, 'switched_off: {cpic/poor-acs-pci: "Our cardiologists go by platelet tests."}')
    content = load_content(replace(SETTINGS, overlay=overlay))
    (card,) = cards_of(create_app(SETTINGS, content).test_client(), order_select)
    assert card["source"]["label"] == "pgx-cds: FDA, DPWG, CPIC"
    assert (
        "- CPIC: this site does not use its row. Our cardiologists go by platelet tests." in card["detail"].splitlines()
    )
    findings = card["extension"]["org.pgx-cds"]["findings"]
    (off,) = [one for one in findings if one["id"] == "clopidogrel/cpic/poor-acs-pci"]
    assert (off["strength"], off["alternative"], off.get("actions")) == ("none", False, None)
    assert off["switchedOff"] == "Our cardiologists go by platelet tests."
    assert [one["id"] for one in findings if one["alternative"]] != []


def test_no_card_comes_when_every_row_that_acts_is_switched_off(tmp_path: Path, order_select: dict[str, Any]) -> None:
    """Silence, for a reason of its own."""
    content = load_content(SETTINGS)
    (card,) = cards_of(create_app(SETTINGS, content).test_client(), order_select)
    ids = [one["id"].removeprefix("clopidogrel/") for one in card["extension"]["org.pgx-cds"]["findings"]]
    reasons = ", ".join(f'{one}: "The pharmacy committee has stopped it."' for one in ids)
    stopped = load_content(replace(SETTINGS, overlay=overlay_of(tmp_path, f"switched_off: {{{reasons}}}")))
    assert cards_of(create_app(SETTINGS, stopped).test_client(), order_select) == []
