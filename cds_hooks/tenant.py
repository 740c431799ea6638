"""One client with everything it is answered from: its content, its policies, its way to FHIR servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import orjson

from cds_hooks.clients import Client
from cds_hooks.content import Content, load_content
from cds_hooks.fhir.client import FhirClient, Limits
from cds_hooks.services.registry import build_services
from cds_hooks.settings import Settings

CDS_HOOKS_VERSION = "2.0.1"


@dataclass(frozen=True)
class Tenant:
    """A client, ready to be answered. Nothing of it is shared with another but the shipped content."""

    client: Client
    content: Content
    fhir: FhirClient
    discovery: bytes
    """The body of discovery; it does not change while the content stays."""


def build_tenants(
    clients: Iterable[Client], settings: Settings, content: Content | None = None
) -> Mapping[str, Tenant]:
    """The tenants by name; `content` stands in for what the settings alone would load.

    Raises knowledge.loading.errors.ContentError with every fault of the first overlay that has any.
    """
    loaded = {settings: content} if content is not None else {}
    tenants = {}
    for client in clients:
        own = client.apply(settings)
        if own not in loaded:
            loaded[own] = load_content(own)
        its = apply_consent(client, loaded[own])
        tenants[client.name] = Tenant(client, its, make_fhir_client(client, settings), make_discovery(its))
    return tenants


def apply_consent(client: Client, content: Content) -> Content:
    """The content with what the client's rules on consent change: what is asked for, and what a card may say."""
    services = build_services(content.library, ask_consents=client.consent != "ehr")
    return replace(content, services=services, cards=replace(content.cards, withheld_line=client.withheld_line))


def make_fhir_client(client: Client, settings: Settings) -> FhirClient:
    """The client's own way to FHIR servers, within its limits."""
    limits = Limits(
        timeout=settings.fhir_timeout,
        budget=settings.fhir_budget,
        pages=settings.fhir_pages,
        hosts=client.fhir_hosts or (),
        ca=settings.fhir_ca,
    )
    return FhirClient(limits)


def make_discovery(content: Content) -> bytes:
    """The body of discovery."""
    return orjson.dumps({"services": [each.to_json(CDS_HOOKS_VERSION) for each in content.services.values()]})
