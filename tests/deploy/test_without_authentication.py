"""With PGX_CDS_AUTH=off the service does not stand behind nginx, nor on an address that others reach."""

from __future__ import annotations

import http.client
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from deployment import DEPLOY, PATIENCE, ROOT, Deployment, find_ports, make_environment, serve

pytestmark = pytest.mark.deploy
OFF = {"PGX_CDS_AUTH": "off"}


@pytest.fixture(scope="module")
def open_deployment(nginx: None) -> Iterator[Deployment]:
    """A deployment without authentication, which nobody should put up."""
    with tempfile.TemporaryDirectory() as name, serve(Path(name), OFF, None) as running:
        yield running


def ask_behind(deployment: Deployment, headers: dict[str, str]) -> int:
    """The status of a call to gunicorn itself, around nginx."""
    with closing(http.client.HTTPConnection("127.0.0.1", deployment.behind, timeout=PATIENCE)) as connection:
        connection.request("GET", "/cds-services", headers=headers)
        return connection.getresponse().status


def test_callers_of_nginx_are_refused(open_deployment: Deployment) -> None:
    """Behind a proxy every caller looks local: 403 for all of them, while this machine itself is answered."""
    assert (open_deployment.call("/cds-services").status, ask_behind(open_deployment, {})) == (403, 200)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_the_mark_of_any_proxy_is_enough(open_deployment: Deployment, header: str) -> None:
    """Whatever it says, even that the caller is this machine."""
    assert ask_behind(open_deployment, {header: "127.0.0.1"}) == 403


def test_gunicorn_does_not_start_where_others_reach_it() -> None:
    """It says why."""
    (port,) = find_ports(1)
    command = [sys.executable, "-m", "gunicorn", "-c", str(DEPLOY / "gunicorn.conf.py"), "-b", f"0.0.0.0:{port}"]
    done = subprocess.run(
        [*command, "app:create_app()"],
        cwd=ROOT,
        env=make_environment({**OFF, "PGX_CDS_DATABASE": "sqlite://"}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode != 0
    assert "without authentication only this machine is served" in done.stdout + done.stderr
