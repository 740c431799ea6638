"""Tenants are kept apart: each has the content, the policy and the FHIR hosts of its own client, and no other's."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from fhir_stub import FhirStub, json_reply

from cds_hooks.clients import Client
from cds_hooks.fhir.bundle import Page, Reason
from cds_hooks.hook_request import FhirAccess
from cds_hooks.settings import Settings
from cds_hooks.tenant import Tenant, build_tenants

ONE = {"resourceType": "Observation", "id": "o-1"}


def write_overlay(folder: Path, policy: str) -> Path:
    """A site's folder with a policy of its own."""
    folder.mkdir()
    (folder / "policy.yaml").write_text(policy, encoding="utf-8")
    return folder


@pytest.fixture
def tenants(tmp_path: Path) -> dict[str, Tenant]:
    """Three clients: two with overlays, one on the shipped content; each with FHIR hosts and rules of its own."""
    clients = (
        Client("general", "ehr", fhir_hosts=("127.0.0.1",), fhir_private=True),
        Client("children", "deny", overlay=write_overlay(tmp_path / "c", "max_cards: 1\n"), fhir_hosts=("b.example",)),
        Client("veterans", "permit", overlay=write_overlay(tmp_path / "v", "bodies: [FDA]\n"), withheld_line=True),
    )
    return dict(build_tenants(clients, Settings(fhir_timeout=0.3)))


def test_each_client_has_its_own_policy_content_and_discovery(tenants: dict[str, Tenant]) -> None:
    """What one overlay says holds for its client alone, and the digests tell the contents apart."""
    assert {
        name: (one.content.policy.bodies, one.content.cards.max_cards, one.content.cards.withheld_line)
        for name, one in tenants.items()
    } == {
        "general": (("CPIC", "FDA", "DPWG"), 10, False),
        "children": (("CPIC", "FDA", "DPWG"), 1, False),
        "veterans": (("FDA",), 10, True),
    }
    assert {name: b'"consents"' in one.discovery for name, one in tenants.items()} == {
        "general": False,
        "children": True,
        "veterans": True,
    }
    assert len({one.content.library.digest for one in tenants.values()}) == 3


def test_a_host_that_one_client_may_ask_is_asked_for_no_other(tenants: dict[str, Tenant], fhir_stub: FhirStub) -> None:
    """The same address: read for the first, refused for the second before anything is sent."""
    fhir_stub.answers["Observation/o-1"] = json_reply(ONE)
    access = FhirAccess(fhir_stub.url, None)
    wanted, deadline = {"one": "Observation/o-1"}, time.monotonic() + 10
    assert tenants["general"].fhir.fetch_all(access, wanted, deadline) == {"one": Page((ONE,))}
    assert len(fhir_stub.asked) == 1
    assert tenants["children"].fhir.fetch_all(access, wanted, deadline) == {"one": Page(reason=Reason.HOST_NOT_ALLOWED)}
    assert len(fhir_stub.asked) == 1
