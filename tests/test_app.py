"""The application starts on sound settings for this machine alone, and says what is wrong otherwise."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from samples import SETTINGS

from app import create_app, main
from cds_hooks.content import Content
from cds_hooks.settings import SettingsError
from cds_hooks.web.metrics_folder import VARIABLE, prepare_folder

GUNICORN = Path(__file__).resolve().parents[1] / "deploy" / "gunicorn.conf.py"


def test_every_command_can_be_asked_for_help() -> None:
    """Without any setting: only serving needs them."""
    runner = CliRunner(env={"PGX_CDS_AUTH": None})
    for name in ("check", "new", "read", "recommend", "translate", "try", "run"):
        answer = runner.invoke(main, [name, "--help"])
        assert (answer.exit_code, answer.output.partition("\n")[0].startswith("Usage: ")) == (0, True)


def test_serving_other_machines_is_refused() -> None:
    """Without authentication there is no such address."""
    answer = CliRunner(env={"PGX_CDS_AUTH": "off"}).invoke(main, ["run", "--host", "0.0.0.0"])
    assert answer.exit_code == 2
    assert "--host: without authentication only this machine is served" in answer.output


def test_serving_is_refused_when_settings_are_wrong() -> None:
    """By one message, without a traceback."""
    answer = CliRunner(env={"PGX_CDS_AUTH": "off", "PGX_CDS_MAX_CARDS": "0"}).invoke(main, ["run"])
    assert (answer.exit_code, answer.output) == (
        1,
        "Error: The settings cannot be used:\n  PGX_CDS_MAX_CARDS: must be a whole number above 0.\n",
    )


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
def gunicorn_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What gunicorn reads of its file, the folder of the metrics in the test's own."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    prepare_folder.cache_clear()
    yield runpy.run_path(str(GUNICORN))
    prepare_folder.cache_clear()


@pytest.mark.parametrize("address", [("0.0.0.0", 5000), ("192.0.2.7", 5000), ("::", 5000)])
def test_gunicorn_is_refused_when_it_would_serve_other_machines(
    address: tuple[str, int], gunicorn_settings: dict[str, Any]
) -> None:
    """Whatever `-b` says."""
    start = gunicorn_settings["on_starting"]
    with pytest.raises(SystemExit, match="only this machine is served"):
        start(SimpleNamespace(cfg=SimpleNamespace(address=[address])))


@pytest.mark.parametrize("address", [("127.0.0.1", 5000), ("::1", 5000), "/run/pgx-cds.sock"])
def test_gunicorn_starts_on_this_machine(address: object, gunicorn_settings: dict[str, Any]) -> None:
    """On loopback and on a Unix socket."""
    gunicorn_settings["on_starting"](SimpleNamespace(cfg=SimpleNamespace(address=[address])))
    assert gunicorn_settings["preload_app"] is True
