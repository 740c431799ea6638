"""Two registered clients for tests: the second one has an overlay, by which cards without action are shown, too."""

from __future__ import annotations

from pathlib import Path

from tokens import make_key_set, make_signer

from cds_hooks.settings import Settings

PUBLIC_URL = "https://cds.example.org/pgx"
GENERAL = "https://general.example.org"
CHILDREN = "https://children.example.org"
EC, RSA = make_signer("general-ec"), make_signer("general-rsa", "RS384")
CHILDRENS = make_signer("children-ec")

CLIENTS = f"""
[[client]]
name = "general"
issuer = "{GENERAL}"
keys_file = "general.json"
consent = "ehr"
fhir_hosts = []

[[client]]
name = "children"
issuer = "{CHILDREN}"
KEYS_OF_CHILDREN
overlay = "children"
max_lifetime = 60
consent = "ehr"
fhir_hosts = []
"""


def register_clients(folder: Path, keys_url: str | None = None) -> Path:
    """The file of both clients, with what it names; `keys_url`: where the second one's keys are, if not in a file."""
    (folder / "general.json").write_bytes(make_key_set(EC, RSA))
    (folder / "children.json").write_bytes(make_key_set(CHILDRENS))
    (folder / "children").mkdir()
    (folder / "children" / "policy.yaml").write_text("show_no_action: true\n", encoding="utf-8")
    keys = f'keys_url = "{keys_url}"' if keys_url else 'keys_file = "children.json"'
    file = folder / "clients.toml"
    file.write_text(CLIENTS.replace("KEYS_OF_CHILDREN", keys), encoding="utf-8")
    return file


def make_settings(folder: Path) -> Settings:
    """Settings under which both may call."""
    return Settings(
        auth="jwt",
        clients=register_clients(folder),
        public_url=PUBLIC_URL,
        database=f"sqlite:///{folder / 'records.sqlite3'}",
    )
