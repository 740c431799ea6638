"""Settings come from the environment, and every wrong one is reported before anything starts."""

from __future__ import annotations

from dataclasses import fields
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from cds_hooks import settings as module
from cds_hooks.settings import PREFIX, Settings, SettingsError, read_settings


def test_settings_are_the_defaults_when_only_auth_is_given() -> None:
    """Nothing but PGX_CDS_AUTH must be set; other programs' variables do not matter."""
    assert read_settings({"PGX_CDS_AUTH": "off", "PATH": "/bin"}) == Settings()


def test_every_setting_is_read_when_given(tmp_path: Path) -> None:
    """Each variable reaches its own field, in its own type."""
    authorities = tmp_path / "authorities.pem"
    authorities.touch()
    given = {
        "PGX_CDS_AUTH": "off",
        "PGX_CDS_DATABASE": "sqlite://",
        "PGX_CDS_AUDIT": "sync",
        "PGX_CDS_OVERLAY": str(tmp_path),
        "PGX_CDS_BODY_LIMIT": "1000",
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
    assert set(given) == {PREFIX + field.name.upper() for field in fields(Settings)}
    assert read_settings(given) == Settings(
        auth="off",
        database="sqlite://",
        audit="sync",
        overlay=tmp_path,
        body_limit=1000,
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


def test_every_fault_is_reported_at_once_when_several_values_are_wrong() -> None:
    """Nobody has to start the service once for each mistake."""
    with pytest.raises(SettingsError) as caught:
        read_settings({"PGX_CDS_AUTH": "on", "PGX_CDS_FHIR_PAGES": "0", "PGX_CDS_FHIR_TIMOUT": "3"})
    assert caught.value.faults == (
        "PGX_CDS_AUTH: only 'off' is known to this version; it serves callers on this machine alone.",
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
    with pytest.raises(SettingsError, match="PGX_CDS_AUTH: not set. Set PGX_CDS_AUTH=off"):
        read_settings({})


def test_every_setting_is_documented_in_the_table() -> None:
    """The module's table and the fields of Settings name the same variables."""
    documented = {
        line.split("|")[1].strip() for line in (module.__doc__ or "").splitlines() if line.startswith("| PGX")
    }
    assert documented == {PREFIX + field.name.upper() for field in fields(Settings)}
