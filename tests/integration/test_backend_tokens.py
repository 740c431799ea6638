"""Tokens of the service's own, from an independent OAuth server and from a FHIR server's own endpoint."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest
import requests
from fhir_stub import FhirStub, Reply, json_reply
from samples import DRAFT, GENOTYPE, PATIENT, SETTINGS, make_bundle
from token_stub import make_key, write_pem

from cds_hooks.clients import LOCAL, Backend, make_local_client
from cds_hooks.content import Content
from cds_hooks.errors import MissingDataError
from cds_hooks.fhir.backend_token import BackendTokens
from cds_hooks.fhir.bundle import Reason
from cds_hooks.hook_request import parse_request
from cds_hooks.tenant import build_tenants
from cds_hooks.web.answer import Worked, work_out

pytestmark = pytest.mark.integration

CARD = ["Clopidogrel: avoid if possible (CYP2C19 Poor Metabolizer)"]


def soon() -> float:
    """A deadline that a slow machine keeps, too."""
    return time.monotonic() + 20


def obtain(backend: Backend) -> str | Reason:
    """What a new holder gets."""
    return BackendTokens(backend, timeout=10).obtain(soon())


def ask(backend: Backend, content: Content, **members: Any) -> Worked:
    """A call for clopidogrel that brings neither prefetch nor token, to a client with tokens of its own."""
    settings = replace(SETTINGS, fhir_timeout=10.0, fhir_budget=20.0)
    client = replace(make_local_client(settings), fhir_hosts=("127.0.0.1",), backend=backend)
    tenant = build_tenants([client], settings, content)[LOCAL]
    service = content.services["pgx-order-select"]
    request = {
        "hook": "order-select",
        "hookInstance": "6bc883b2-b795-4dcb-b661-34884a31d472",
        "context": {
            "userId": "Practitioner/demo-9",
            "patientId": "demo-1",
            "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": DRAFT}]},
        },
    }
    return work_out(parse_request(orjson.dumps(request | members), service.hook), service, tenant, date.today())


def introspect(url: str, backend: Backend, token: str) -> dict[str, Any]:
    """What the OAuth server itself says of a token."""
    form = {"token": token, "client_id": backend.client_id}
    signed = BackendTokens(replace(backend, token_url=url))._sign()
    form |= {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": signed,
    }
    answer = requests.post(f"{url}/token/introspection", data=form, timeout=10)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_oauth_server_grants_what_was_asked_for(oauth_server: tuple[str, str], keys: Any) -> None:
    """The token is good there, for this client, with these scopes; a second exchange is no replay."""
    algorithm, url = oauth_server
    backend = keys.backend(algorithm, "https://fhir.example.org", f"{url}/token")
    first, second = obtain(backend), obtain(backend)
    assert not isinstance(first, Reason)
    assert first != second
    told = introspect(url, backend, first)
    assert (told["active"], told["client_id"], told["scope"]) == (True, backend.client_id, backend.scope)


@pytest.mark.parametrize("member", ["client_id", "key"])
def test_the_oauth_server_refuses_what_is_wrong(
    oauth_server: tuple[str, str], keys: Any, tmp_path: Any, member: str
) -> None:
    """A client that it does not know, and somebody else's key."""
    algorithm, url = oauth_server
    backend = keys.backend(algorithm, "https://fhir.example.org", f"{url}/token")
    wrong = {
        "client_id": {"client_id": "nobody"},
        "key": {"key_file": write_pem(make_key(algorithm), tmp_path / "other.pem")},
    }
    assert obtain(replace(backend, **wrong[member])) is Reason.NO_OWN_TOKEN


def test_a_card_comes_by_a_token_of_the_oauth_server(
    oauth_server: tuple[str, str], keys: Any, content: Content, fhir_stub: FhirStub
) -> None:
    """A FHIR server that asks the OAuth server of every token serves the call; one forged token is refused."""
    algorithm, url = oauth_server
    backend = keys.backend(algorithm, fhir_stub.url, f"{url}/token")
    results = {"Patient": PATIENT, "Observation": make_bundle(GENOTYPE)}
    judged: dict[str, bool] = {}

    def serve(target: str) -> Reply:
        token = str(fhir_stub.tokens[-1]).removeprefix("Bearer ")
        if token not in judged:
            judged[token] = introspect(url, backend, token)["active"]
        if not judged[token]:
            return Reply(401)
        return json_reply(results.get(target.partition("/")[0].partition("?")[0], make_bundle()))

    kinds = "Patient Observation DiagnosticReport Condition Procedure MedicationRequest MedicationStatement"
    fhir_stub.answers |= dict.fromkeys([*kinds.split(), "AllergyIntolerance"], serve)
    worked = ask(backend, content)
    assert [card.summary for card in worked.cards] == CARD
    assert (len(judged), set(judged.values())) == (1, {True})
    authorization = {"access_token": "forged", "token_type": "Bearer", "expires_in": 9, "scope": "x", "subject": "x"}
    with pytest.raises(MissingDataError, match="did not accept the token"):
        ask(backend, content, fhirServer=fhir_stub.url, fhirAuthorization=authorization)


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_a_card_comes_from_a_fhir_server_by_a_token_of_its_own(
    fhir_server: Any, keys: Any, content: Content, algorithm: str
) -> None:
    """SMART Backend Services from end to end: the call brings nothing but the order, with the server or without it."""
    subject = {"subject": {"reference": "Patient/demo-1"}}
    fhir_server.load(PATIENT, GENOTYPE | subject)
    token_url = f"{fhir_server.root}/auth/token"
    backend = keys.backend(algorithm, fhir_server.url, token_url, "system/*.read")
    for members in ({}, {"fhirServer": fhir_server.url}):
        worked = ask(backend, content, **members)
        assert [card.summary for card in worked.cards] == CARD
        assert {read.status for read in worked.reads} == {200}


def test_what_the_scope_lacks_is_told(fhir_server: Any, keys: Any, content: Content) -> None:
    """The token is good, and the server does not allow the query with it."""
    fhir_server.load(PATIENT)
    token_url = f"{fhir_server.root}/auth/token"
    with pytest.raises(MissingDataError, match="does not allow this query"):
        ask(keys.backend("ES384", fhir_server.url, token_url, "system/Patient.read"), content)


def test_a_key_that_the_fhir_server_does_not_know_is_told(
    fhir_server: Any, keys: Any, content: Content, tmp_path: Any
) -> None:
    """412, with the reason that it is the service's own token that is missing."""
    backend = keys.backend("ES384", fhir_server.url, f"{fhir_server.root}/auth/token")
    backend = replace(backend, key_file=write_pem(make_key("ES384"), tmp_path / "other.pem"))
    with pytest.raises(MissingDataError, match="could not get a token of its own"):
        ask(backend, content)
