"""The clients that may call, each with its keys, found by what a token says of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from cds_hooks.clients import Client, ClientsError
from cds_hooks.errors import Fault
from cds_hooks.security.key_cache import KeyCache
from cds_hooks.security.key_fetching import fetch_key_set
from cds_hooks.security.key_file import KeyFile
from cds_hooks.security.key_set import KeySetError, PublicKey


class KeySource(Protocol):
    """Where a client's keys come from."""

    def find(self, kid: str, algorithm: str) -> PublicKey | None:
        """The key of this id, None where the client has none. Raises KeySetError where no keys are to be had."""
        ...


@dataclass(frozen=True)
class Caller:
    """A client and its keys."""

    client: Client
    keys: KeySource


class Callers:
    """All callers of a service."""

    def __init__(self, callers: Iterable[Caller]) -> None:
        self._callers: Mapping[tuple[str | None, str | None], Caller] = {
            (each.client.issuer, each.client.tenant): each for each in callers
        }
        self._of_issuer = Counter(issuer for issuer, _ in self._callers)

    def find(self, issuer: str, tenant: str | None) -> Caller | None:
        """The one that a token of this issuer and tenant comes from.

        A client without tenant takes any, but where its issuer has other clients: there an unknown tenant is nobody's.
        """
        exact = self._callers.get((issuer, tenant))
        if exact is not None or self._of_issuer[issuer] != 1:
            return exact
        return self._callers.get((issuer, None))


def open_callers(clients: Mapping[str, Client], file: Path, ca: Path | None) -> Callers:
    """The clients of a file with their keys; key servers are not asked yet.

    Raises ClientsError with every key file that cannot be used. `ca`: the authorities behind the key servers.
    """
    callers, faults = [], []
    for index, client in enumerate(clients.values()):
        try:
            callers.append(Caller(client, _open_keys(client, ca)))
        except KeySetError as error:
            mend = "Name a JSON Web Key Set of the client's public keys."
            faults.append(Fault(f"/client/{index}/keys_file", str(error), mend))
    if faults:
        raise ClientsError(file, tuple(faults))
    return Callers(callers)


def _open_keys(client: Client, ca: Path | None) -> KeySource:
    if client.keys_file is not None:
        return KeyFile(client.name, client.keys_file)
    if client.keys_url is None:
        raise KeySetError("is missing")
    return KeyCache(client.name, partial(fetch_key_set, client.keys_url, ca))
