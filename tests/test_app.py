"""The application starts on sound settings for this machine alone, and says what is wrong otherwise."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner
from samples import SETTINGS
from tokens import make_key_set, make_signer

from app import create_app, main
from cds_hooks.clients import ClientsError
from cds_hooks.content import Content
from cds_hooks.settings import Settings, SettingsError
from cds_hooks.web.metrics_folder import VARIABLE, prepare_folder

GUNICORN = Path(__file__).resolve().parents[1] / "deploy" / "gunicorn.conf.py"


def list_commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and what stands below it: ("audit",), ("audit", "verify"), ..."""
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from list_commands(command, (*path, name))


@pytest.mark.parametrize("path", list(list_commands(main)), ids=" ".join)
def test_every_command_can_be_asked_for_help(path: tuple[str, ...]) -> None:
    """Without any setting: only serving needs them."""
    answer = CliRunner(env={"PGX_CDS_AUTH": None}).invoke(main, [*path, "--help"])
    assert answer.exit_code == 0
    assert answer.output.startswith(f"Usage: {main.name} {' '.join(path)} ")


def test_serving_other_machines_is_refused() -> None:
    """By the server for development."""
    answer = CliRunner(env={"PGX_CDS_AUTH": "off"}).invoke(main, ["run", "--host", "0.0.0.0"])
    assert answer.exit_code == 2
    assert "--host: this server is for development and serves this machine alone" in answer.output


def test_serving_is_refused_when_settings_are_wrong() -> None:
    """By one message, without a traceback."""
    answer = CliRunner(env={"PGX_CDS_AUTH": "off", "PGX_CDS_MAX_CARDS": "0"}).invoke(main, ["run"])
    assert (answer.exit_code, answer.output) == (
        1,
        "Error: The settings cannot be used:\n  PGX_CDS_MAX_CARDS: must be a whole number above 0.\n",
    )


def test_serving_is_refused_when_the_file_of_clients_is_wrong(clients_file: Path) -> None:
    """Every fault, in words: by the command line, by create_app, and by gunicorn before it loads the application."""
    clients_file.write_text('[[client]]\nname = "one"\nissuer = "https://ehr.example.org"\n', encoding="utf-8")
    said = (
        "clients.toml: the clients cannot be used:\n"
        "  /client/0: must be a client with exactly one of keys_url and keys_file.\n"
        "  /client/0/consent: is missing.\n"
        "  /client/0/fhir_hosts: is missing."
    )
    answer = CliRunner().invoke(main, ["run"])
    assert (answer.exit_code, answer.output) == (1, f"Error: {said}\n")
    with pytest.raises(ClientsError) as caught:
        create_app()
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(GUNICORN))
    assert (str(caught.value), str(stopped.value)) == (said, said)


def test_serving_is_refused_when_a_file_of_keys_is_wrong(clients_file: Path, content: Content) -> None:
    """All of them are named."""
    for name in ("one", "two"):
        (clients_file.parent / f"{name}.json").write_text('{"keys": []}', encoding="utf-8")
    entry = '[[client]]\nname = "{0}"\nissuer = "{0}"\nkeys_file = "{0}.json"\nconsent = "ehr"\nfhir_hosts = []\n'
    clients_file.write_text(entry.format("one") + entry.format("two"), encoding="utf-8")
    with pytest.raises(ClientsError) as caught:
        create_app(content=content)
    assert [fault.where for fault in caught.value.faults] == ["/client/0/keys_file", "/client/1/keys_file"]


@pytest.fixture
def clients_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the environment names; it is still empty."""
    file = tmp_path / "clients.toml"
    file.touch()
    monkeypatch.setenv("PGX_CDS_AUTH", "jwt")
    monkeypatch.setenv("PGX_CDS_CLIENTS", str(file))
    monkeypatch.setenv("PGX_CDS_PUBLIC_URL", "https://cds.example.org")
    monkeypatch.setenv("PGX_CDS_DATABASE", f"sqlite:///{tmp_path / 'records.sqlite3'}")
    return file


def test_authentication_does_not_start_without_clients(content: Content) -> None:
    """However the settings came about."""
    with pytest.raises(SettingsError, match="PGX_CDS_CLIENTS, PGX_CDS_PUBLIC_URL: not set"):
        create_app(Settings(auth="jwt", database="sqlite://"), content)


def test_the_application_does_not_start_when_settings_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A WSGI server stops with the same message."""
    monkeypatch.setenv("PGX_CDS_AUTH", "on")
    with pytest.raises(SettingsError):
        create_app()


def test_the_application_is_set_up_from_the_environment_when_nothing_is_given(
    monkeypatch: pytest.MonkeyPatch, content: Content
) -> None:
    """As a WSGI server starts it."""
    monkeypatch.setenv("PGX_CDS_AUTH", "off")
    monkeypatch.setenv("PGX_CDS_DATABASE", "sqlite://")
    monkeypatch.setenv("PGX_CDS_BODY_LIMIT", "1234")
    app = create_app(content=content)
    assert app.config["MAX_CONTENT_LENGTH"] == 1234


def test_two_applications_do_not_share_their_records(content: Content) -> None:
    """Each has its own store."""
    first, second = create_app(SETTINGS, content), create_app(SETTINGS, content)
    assert first.extensions["pgx-cds"].store.engine is not second.extensions["pgx-cds"].store.engine


@pytest.fixture
def metrics_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the metrics in the test's own."""
    folder = tmp_path / "metrics"
    folder.mkdir()
    monkeypatch.setenv(VARIABLE, str(folder))
    prepare_folder.cache_clear()
    yield folder
    prepare_folder.cache_clear()


@pytest.fixture
def gunicorn_settings(metrics_folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What gunicorn reads of its file while authentication is off."""
    monkeypatch.setenv("PGX_CDS_AUTH", "off")
    return runpy.run_path(str(GUNICORN))


@pytest.mark.parametrize("address", [("0.0.0.0", 5000), ("192.0.2.7", 5000), ("::", 5000)])
def test_gunicorn_is_refused_when_it_would_serve_other_machines(
    address: tuple[str, int], gunicorn_settings: dict[str, Any]
) -> None:
    """Whatever `-b` says, while authentication is off."""
    start = gunicorn_settings["on_starting"]
    with pytest.raises(SystemExit, match="only this machine is served"):
        start(SimpleNamespace(cfg=SimpleNamespace(address=[address])))


@pytest.mark.parametrize("address", [("127.0.0.1", 5000), ("::1", 5000), "/run/pgx-cds.sock"])
def test_gunicorn_starts_on_this_machine(address: object, gunicorn_settings: dict[str, Any]) -> None:
    """On loopback and on a Unix socket."""
    gunicorn_settings["on_starting"](SimpleNamespace(cfg=SimpleNamespace(address=[address])))
    assert gunicorn_settings["preload_app"] is True


def test_gunicorn_serves_other_machines_when_callers_are_authenticated(
    clients_file: Path, metrics_folder: Path
) -> None:
    """Only then."""
    (clients_file.parent / "keys.json").write_bytes(make_key_set(make_signer("one")))
    entry = '[[client]]\nname = "one"\nissuer = "one"\nkeys_file = "keys.json"\nconsent = "ehr"\nfhir_hosts = []\n'
    clients_file.write_text(entry, encoding="utf-8")
    settings = runpy.run_path(str(GUNICORN))
    settings["on_starting"](SimpleNamespace(cfg=SimpleNamespace(address=[("0.0.0.0", 5000)])))
    assert settings["chosen"].auth == "jwt"


def test_gunicorn_does_not_start_when_authentication_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """In words."""
    monkeypatch.delenv("PGX_CDS_AUTH", raising=False)
    with pytest.raises(SystemExit, match="PGX_CDS_AUTH: not set"):
        runpy.run_path(str(GUNICORN))
