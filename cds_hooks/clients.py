"""Who may call the service, and under what rules: the clients of one TOML file, each a tenant of its own.

```toml
[[client]]
name = "general-hospital"                       # in logs, metrics and the audit; no two clients share one
issuer = "https://ehr.example.org"              # the token's `iss`
keys_url = "https://ehr.example.org/jwks.json"  # or keys_file = "keys/general-hospital.json", beside this file
consent = "permit"                              # ehr, permit or deny; there is no default
fhir_hosts = ["fhir.example.org"]               # hosts that records may be read from; [] reads none
```

Paths are relative to the file. What each member means stands in `Client`; an unknown member is a fault.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cds_hooks.errors import Fault
from cds_hooks.json_schema import find_faults
from cds_hooks.settings import Settings

LOCAL = "local"
"""The name of the only client while authentication is off."""


class ClientsError(Exception):
    """The file of clients cannot be used. `faults` says of each member what is wrong and how to mend it."""

    def __init__(self, file: Path, faults: tuple[Fault, ...]) -> None:
        said = [f"  {fault.where}: {fault.what}. {fault.mend}".rstrip() for fault in faults]
        super().__init__("\n".join([f"{file.name}: the clients cannot be used:", *said]))
        self.faults = faults


@dataclass(frozen=True)
class Backend:
    """Where the service gets a token of its own when a call brings none (SMART Backend Services)."""

    fhir_server: str
    """Base address of the FHIR server that the token is for."""
    token_url: str
    client_id: str
    key_file: Path
    """The private key: PEM or JWK."""
    key_id: str
    algorithm: str
    scope: str


@dataclass(frozen=True)
class Client:
    """One caller and its rules. Times are in seconds where nothing else is said."""

    name: str
    consent: str
    """What holds where no consent is on file: "permit" or "deny". "ehr": the EHR releases only what may be used;
    consents are not asked for, and heeded where they are sent all the same."""
    issuer: str | None = None
    """The token's `iss`; None only for the local client."""
    keys_url: str | None = None
    keys_file: Path | None = None
    algorithms: tuple[str, ...] = ("ES384", "RS384")
    audiences: tuple[str, ...] = ()
    """Further values of `aud` that are taken; the address of the called endpoint always is."""
    tenant: str | None = None
    """The `tenant` claim that a token must carry; None: none is asked for."""
    max_lifetime: int = 300
    """Longest time from `iat` to `exp`."""
    overlay: Path | None = None
    suggestions: str | None = None
    max_cards: int | None = None
    show_no_action: bool | None = None
    """None in each of these: as the settings say."""
    fhir_hosts: tuple[str, ...] | None = None
    """Hosts that records may be read from, at any port; None: any (the local client alone)."""
    fhir_private: bool = False
    """Whether these hosts may lie at private addresses."""
    organizations: tuple[str, ...] = ()
    """References ("Organization/1") under which consents name the organisation that the client's users act for;
    none: not known, so that a rule about any organisation is undecidable."""
    withheld_line: bool = False
    """Whether a card may say, without any hint of what, that something could not be used for reasons of consent."""
    override_hours: int = 24
    """How long a card that a clinician overrode is not repeated to the same clinician; 0: always repeated."""
    override_critical: bool = False
    """Whether that holds for critical cards, too."""
    backend: Backend | None = None

    def apply(self, settings: Settings) -> Settings:
        """The settings with what this client has of its own over them."""
        own: dict[str, Any] = {
            "overlay": self.overlay,
            "suggestions": self.suggestions,
            "max_cards": self.max_cards,
            "show_no_action": self.show_no_action,
        }
        return replace(settings, **{key: value for key, value in own.items() if value is not None})


def make_local_client(settings: Settings) -> Client:
    """The one client while authentication is off: callers on this machine."""
    return Client(name=LOCAL, consent=settings.consent, fhir_hosts=settings.fhir_hosts or None, fhir_private=True)


def load_clients(file: Path) -> Mapping[str, Client]:
    """The clients of a file by name. Raises ClientsError with every fault."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        fault = Fault("", f"cannot be read ({type(error).__name__})", "Name a readable file of UTF-8 text.")
        raise ClientsError(file, (fault,)) from None
    except tomllib.TOMLDecodeError as error:
        raise ClientsError(file, (Fault("", f"is no TOML: {error}"),)) from None
    broken = find_faults("clients", data)
    faults = (*broken, *_find_unknown(data), *(() if broken else _find_contradictions(data["client"], file.parent)))
    if faults:
        raise ClientsError(file, faults)
    clients = [_read_client(entry, file.parent) for entry in data["client"]]
    return {client.name: client for client in clients}


def _find_unknown(data: Mapping[str, Any]) -> Iterator[Fault]:
    """Members that mean nothing here: a misspelt rule must not be taken for a rule that was not given."""
    known = {field.name for field in fields(Client)}
    known_backend = {field.name for field in fields(Backend)}
    yield from (Fault(f"/{name}", "is no known member", "Known is [[client]].") for name in data if name != "client")
    listed = data.get("client")
    for index, entry in enumerate(listed if isinstance(listed, list) else ()):
        own = entry if isinstance(entry, dict) else {}
        for where, members, names in (("", own, known), ("/backend", own.get("backend"), known_backend)):
            for name in members if isinstance(members, dict) else ():
                if name not in names:
                    yield Fault(
                        f"/client/{index}{where}/{name}", "is no known member", f"Known are {', '.join(sorted(names))}."
                    )


def _find_contradictions(entries: list[Mapping[str, Any]], folder: Path) -> Iterator[Fault]:
    """What no schema sees: names that two clients share, and files that are not there."""
    names = Counter(entry["name"] for entry in entries)
    keys = Counter((entry["issuer"], entry.get("tenant")) for entry in entries)
    for index, entry in enumerate(entries):
        where = f"/client/{index}"
        if names[entry["name"]] > 1:
            yield Fault(f"{where}/name", "is that of another client, too", "Give each client its own name.")
        if keys[(entry["issuer"], entry.get("tenant"))] > 1:
            mend = "Tell clients of one issuer apart by their tenant."
            yield Fault(f"{where}/issuer", "is that of another client of the same tenant, too", mend)
        files = {"keys_file": entry.get("keys_file"), "backend/key_file": entry.get("backend", {}).get("key_file")}
        for member, name in files.items():
            if name is not None and not (folder / name).is_file():
                yield Fault(f"{where}/{member}", "is no file that can be read", "Paths begin at the file of clients.")
        yield from _find_host_faults(entry, where)
        if "overlay" in entry and not (folder / entry["overlay"]).is_dir():
            yield Fault(f"{where}/overlay", "is no folder that can be read", "Paths begin at the file of clients.")


def _find_host_faults(entry: Mapping[str, Any], where: str) -> Iterator[Fault]:
    """A host that would never match, and tokens for a server that may not be asked."""
    hosts = [host.lower() for host in entry["fhir_hosts"]]
    for number, host in enumerate(hosts):
        if host.count(":") == 1:
            yield Fault(
                f"{where}/fhir_hosts/{number}", "has a port", "Name the host alone; every port of it is allowed."
            )
    server = entry.get("backend", {}).get("fhir_server")
    if server is not None and (urlsplit(server).hostname or "") not in hosts:
        mend = "List it: what is not listed is not read from, with any token."
        yield Fault(f"{where}/backend/fhir_server", "has a host that is not in fhir_hosts", mend)


def _read_client(entry: Mapping[str, Any], folder: Path) -> Client:
    members = dict(entry)
    for name in ("keys_file", "overlay"):
        if name in members:
            members[name] = folder / members[name]
    for name in ("algorithms", "audiences", "organizations"):
        if name in members:
            members[name] = tuple(members[name])
    members["fhir_hosts"] = tuple(host.lower() for host in members["fhir_hosts"])
    if "backend" in members:
        backend = members["backend"]
        members["backend"] = Backend(**{**backend, "key_file": folder / backend["key_file"]})
    return Client(**members)
