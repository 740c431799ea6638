"""A key set is fetched from its own address, whole, small and soon, or not at all."""

from __future__ import annotations

import pytest
from fhir_stub import FhirStub, Reply
from tokens import make_key_set, make_signer

from cds_hooks.security.key_fetching import BYTES, fetch_key_set
from cds_hooks.security.key_set import KeySetError

SET = make_key_set(make_signer("one"), make_signer("two", "RS384"))


def fetch(stub: FhirStub, reply: Reply, seconds: float = 3.0) -> list[tuple[str, str]]:
    """Ids and algorithms of the keys that come."""
    stub.answers["jwks.json"] = reply
    return list(fetch_key_set(f"{stub.url}/jwks.json", None, seconds))


def test_a_key_set_is_fetched_whatever_its_media_type(fhir_stub: FhirStub) -> None:
    """Key servers say application/json, jwk-set+json or nothing."""
    for headers in ({}, {"Content-Type": "application/jwk-set+json"}, {"Content-Type": "text/plain"}):
        assert fetch(fhir_stub, Reply(200, SET, headers)) == [("one", "ES384"), ("two", "RS384")]


def test_a_redirect_is_not_followed(fhir_stub: FhirStub) -> None:
    """Not even to the same server."""
    fhir_stub.answers["other.json"] = Reply(200, SET)
    with pytest.raises(KeySetError, match="answered 302"):
        fetch(fhir_stub, Reply(302, SET, {"Location": f"{fhir_stub.url}/other.json"}))
    assert fhir_stub.asked == ["jwks.json"]


def test_a_set_of_the_largest_size_is_taken_and_a_larger_one_refused(fhir_stub: FhirStub) -> None:
    """64 kB, blanks included."""
    assert len(fetch(fhir_stub, Reply(200, SET.ljust(BYTES)))) == 2
    with pytest.raises(KeySetError, match="too large"):
        fetch(fhir_stub, Reply(200, SET.ljust(BYTES + 1)))


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(500), "answered 500"),
        (Reply(204), "answered 204"),
        (Reply(200, b"<html>"), "no JSON"),
        (Reply(200, SET, {"Content-Encoding": "gzip"}, length=len(SET) + 1), "broke off|no JSON"),
        (Reply(hang=True), "took too long"),
        (Reply(200, SET, drip=True), "took too long"),
    ],
)
def test_what_is_no_whole_answer_is_an_error(fhir_stub: FhirStub, reply: Reply, said: str) -> None:
    """A server that hangs or drips is given up."""
    with pytest.raises(KeySetError, match=said):
        fetch(fhir_stub, reply, seconds=0.3)


def test_a_server_that_is_not_there_is_an_error() -> None:
    """Nothing listens on port 1."""
    with pytest.raises(KeySetError, match="cannot be reached"):
        fetch_key_set("http://127.0.0.1:1/jwks.json", None)


def test_nothing_of_the_environment_is_sent_along(fhir_stub: FhirStub, monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy is asked."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert len(fetch(fhir_stub, Reply(200, SET))) == 2
    assert fhir_stub.tokens == [None]
