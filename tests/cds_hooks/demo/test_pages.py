"""The first page without a browser: what it lists, what it answers, and what strangers cannot do with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from registered import make_settings

from app import create_app
from cds_hooks.content import Content
from cds_hooks.demo.markdown_detail import render_markdown

CALL = {"service": "pgx-order-select", "request": "{}", "response": "{}", "status": 200, "milliseconds": 12}


def post_result(visitor: FlaskClient, **changes: Any) -> Any:
    """The part of the page for a call of the stented patient, with members changed."""
    drafted = visitor.get("/demo/request").get_json()
    answer = visitor.post(drafted["url"], data=drafted["body"], content_type="application/json").get_data(as_text=True)
    return visitor.post("/demo/result", json=CALL | {"request": drafted["body"], "response": answer} | changes)


def test_the_page_lists_services_patients_and_medicines(visitor: FlaskClient, content: Content) -> None:
    """Everything that can be chosen is there, and the warning that this is not for care."""
    page = visitor.get("/").get_data(as_text=True)
    wanted = [*content.services, *content.library.drugs, "Not for clinical use", "synthetic", "reviewed by nobody"]
    assert [one for one in wanted if one not in page] == []
    assert page.count('name="patient"') == 11


def test_the_page_answers_without_javascript(visitor: FlaskClient) -> None:
    """The form's own address shows the card, the reasons, the request and the response."""
    page = visitor.get("/?patient=demo-child&drug=codeine&hook=order-sign&fire=yes").get_data(as_text=True)
    wanted = [
        '<h3 id="card-1">Codeine: contraindicated (children below 12 years; CYP2D6 Ultrarapid Metabolizer)</h3>',
        "row codeine/cpic/",
        "&#34;hook&#34;: &#34;order-sign&#34;",
        "&#34;indicator&#34;: &#34;critical&#34;",
    ]
    assert [one for one in wanted if one not in page] == []


def test_the_page_says_why_when_no_card_comes(visitor: FlaskClient) -> None:
    """Silence is shown as silence, with its reason."""
    page = visitor.get("/?patient=demo-stent&hook=patient-view&fire=yes").get_data(as_text=True)
    assert "No card</h2>" in page
    assert "nothing to evaluate" in page


@pytest.mark.parametrize("path", ["/", "/?fire=yes", "/?patient=unknown", "/demo/chart"])
def test_nothing_runs_or_loads_but_the_servers_own_files(visitor: FlaskClient, path: str) -> None:
    """A strict policy is sent, and the page holds nothing that it would forbid."""
    answer = visitor.get(path)
    page = answer.get_data(as_text=True)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert re.findall(r"\sstyle=|\son\w+=|<style|<script(?! type=\"module\" src=\"/demo/static/)", page) == []
    assert [url for url in re.findall(r"<(?:link|script|img)[^>]*(?:href|src)=\"([^\"]+)", page) if url[0] != "/"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("patient=demo-unknown", 404),
        ("patient=../../etc/passwd", 404),
        ("patient=<script>alert(1)</script>", 404),
        ("drug=unobtainium", 404),
        ("drug=%00", 404),
        ("hook=order-dispatch", 400),
        ("hook='; drop table", 400),
        ("fire=maybe", 400),
    ],
)
def test_a_choice_that_is_not_offered_gets_a_page_that_says_so(visitor: FlaskClient, query: str, status: int) -> None:
    """The status says whose fault it is, the page how to go on; what was asked for is not repeated."""
    answer = visitor.get(f"/?{query}")
    page = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert "Back to the first page" in page
    assert query.partition("=")[2] not in page


def test_a_call_of_the_browser_is_shown_with_its_time_and_reasons(visitor: FlaskClient) -> None:
    """The answer that the browser got is rendered, Markdown included; the reasons are worked out from the request."""
    answer = post_result(visitor)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "in 12 ms" in page
    assert "<strong>What to do</strong>" in page
    assert "clopidogrel/cpic/poor-acs-pci" in page


def test_a_refused_call_is_shown_as_refused(visitor: FlaskClient) -> None:
    """An OperationOutcome is shown with its status, without cards and without reasons."""
    page = post_result(visitor, response='{"resourceType": "OperationOutcome"}', status=412).get_data(as_text=True)
    assert "The service refused the call" in page
    assert "<summary>Why</summary>" not in page


def test_hostile_cards_are_text_and_no_code(visitor: FlaskClient) -> None:
    """Tags in any member come out as text, and only web addresses become links."""
    card = {
        "summary": "<script>1</script>",
        "detail": "<img src=x onerror=alert(1)>\n\n[go](javascript:alert(1)) ![p](http://example.org/p.png)",
        "indicator": 'critical" onclick="x',
        "source": {"label": "<b>", "url": "javascript:alert(1)"},
        "suggestions": [{"label": "<i>", "uuid": '"><script>', "actions": [7, {"type": "<u>"}]}, "x"],
        "links": [{"label": "l", "url": "data:text/html,x"}, 7],
        "overrideReasons": [{"code": '"><script>', "display": "<s>"}],
    }
    answer = post_result(visitor, response=orjson.dumps({"cards": [card, 3]}).decode())
    shown = answer.get_data(as_text=True).partition('<section class="wires"')[0]
    assert answer.status_code == 200
    assert re.findall(r"<script|<img|<b>|<i>|<u>|<s>|href=\"(?!http)|\sonclick=", shown) == []
    assert "1 card<" in shown


@pytest.mark.parametrize("response", ["{}", "[]", '{"cards": 7}', '{"cards": [{}]}', "7"])
def test_a_response_that_is_no_answer_breaks_nothing(visitor: FlaskClient, response: str) -> None:
    """What is not as the specification has it is left out."""
    assert post_result(visitor, response=response).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"service": "pgx-unknown"}, 404),
        ({"service": 7}, 400),
        ({"request": "{"}, 400),
        ({"request": "{}"}, 400),
        ({"response": "{"}, 400),
        ({"status": "200"}, 400),
        ({"milliseconds": True}, 400),
    ],
)
def test_a_result_that_cannot_be_shown_gets_an_operation_outcome(
    visitor: FlaskClient, changes: dict[str, Any], status: int
) -> None:
    """Bad members are refused by status, as everywhere in the service."""
    answer = post_result(visitor, **changes)
    assert (answer.status_code, answer.get_json()["resourceType"]) == (status, "OperationOutcome")


def test_a_result_in_another_media_type_is_refused(visitor: FlaskClient) -> None:
    """A form of a foreign page cannot post here."""
    assert visitor.post("/demo/result", data="x=1", content_type="text/plain").status_code == 415


def test_the_page_is_not_served_when_authentication_is_on(content: Content, tmp_path: Path) -> None:
    """Its addresses are unknown, and nobody without a token learns that."""
    app = create_app(make_settings(tmp_path), content)
    assert [rule.rule for rule in app.url_map.iter_rules() if "demo" in rule.endpoint] == []
    paths = ("/", "/demo/request", "/demo/chart", "/demo/static/page.css")
    assert [app.test_client().get(path).status_code for path in paths] == [401] * 4


def test_markdown_is_rendered_without_html_pictures_and_styles() -> None:
    """Tables keep no style attribute, links say nothing about where one came from, tags are text."""
    text = "| a |\n|:-:|\n| <b>1</b> |\n\n[CPIC](https://cpicpgx.org) ![x](https://example.org/x.png)"
    assert render_markdown(text) == (
        "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>&lt;b&gt;1&lt;/b&gt;</td>\n</tr>\n"
        '</tbody>\n</table>\n<p><a href="https://cpicpgx.org" rel="noopener noreferrer">CPIC</a> '
        '!<a href="https://example.org/x.png" rel="noopener noreferrer">x</a></p>\n'
    )
