"""Every answer keeps to CDS Hooks 2.0.1, member for member, and every resource sent is valid FHIR."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from cds_hooks.fhir.validation import validate

TESTS = Path(__file__).parent
SCHEMAS = TESTS.parent / "cds_hooks" / "schema"
ANSWERS = sorted(path.relative_to(TESTS / "golden").as_posix() for path in TESTS.glob("golden/*/*/response.json"))
REFUSALS = sorted(path.relative_to(TESTS / "golden").as_posix() for path in TESTS.glob("golden/*/*/response-*.json"))


def read_schema(name: str) -> Draft202012Validator:
    """The validator of an answer's schema, which is the one in the published description."""
    return Draft202012Validator(orjson.loads((SCHEMAS / f"{name}.schema.json").read_bytes()))


def read_golden(name: str) -> dict[str, Any]:
    """A golden answer."""
    found: dict[str, Any] = orjson.loads((TESTS / "golden" / name).read_bytes())
    return found


def list_faults(schema: str, data: object) -> list[str]:
    """Place and rule of everything that does not conform."""
    errors = read_schema(schema).iter_errors(data)
    return sorted(f"{error.json_path}: {error.message[:200]}" for error in errors)


def walk(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value with its place."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from walk(inner, f"{path}/{at}")


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_keeps_to_the_specification(name: str) -> None:
    """Members, lengths, enumerations, and what belongs together."""
    assert list_faults("cards", read_golden(name)) == []


@pytest.mark.parametrize("name", ANSWERS)
def test_nothing_in_an_answer_is_empty(name: str) -> None:
    """No null, no empty text, list or object, but for a list of no cards, and what the finding's own format says."""
    found = [
        path
        for path, value in walk(read_golden(name))
        if value in (None, "", [], {}) and path != "/cards" and "/extension/" not in path
    ]
    assert found == []


@pytest.mark.parametrize("name", ANSWERS)
def test_uuids_are_never_shared(name: str) -> None:
    """Feedback must say which card and which suggestion it is about; tests/test_flow.py gives one word to one uuid."""
    cards = read_golden(name)["cards"]
    ids = [card["uuid"] for card in cards] + [each["uuid"] for card in cards for each in card.get("suggestions", ())]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ANSWERS)
def test_at_most_one_suggestion_of_a_card_is_recommended(name: str) -> None:
    """Where at most one can be chosen, one at most is the recommended one."""
    for card in read_golden(name)["cards"]:
        assert sum(each.get("isRecommended", False) for each in card.get("suggestions", ())) <= 1


@pytest.mark.parametrize("name", ANSWERS)
def test_every_resource_in_a_suggestion_is_valid_fhir(name: str) -> None:
    """As the release that the request spoke."""
    cards = read_golden(name)["cards"]
    actions = [action for card in cards for each in card.get("suggestions", ()) for action in each["actions"]]
    release = "R5" if "r5" in name else "R4"
    assert [validate(action["resource"], release) for action in actions if "resource" in action] == [
        () for action in actions if "resource" in action
    ]


@pytest.mark.parametrize("name", ANSWERS)
def test_every_card_names_its_drug_in_the_summary(name: str) -> None:
    """No member of a card says which order it concerns: the summary must."""
    for card in read_golden(name)["cards"]:
        assert card["extension"]["org.pgx-cds"]["drug"]["name"].lower() in card["summary"].lower()


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_a_valid_outcome(name: str) -> None:
    """CDS Hooks 3.0: what is not 200 carries an OperationOutcome."""
    assert validate(read_golden(name), "R4") == ()


def test_uuids_are_those_of_one_card_only(client: FlaskClient, order_select: dict[str, Any]) -> None:
    """Real uuids, each once in an answer; another patient's card has others."""
    ids = []
    for patient in ("demo-1", "demo-2"):
        body = orjson.loads(orjson.dumps(order_select).replace(b"demo-1", patient.encode()))
        for card in client.post("/cds-services/pgx-order-select", json=body).json["cards"]:
            ids += [card["uuid"], *(each["uuid"] for each in card["suggestions"])]
    assert len(ids) == len(set(ids)) > 2
    assert all(str(UUID(each)) == each for each in ids)


def test_discovery_keeps_to_the_specification(client: FlaskClient) -> None:
    """And no two services share an id: the sandbox would lose one of them."""
    discovery = client.get("/cds-services").json
    assert list_faults("discovery", discovery) == []
    ids = [service["id"] for service in discovery["services"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (lambda card: card.update(summary="x" * 140), ".summary"),
        (lambda card: card.update(indicator="hard-stop"), ".indicator"),
        (lambda card: card.update(detail=None), ".detail"),
        (lambda card: card.update(links=[]), ".links"),
        (lambda card: card.pop("selectionBehavior"), ""),
        (lambda card: card.pop("source"), ""),
        (lambda card: card["links"][0].update(appContext="x"), ".links[0]"),
        (lambda card: card["source"].update(url="/relative"), ".source.url"),
        (lambda card: card["suggestions"][0]["actions"][0].pop("resourceId"), ".suggestions[0].actions[0]"),
        (lambda card: card["suggestions"][0]["actions"][1].pop("resource"), ".suggestions[0].actions[1]"),
        (lambda card: card["overrideReasons"][0].pop("display"), ".overrideReasons[0]"),
        (lambda card: card.update(vendor="x"), ""),
    ],
)
def test_the_schema_refuses_a_card_that_does_not_conform(spoil: Any, place: str) -> None:
    """The schema itself is tried: each of these broke some client, and is found in its own place alone."""
    answer = copy.deepcopy(read_golden("pgx-order-select/clopidogrel-poor-metabolizer/response.json"))
    spoil(answer["cards"][0])
    assert {fault.partition(": ")[0] for fault in list_faults("cards", answer)} == {f"$.cards[0]{place}"}
