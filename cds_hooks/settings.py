"""Settings, read once from the environment.

| variable               | default        | meaning                                                              |
|------------------------|----------------|----------------------------------------------------------------------|
| PGX_CDS_AUTH           | must be set    | `jwt`: clients of a file, by their tokens; `off`: this machine alone |
| PGX_CDS_CLIENTS        | with `jwt`     | TOML file of the clients that may call                               |
| PGX_CDS_PUBLIC_URL     | with `jwt`     | base address of the service: tokens' `aud`, cards' links to rules    |
| PGX_CDS_KEYS_CA        | certifi's      | PEM file of the authorities behind the key servers' certificates     |
| PGX_CDS_DATABASE       | in `instance/` | URL of the records: `sqlite:///FILE`, `postgresql+psycopg://...`     |
| PGX_CDS_AUDIT          | batched        | `sync`: each answer waits until its audit row is stored              |
| PGX_CDS_OVERLAY        | none           | folder of the site's own content and policy                          |
| PGX_CDS_BODY_LIMIT     | 16000000       | largest request body in bytes; a larger one gets 413                 |
| PGX_CDS_BUDGET         | 2              | seconds for a whole hook call; what is not there by then is a gap    |
| PGX_CDS_FHIR_TIMEOUT   | 2              | seconds to wait for a connection, and for each part of an answer     |
| PGX_CDS_FHIR_BUDGET    | 2              | most seconds of it for everything that is fetched for one call       |
| PGX_CDS_FHIR_PAGES     | 20             | pages read of one search; more leave it incomplete, and said so      |
| PGX_CDS_FHIR_HOSTS     | any            | host names that may be fetched from, comma-separated                 |
| PGX_CDS_FHIR_CA        | certifi's      | PEM file of the authorities behind the FHIR server's certificate     |
| PGX_CDS_CARD_KEY       | made at start  | secret, 32 characters or more, by which cards are known again        |
| PGX_CDS_CONSENT        | ehr            | no consent on file: `permit`, `deny`; `ehr`: it is not asked for     |
| PGX_CDS_CORS_ORIGINS   | `*`            | origins whose pages may call the service, comma-separated            |
| PGX_CDS_LOG_LEVEL      | INFO           | DEBUG, INFO, WARNING or ERROR                                        |
| PGX_CDS_METRICS_FROM   | this machine   | networks that may read `/metrics`, as `10.1.0.0/16`, comma-separated |
| PGX_CDS_TELEMETRY      | off            | `otlp`: traces to where the variables OTEL_EXPORTER_OTLP_* say       |
| PGX_CDS_RELOAD         | 2              | seconds between two looks at the files of the content; 0: no look    |
| PGX_CDS_SUGGESTIONS    | two-action     | `single-action` for an EHR that takes one action a suggestion        |
| PGX_CDS_MAX_CARDS      | the policy's   | most cards of one answer                                             |
| PGX_CDS_SHOW_NO_ACTION | the policy's   | `true`: a card also where no action is needed                        |

Every wrong value is reported, all at once, before anything starts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

PREFIX = "PGX_CDS_"


class SettingsError(Exception):
    """The environment cannot be used. `faults` says of each variable what is wrong and how to mend it."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(["The settings cannot be used:", *(f"  {fault}" for fault in faults)]))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Settings:
    """What a deployment may choose. Times are in seconds, sizes in bytes."""

    auth: str = "off"
    clients: Path | None = None
    public_url: str | None = None
    """Without a slash at its end."""
    keys_ca: Path | None = None
    database: str | None = None
    """SQLAlchemy URL of SQLite or PostgreSQL; None: a file in the instance folder."""
    audit: str = "batched"
    """"batched": rows are stored together, within some milliseconds after the answer; "sync": before it."""
    overlay: Path | None = None
    body_limit: int = 16_000_000
    budget: float = 2.0
    fhir_timeout: float = 2.0
    fhir_budget: float = 2.0
    fhir_pages: int = 20
    fhir_hosts: tuple[str, ...] = ()
    """Empty: any host."""
    fhir_ca: Path | None = None
    card_key: str | None = field(default=None, repr=False)
    """None: made at each start; overrides are then forgotten at the next one, and other hosts know nothing of them."""
    consent: str = "ehr"
    """See `cds_hooks.clients.Client.consent`; clients of a file have their own."""
    cors_origins: tuple[str, ...] = ("*",)
    log_level: str = "INFO"
    metrics_from: tuple[IPv4Network | IPv6Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
    telemetry: str = "off"
    reload: float = 2.0
    """Seconds; 0: content that was loaded stays."""
    suggestions: str = "two-action"
    max_cards: int | None = None
    """None: as the content's policy says."""
    show_no_action: bool | None = None
    """None: as the content's policy says."""


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The Settings of the environment (by default this process's). Raises SettingsError with every fault."""
    given = {
        key: value.strip()
        for key, value in (os.environ if environment is None else environment).items()
        if key.startswith(PREFIX)
    }
    values: dict[str, Any] = {}
    faults = [] if f"{PREFIX}AUTH" in given else [_AUTH_MISSING]
    for key, text in sorted(given.items()):
        read = _READERS.get(key.removeprefix(PREFIX).lower())
        if read is None:
            faults.append(f"{key}: no such setting. Known are {', '.join(_known_names())}.")
            continue
        try:
            values[key.removeprefix(PREFIX).lower()] = read(text)
        except ValueError as fault:
            faults.append(f"{key}: {fault}")
    faults += _find_contradictions(given)
    if faults:
        raise SettingsError(faults)
    return Settings(**values)


_AUTH_MISSING = (
    "PGX_CDS_AUTH: not set. Set PGX_CDS_AUTH=jwt to serve the clients of PGX_CDS_CLIENTS, "
    "or PGX_CDS_AUTH=off to serve callers on this machine without authentication."
)


def _find_contradictions(given: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with settings together: a rule that nobody reads must not look as if it held."""
    if given.get("PGX_CDS_AUTH") == "jwt":
        for name, meaning in _WITH_JWT.items():
            if name not in given:
                yield f"{name}: not set. With PGX_CDS_AUTH=jwt it must be {meaning}."
        if _is_in_memory(given.get("PGX_CDS_DATABASE", "")):
            yield "PGX_CDS_DATABASE: is in memory. With PGX_CDS_AUTH=jwt all workers must see which tokens were used."
        for name, member in (("PGX_CDS_CONSENT", "consent"), ("PGX_CDS_FHIR_HOSTS", "fhir_hosts")):
            if name in given:
                yield f"{name}: has no meaning with PGX_CDS_AUTH=jwt. Each client of the file has its own {member}."
    elif "PGX_CDS_CLIENTS" in given:
        yield "PGX_CDS_CLIENTS: has no meaning without PGX_CDS_AUTH=jwt. Set that, or leave this unset."


def _is_in_memory(url: str) -> bool:
    kind, _, place = url.partition("://")
    return kind.startswith("sqlite") and (not place.strip("/") or ":memory:" in place or "mode=memory" in place)


_WITH_JWT = {
    "PGX_CDS_CLIENTS": "the TOML file of the clients that may call",
    "PGX_CDS_PUBLIC_URL": "the base address under which callers reach the service",
}


def _known_names() -> list[str]:
    return [PREFIX + field.name.upper() for field in fields(Settings)]


def _one_of(*known: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"must be {' or '.join(known)}.")
        return text

    return read


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError("must be a whole number above 0.")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 600:
        raise ValueError("must be a number of seconds above 0, at most 600.")
    return value


def _interval(text: str) -> float:
    return 0.0 if text == "0" else _seconds(text)


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(name) for name in _names(text))
    except ValueError:
        raise ValueError("must be networks such as 10.1.0.0/16 or fd00::/8, separated by commas.") from None


def _names(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise ValueError("is empty; leave it unset, or name at least one, separated by commas.")
    return found


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise ValueError(f"{Path(text).absolute()} is no folder that can be read.")
    return Path(text)


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise ValueError(f"{Path(text).absolute()} is no file that can be read.")
    return Path(text)


def _public_url(text: str) -> str:
    if not _PUBLIC_URL.fullmatch(text):
        raise ValueError(
            "must be an https address without query (http on this machine), such as https://cds.example.org."
        )
    return text.rstrip("/")


_PUBLIC_URL = re.compile(r"(https://[^/@?#\s]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?)(/[^?#\s]*)?")


def _url(text: str) -> str:
    if not text.startswith(("sqlite://", "postgresql+psycopg://")):
        raise ValueError("must begin with sqlite:// or postgresql+psycopg://, such as sqlite:////srv/pgx-cds.sqlite3.")
    return text


def _secret(text: str) -> str:
    if len(text) < 32:
        raise ValueError("must have at least 32 characters; make one with `openssl rand -hex 32`.")
    return text


def _switch(text: str) -> bool:
    return _one_of("true", "false")(text) == "true"


_READERS: Mapping[str, Callable[[str], Any]] = {
    "auth": _one_of("off", "jwt"),
    "clients": _file,
    "public_url": _public_url,
    "keys_ca": _file,
    "database": _url,
    "audit": _one_of("batched", "sync"),
    "overlay": _folder,
    "body_limit": _whole,
    "budget": _seconds,
    "fhir_timeout": _seconds,
    "fhir_budget": _seconds,
    "fhir_pages": _whole,
    "fhir_hosts": lambda text: tuple(name.lower() for name in _names(text)),
    "fhir_ca": _file,
    "card_key": _secret,
    "consent": _one_of("ehr", "permit", "deny"),
    "cors_origins": _names,
    "log_level": _one_of("DEBUG", "INFO", "WARNING", "ERROR"),
    "metrics_from": _networks,
    "telemetry": _one_of("off", "otlp"),
    "reload": _interval,
    "suggestions": _one_of("two-action", "single-action"),
    "max_cards": _whole,
    "show_no_action": _switch,
}
