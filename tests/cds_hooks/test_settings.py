"""Settings come from the environment, and every wrong one is reported before anything starts."""

from __future__ import annotations

from dataclasses import fields
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from cds_hooks import settings as module
from cds_hooks.settings import PREFIX, Settings, SettingsError, read_settings

JWT = {
    "PGX_CDS_AUTH": "jwt",
    "PGX_CDS_CLIENTS": __file__,
    "PGX_CDS_PUBLIC_URL": "https://cds.example.org/pgx/",
    "PGX_CDS_KEYS_CA": __file__,
}


def test_settings_are_the_defaults_when_only_auth_is_given() -> None:
    """Nothing but PGX_CDS_AUTH must be set; other programs' variables do not matter."""
    assert read_settings({"PGX_CDS_AUTH": "off", "PATH": "/bin"}) == Settings()


def test_every_setting_is_read_when_given(tmp_path: Path) -> None:
    """Each variable reaches its own field, in its own type."""
    authorities = tmp_path / "authorities.pem"
    authorities.touch()
    given = {
        "PGX_CDS_AUTH": "off",
        "PGX_CDS_PUBLIC_URL": "https://cds.example.org/pgx/",
        "PGX_CDS_DATABASE": "sqlite://",
        "PGX_CDS_AUDIT": "sync",
        "PGX_CDS_OVERLAY": str(tmp_path),
        "PGX_CDS_BODY_LIMIT": "1000",
        "PGX_CDS_BUDGET": "2.5",
        "PGX_CDS_FHIR_TIMEOUT": "0.5",
        "PGX_CDS_FHIR_BUDGET": "1.5",
        "PGX_CDS_FHIR_PAGES": "7",
        "PGX_CDS_FHIR_HOSTS": "FHIR.example.org, two.example.org",
        "PGX_CDS_FHIR_CA": str(authorities),
        "PGX_CDS_CARD_KEY": "k" * 32,
        "PGX_CDS_CONSENT": "deny",
        "PGX_CDS_CORS_ORIGINS": "https://ehr.example.org",
        "PGX_CDS_LOG_LEVEL": "WARNING",
        "PGX_CDS_METRICS_FROM": "10.1.0.0/16, fd00::/8",
        "PGX_CDS_TELEMETRY": "otlp",
        "PGX_CDS_RELOAD": "0",
        "PGX_CDS_SUGGESTIONS": "single-action",
        "PGX_CDS_MAX_CARDS": "3",
        "PGX_CDS_SHOW_NO_ACTION": "true",
    }
    assert set(given) | set(JWT) == {PREFIX + field.name.upper() for field in fields(Settings)}
    assert read_settings(given) == Settings(
        auth="off",
        public_url="https://cds.example.org/pgx",
        database="sqlite://",
        audit="sync",
        overlay=tmp_path,
        body_limit=1000,
        budget=2.5,
        fhir_timeout=0.5,
        fhir_budget=1.5,
        fhir_pages=7,
        fhir_hosts=("fhir.example.org", "two.example.org"),
        fhir_ca=authorities,
        card_key="k" * 32,
        consent="deny",
        cors_origins=("https://ehr.example.org",),
        log_level="WARNING",
        metrics_from=(IPv4Network("10.1.0.0/16"), IPv6Network("fd00::/8")),
        telemetry="otlp",
        reload=0.0,
        suggestions="single-action",
        max_cards=3,
        show_no_action=True,
    )


def test_the_settings_of_authentication_are_read() -> None:
    """The base address without the slash at its end."""
    file = Path(__file__)
    assert read_settings(JWT) == Settings(
        auth="jwt", clients=file, public_url="https://cds.example.org/pgx", keys_ca=file
    )


def test_what_authentication_needs_is_asked_for_and_what_it_does_not_read_is_named() -> None:
    """No client file, no address, a database that workers do not share, and rules that clients have of their own."""
    given = {
        "PGX_CDS_AUTH": "jwt",
        "PGX_CDS_DATABASE": "sqlite:///:memory:",
        "PGX_CDS_CONSENT": "deny",
        "PGX_CDS_FHIR_HOSTS": "fhir.example.org",
    }
    with pytest.raises(SettingsError) as caught:
        read_settings(given)
    assert caught.value.faults == (
        "PGX_CDS_CLIENTS: not set. With PGX_CDS_AUTH=jwt it must be the TOML file of the clients that may call.",
        "PGX_CDS_PUBLIC_URL: not set. With PGX_CDS_AUTH=jwt it must be the base address under which callers reach the "
        "service.",
        "PGX_CDS_DATABASE: is in memory. With PGX_CDS_AUTH=jwt all workers must see which tokens were used.",
        "PGX_CDS_CONSENT: has no meaning with PGX_CDS_AUTH=jwt. Each client of the file has its own consent.",
        "PGX_CDS_FHIR_HOSTS: has no meaning with PGX_CDS_AUTH=jwt. Each client of the file has its own fhir_hosts.",
    )


@pytest.mark.parametrize(
    ("url", "shared"),
    [
        ("sqlite:///records.sqlite3", True),
        ("postgresql+psycopg://db.example.org/pgx", True),
        ("sqlite://", False),
        ("sqlite+pysqlite:///:memory:", False),
        ("sqlite:///file:x?mode=memory&cache=shared&uri=true", False),
    ],
)
def test_used_tokens_are_not_kept_in_the_memory_of_one_process(url: str, shared: bool) -> None:
    """Another worker would take them a second time."""
    if shared:
        assert read_settings({**JWT, "PGX_CDS_DATABASE": url}).database == url
    else:
        with pytest.raises(SettingsError, match="PGX_CDS_DATABASE: is in memory"):
            read_settings({**JWT, "PGX_CDS_DATABASE": url})


def test_clients_have_no_meaning_without_authentication() -> None:
    """Who lists them believes that only they may call."""
    with pytest.raises(SettingsError, match="PGX_CDS_CLIENTS: has no meaning without PGX_CDS_AUTH=jwt"):
        read_settings({"PGX_CDS_AUTH": "off", "PGX_CDS_CLIENTS": __file__})


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("https://cds.example.org", True),
        ("https://cds.example.org:8443/pgx", True),
        ("http://127.0.0.1:5000", True),
        ("http://cds.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("https://user@cds.example.org", False),
        ("https://cds.example.org/?x", False),
        ("cds.example.org", False),
    ],
)
def test_the_public_address_is_https_or_this_machine(address: str, taken: bool) -> None:
    """Tokens do not travel in the clear."""
    if taken:
        assert read_settings({**JWT, "PGX_CDS_PUBLIC_URL": address}).public_url == address
    else:
        with pytest.raises(SettingsError, match="PGX_CDS_PUBLIC_URL: must be an https address"):
            read_settings({**JWT, "PGX_CDS_PUBLIC_URL": address})


def test_every_fault_is_reported_at_once_when_several_values_are_wrong() -> None:
    """Nobody has to start the service once for each mistake."""
    with pytest.raises(SettingsError) as caught:
        read_settings({"PGX_CDS_AUTH": "on", "PGX_CDS_FHIR_PAGES": "0", "PGX_CDS_FHIR_TIMOUT": "3"})
    assert caught.value.faults == (
        "PGX_CDS_AUTH: must be off or jwt.",
        "PGX_CDS_FHIR_PAGES: must be a whole number above 0.",
        "PGX_CDS_FHIR_TIMOUT: no such setting. Known are "
        + ", ".join(PREFIX + field.name.upper() for field in fields(Settings))
        + ".",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BODY_LIMIT", "-1"),
        ("BODY_LIMIT", "ten"),
        ("FHIR_TIMEOUT", "0"),
        ("FHIR_TIMEOUT", "nan"),
        ("FHIR_BUDGET", "601"),
        ("FHIR_HOSTS", " , "),
        ("FHIR_CA", "no/such/file"),
        ("OVERLAY", "no/such/folder"),
        ("DATABASE", "feedback.sqlite3"),
        ("DATABASE", "mysql://host/records"),
        ("AUDIT", "off"),
        ("LOG_LEVEL", "loud"),
        ("METRICS_FROM", "10.1.0.1/16"),
        ("METRICS_FROM", "everybody"),
        ("TELEMETRY", "on"),
        ("RELOAD", "-1"),
        ("SUGGESTIONS", "three-action"),
        ("SHOW_NO_ACTION", "yes"),
        ("CARD_KEY", "short"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    """One fault, and it begins with the variable's name."""
    with pytest.raises(SettingsError) as caught:
        read_settings({"PGX_CDS_AUTH": "off", PREFIX + name: value})
    assert [fault.partition(":")[0] for fault in caught.value.faults] == [PREFIX + name]


def test_the_service_does_not_start_when_auth_is_not_set() -> None:
    """Serving without authentication must be asked for in so many words."""
    with pytest.raises(SettingsError, match="PGX_CDS_AUTH: not set. Set PGX_CDS_AUTH=jwt .*, or PGX_CDS_AUTH=off"):
        read_settings({})


def test_every_setting_is_documented_in_the_table() -> None:
    """The module's table and the fields of Settings name the same variables."""
    documented = {
        line.split("|")[1].strip() for line in (module.__doc__ or "").splitlines() if line.startswith("| PGX")
    }
    assert documented == {PREFIX + field.name.upper() for field in fields(Settings)}
