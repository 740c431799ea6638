"""A real FHIR server (sekmet-fhir, in its own virtual environment), a real OAuth server (oidc-provider, on Node) and
the real service, all over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
import yaml
from token_stub import PrivateKey, make_key, write_pem
from werkzeug.serving import make_server

from app import create_app
from cds_hooks.clients import Backend
from cds_hooks.content import Content
from cds_hooks.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / ".venv-fhir" / "bin" / "sekmet"
WRITER = "writer-of-the-test-data"
CLIENT = ("pgx-cds", "test-secret")
OAUTH = ROOT / "tests" / "oauth"
BACKENDS = {"ES384": "pgx-backend-es", "RS384": "pgx-backend-rs"}
"""The clients with a key, by the algorithm that they sign with."""
READ = "system/Patient.read system/Observation.read system/DiagnosticReport.read"


@dataclass(frozen=True)
class FhirServer:
    """A running FHIR server."""

    url: str
    root: str

    def load(self, *resources: dict[str, Any]) -> None:
        """Store resources under their own ids, in one transaction."""
        entry = [
            {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
            for each in resources
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entry}
        answer = requests.post(self.url, json=bundle, headers={"Authorization": f"Bearer {WRITER}"}, timeout=30)
        assert answer.status_code == 200, answer.text

    def issue_token(self, scope: str = "system/*.read") -> str:
        """An access token of SMART backend services."""
        form = {"grant_type": "client_credentials", "scope": scope}
        answer = requests.post(f"{self.root}/auth/token", data=form, auth=CLIENT, timeout=30)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


def skip(missing: str) -> None:
    """Say what is not here; where CI=true that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@dataclass(frozen=True)
class Keys:
    """The private keys of the clients by algorithm, and where their files are."""

    folder: Path
    private: dict[str, PrivateKey]

    def file(self, algorithm: str) -> Path:
        """The PEM file."""
        return write_pem(self.private[algorithm], self.folder / f"{algorithm}.pem")

    def public_set(self, algorithm: str) -> dict[str, Any]:
        """The key set that a server is given."""
        key = self.private[algorithm].public_key()
        found: dict[str, Any] = jwt.get_algorithm_by_name(algorithm).to_jwk(key, as_dict=True)  # type: ignore[arg-type]
        return {"keys": [found | {"kid": "key-1"}]}

    def backend(self, algorithm: str, fhir_server: str, token_url: str, scope: str = READ) -> Backend:
        """The client's own members."""
        return Backend(fhir_server, token_url, BACKENDS[algorithm], self.file(algorithm), "key-1", algorithm, scope)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """A key for each algorithm."""
    return Keys(tmp_path_factory.mktemp("keys"), {algorithm: make_key(algorithm) for algorithm in BACKENDS})


@pytest.fixture(scope="session")
def fhir_server(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> Iterator[FhirServer]:
    """sekmet-fhir on a free port; without it these tests are skipped, except where CI=true: there they fail."""
    if not SERVER.exists():
        skip("no FHIR server in .venv-fhir: run `make test-integration`, which installs it")
    folder = tmp_path_factory.mktemp("fhir")
    port = find_port()
    root = f"http://127.0.0.1:{port}"
    auth = {
        "types": ["smart", "bearer"],
        "tokens": [WRITER],
        "smart_clients": [
            {"client_id": CLIENT[0], "client_secret": CLIENT[1], "scopes": "system/*.read"},
            *(
                {"client_id": name, "jwks": keys.public_set(algorithm), "scopes": "system/*.read"}
                for algorithm, name in BACKENDS.items()
            ),
        ],
    }
    settings = {
        "base_url": f"{root}/fhir",
        "host": "127.0.0.1",
        "port": port,
        "data_dir": str(folder),
        "server_auth": auth,
        "simulator": {"enabled": False},
        "log_inbound": False,
    }
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings))
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [SERVER, "serve", "--config", "settings.yaml"], cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_for(f"{root}/fhir/metadata", process, folder / "log.txt")
            yield FhirServer(f"{root}/fhir", root)
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture(scope="session", params=list(BACKENDS))
def oauth_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, keys: Keys
) -> Iterator[tuple[str, str]]:
    """(algorithm, address) of an oidc-provider on a free port, once for each algorithm."""
    node = shutil.which("node")
    if node is None or not (OAUTH / "node_modules" / "oidc-provider").exists():
        skip("no OAuth server in tests/oauth/node_modules: run `make test-integration` where npm is installed")
    algorithm: str = request.param
    folder, port = tmp_path_factory.mktemp("oauth"), find_port()
    client = {"client_id": BACKENDS[algorithm], "alg": algorithm, "jwks": keys.public_set(algorithm)}
    (folder / "client.json").write_text(json.dumps(client))
    command = [str(node), str(OAUTH / "server.mjs"), str(port), str(folder / "client.json"), "https://fhir.example.org"]
    url = f"http://127.0.0.1:{port}"
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(command, cwd=OAUTH, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for(f"{url}/.well-known/openid-configuration", process, folder / "log.txt")
            yield algorithm, url
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture(scope="session")
def service_url(content: Content) -> Iterator[str]:
    """The service, served over HTTP."""
    settings = Settings(database="sqlite://", log_level="WARNING", budget=10.0, fhir_timeout=2.0, fhir_budget=3.0)
    server = make_server("127.0.0.1", 0, create_app(settings, content), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def find_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the address answers; fail with the server's log when it ends or takes half a minute."""
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            requests.get(url, timeout=1)
            return
        except requests.RequestException:
            time.sleep(0.1)
    pytest.fail(log.read_text())
