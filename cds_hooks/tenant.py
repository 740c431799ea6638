"""One client with everything it is answered from: its content, its policies, its way to FHIR servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import orjson

from cds_hooks.clients import Client
from cds_hooks.content import Content, load_content
from cds_hooks.fhir.backend_token import BackendTokens
from cds_hooks.fhir.client import FhirClient, Limits
from cds_hooks.services.registry import build_services
from cds_hooks.settings import Settings
from knowledge.loading.errors import ContentError

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

    Raises knowledge.loading.errors.ContentError with every fault of the first overlay that has any, ClientsError where
    a private key cannot be used.
    """
    found = tuple(clients)
    contents = _load_contents(found, settings, content)
    return {
        client.name: Tenant(
            client, contents[client.name], make_fhir_client(client, settings), make_discovery(contents[client.name])
        )
        for client in found
    }


@dataclass(frozen=True)
class Reloaded:
    """Tenants on the content as its files are now; one whose files cannot be used is as it was."""

    tenants: Mapping[str, Tenant]
    faults: tuple[str, ...] = ()
    """Of those files: `file:line: what: how to mend`."""


def reload_tenants(tenants: Mapping[str, Tenant], settings: Settings) -> Reloaded:
    """The same tenants, each on its files as they are now, with its way to FHIR servers; no fault holds up another."""
    loaded: dict[Settings, Content | ContentError] = {}
    fresh = {}
    for name, tenant in tenants.items():
        own = tenant.client.apply(settings)
        if own not in loaded:
            loaded[own] = _try_to_load(own)
        content = loaded[own]
        fresh[name] = tenant if isinstance(content, ContentError) else _put_on(tenant, content)
    broken = [content for content in loaded.values() if isinstance(content, ContentError)]
    return Reloaded(fresh, tuple(dict.fromkeys(str(fault) for error in broken for fault in error.faults)))


def _try_to_load(settings: Settings) -> Content | ContentError:
    try:
        return load_content(settings)
    except ContentError as error:
        return error


def _put_on(tenant: Tenant, content: Content) -> Tenant:
    own = apply_consent(tenant.client, content)
    return replace(tenant, content=own, discovery=make_discovery(own))


def _load_contents(
    clients: Iterable[Client], settings: Settings, content: Content | None = None
) -> Mapping[str, Content]:
    """Each client's content by its name; clients of the same settings share one."""
    loaded = {settings: content} if content is not None else {}
    contents = {}
    for client in clients:
        own = client.apply(settings)
        if own not in loaded:
            loaded[own] = load_content(own)
        contents[client.name] = apply_consent(client, loaded[own])
    return contents


def apply_consent(client: Client, content: Content) -> Content:
    """The content with what the client's rules on consent change: what is asked for, and what a card may say."""
    services = build_services(content.library, ask_consents=client.consent != "ehr")
    return replace(content, services=services, cards=replace(content.cards, withheld_line=client.withheld_line))


def make_fhir_client(client: Client, settings: Settings) -> FhirClient:
    """The client's own way to FHIR servers, within its limits.

    Raises ClientsError where the private key for tokens of the service's own cannot be used.
    """
    limits = Limits(
        timeout=settings.fhir_timeout,
        budget=settings.fhir_budget,
        pages=settings.fhir_pages,
        hosts=client.fhir_hosts,
        private=client.fhir_private,
        ca=settings.fhir_ca,
    )
    own = BackendTokens(client.backend, settings.fhir_timeout, settings.fhir_ca) if client.backend else None
    return FhirClient(limits, own)


def make_discovery(content: Content) -> bytes:
    """The body of discovery."""
    return orjson.dumps({"services": [each.to_json(CDS_HOOKS_VERSION) for each in content.services.values()]})
