"""The file of clients: read whole, or every fault named at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_hooks.clients import Backend, Client, ClientsError, load_clients, make_local_client
from cds_hooks.settings import Settings

WHOLE = """
[[client]]
name = "general-hospital"
issuer = "https://ehr.example.org"
keys_file = "keys.json"
algorithms = ["ES384"]
audiences = ["https://cds.example.org"]
tenant = "north"
max_lifetime = 120
overlay = "overlay"
suggestions = "single-action"
max_cards = 3
show_no_action = true
fhir_hosts = ["FHIR.example.org"]
fhir_private = true
consent = "deny"
organizations = ["Organization/1"]
withheld_line = true
override_hours = 8
override_critical = true

[client.backend]
fhir_server = "https://fhir.example.org/r4"
token_url = "https://ehr.example.org/token"
client_id = "pgx-cds"
key_file = "private.pem"
key_id = "one"
algorithm = "ES384"
scope = "system/Observation.rs"

[[client]]
name = "sandbox"
issuer = "https://sandbox.example.org"
keys_url = "http://127.0.0.1:8000/jwks.json"
fhir_hosts = []
consent = "ehr"
"""


def write(folder: Path, text: str) -> Path:
    """The file, and the files it names."""
    (folder / "overlay").mkdir()
    (folder / "keys.json").touch()
    (folder / "private.pem").touch()
    file = folder / "clients.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_every_member_is_read_and_paths_begin_at_the_file(tmp_path: Path) -> None:
    """A client that sets everything, and one that sets what it must."""
    assert load_clients(write(tmp_path, WHOLE)) == {
        "general-hospital": Client(
            name="general-hospital",
            issuer="https://ehr.example.org",
            keys_file=tmp_path / "keys.json",
            algorithms=("ES384",),
            audiences=("https://cds.example.org",),
            tenant="north",
            max_lifetime=120,
            overlay=tmp_path / "overlay",
            suggestions="single-action",
            max_cards=3,
            show_no_action=True,
            fhir_hosts=("fhir.example.org",),
            fhir_private=True,
            consent="deny",
            organizations=("Organization/1",),
            withheld_line=True,
            override_hours=8,
            override_critical=True,
            backend=Backend(
                fhir_server="https://fhir.example.org/r4",
                token_url="https://ehr.example.org/token",
                client_id="pgx-cds",
                key_file=tmp_path / "private.pem",
                key_id="one",
                algorithm="ES384",
                scope="system/Observation.rs",
            ),
        ),
        "sandbox": Client(
            name="sandbox",
            issuer="https://sandbox.example.org",
            keys_url="http://127.0.0.1:8000/jwks.json",
            fhir_hosts=(),
            consent="ehr",
        ),
    }


def test_every_fault_is_named_at_once_when_members_are_wrong(tmp_path: Path) -> None:
    """A missing consent, two kinds of keys, a symmetric algorithm, plain http."""
    text = """
[[client]]
name = "local"
issuer = "https://ehr.example.org"
keys_url = "http://ehr.example.org/jwks.json"
keys_file = "keys.json"
algorithms = ["HS256"]
fhir_hosts = ["https://fhir.example.org"]
"""
    with pytest.raises(ClientsError) as caught:
        load_clients(write(tmp_path, text))
    assert str(caught.value).splitlines() == [
        "clients.toml: the clients cannot be used:",
        "  /client/0: must be a client with exactly one of keys_url and keys_file.",
        "  /client/0/algorithms/0: must be ES384 or RS384.",
        "  /client/0/consent: is missing.",
        "  /client/0/fhir_hosts/0: must be a host name without port or path.",
        "  /client/0/keys_url: must be an https address, or http on this machine.",
        "  /client/0/name: must be a name of small letters, digits and hyphens, at most 40.",
    ]


def test_a_misspelt_member_is_named(tmp_path: Path) -> None:
    """A rule that nobody reads must not look as if it held."""
    text = WHOLE.replace("max_cards", "max_card").replace("[client.backend]", '[client.backend]\nkeyid = "two"')
    with pytest.raises(ClientsError) as caught:
        load_clients(write(tmp_path, text))
    assert [(fault.where, fault.what) for fault in caught.value.faults] == [
        ("/client/0/max_card", "is no known member"),
        ("/client/0/backend/keyid", "is no known member"),
    ]


def test_contradictions_between_clients_and_missing_files_are_faults(tmp_path: Path) -> None:
    """Two clients that no token can tell apart, and a key file that is not there."""
    text = """
[[client]]
name = "one"
issuer = "https://ehr.example.org"
keys_file = "nowhere.json"
fhir_hosts = []
consent = "ehr"

[[client]]
name = "one"
issuer = "https://ehr.example.org"
keys_file = "keys.json"
overlay = "nowhere"
fhir_hosts = []
consent = "ehr"
"""
    with pytest.raises(ClientsError) as caught:
        load_clients(write(tmp_path, text))
    assert [(fault.where, fault.what) for fault in caught.value.faults] == [
        ("/client/0/name", "is that of another client, too"),
        ("/client/0/issuer", "is that of another client of the same tenant, too"),
        ("/client/0/keys_file", "is no file that can be read"),
        ("/client/1/name", "is that of another client, too"),
        ("/client/1/issuer", "is that of another client of the same tenant, too"),
        ("/client/1/overlay", "is no folder that can be read"),
    ]


def test_what_is_misspelt_is_named_beside_what_is_therefore_missing(tmp_path: Path) -> None:
    """[[clients]] for [[client]], and a misspelt member beside a missing one: all faults at once."""
    whole_name, member = WHOLE.replace("[[client]]", "[[clients]]"), "[[client]]\nconsnt = 1\nbackend = 1\n"
    told = []
    for text in (whole_name.replace("[client.", "[clients."), member, 'client = ["one"]\n'):
        (tmp_path / "clients.toml").write_text(text, encoding="utf-8")
        with pytest.raises(ClientsError) as caught:
            load_clients(tmp_path / "clients.toml")
        told.append({(fault.where, fault.what) for fault in caught.value.faults})
    assert told[0] == {("/client", "is missing"), ("/clients", "is no known member")}
    assert {("/client/0/consent", "is missing"), ("/client/0/consnt", "is no known member")} <= told[1]
    assert [where for where, _ in told[2]] == ["/client/0"]


def test_hosts_that_would_never_be_asked_are_faults(tmp_path: Path) -> None:
    """A host with a port matches none; tokens for a server that is not listed would never be used."""
    text = WHOLE.replace('["FHIR.example.org"]', '["fhir.example.com:443", "::1"]')
    with pytest.raises(ClientsError) as caught:
        load_clients(write(tmp_path, text))
    assert [(fault.where, fault.what) for fault in caught.value.faults] == [
        ("/client/0/fhir_hosts/0", "has a port"),
        ("/client/0/backend/fhir_server", "has a host that is not in fhir_hosts"),
    ]


@pytest.mark.parametrize("text", [b"client = [", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_refused_by_name(tmp_path: Path, text: bytes) -> None:
    """One fault that names the file."""
    file = tmp_path / "clients.toml"
    file.write_bytes(text)
    with pytest.raises(ClientsError, match=r"clients\.toml: the clients cannot be used"):
        load_clients(file)


def test_a_client_takes_the_settings_that_it_does_not_set_itself(tmp_path: Path) -> None:
    """Its own overlay over the deployment's, the rest as it stands."""
    settings = Settings(max_cards=5, suggestions="single-action")
    local = make_local_client(settings)
    own = Client(name="own", consent="ehr", overlay=tmp_path, max_cards=2)
    assert local.apply(settings) == settings
    assert own.apply(settings) == Settings(max_cards=2, suggestions="single-action", overlay=tmp_path)
