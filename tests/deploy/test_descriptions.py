"""Containerfile, compose file, Kubernetes manifests and systemd units: sound by the tools' own rules, and by ours."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployment import DEPLOY, ROOT, replace_all

from cds_hooks.settings import Settings

pytestmark = pytest.mark.deploy
TOOLS = ROOT / ".venv-deploy" / "bin"
KUBERNETES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
MANIFESTS = [path for path in KUBERNETES if path.name != "kustomization.yaml"]
RELEASES = ("1.29", "1.33", "1.37")
"""From the first that has everything used, to the newest whose schemas the tool carries."""


def run_tool(*command: str | Path) -> str:
    """What a tool of .venv-deploy complains of; "" where nothing. Skipped without the tools, except where CI=true."""
    if not (TOOLS / str(command[0])).exists():
        missing = "no tools in .venv-deploy: run `make test-deploy`, which installs them"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    done = subprocess.run(
        [TOOLS / str(command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def run_here(command: list[str]) -> str:
    """The output of a program of this machine; skipped where it is not there."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not on this machine")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def find_pods(path: Path) -> Iterator[dict[str, Any]]:
    """The specification of every pod that a file describes."""
    for document in yaml.safe_load_all(path.read_text()):
        spec = document.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield spec["template"]["spec"]


PODS = [(path.name, pod) for path in MANIFESTS for pod in find_pods(path)]
CONTAINERS = [
    (f"{name} {each['name']}", each)
    for name, pod in PODS
    for each in [*pod.get("initContainers", []), *pod["containers"]]
]


def test_hadolint_finds_nothing_in_the_containerfile() -> None:
    """Two rules are switched off by name where it says why."""
    assert run_tool("hadolint", "--failure-threshold", "style", "Containerfile") == ""


def test_hadolint_would_find_something(tmp_path: Path) -> None:
    """It does look: a Containerfile that runs as root on a base without a tag is found fault with."""
    (tmp_path / "Containerfile").write_text("FROM debian\nRUN cd /tmp && apt-get update\n")
    assert "DL3006" in run_tool("hadolint", tmp_path / "Containerfile")


def test_the_image_has_two_stages_the_last_without_pip_and_without_root() -> None:
    """What is installed is pinned by hash; the last stage takes over the finished folder alone."""
    build, final = (ROOT / "Containerfile").read_text().split("\nFROM ")[1:]
    installs = [line for line in build.replace("\\\n", " ").splitlines() if " pip install " in line]
    assert all(
        "--require-hashes" in part or "--no-index" in part
        for part in re.split("&&", " && ".join(installs))
        if "pip install" in part
    )
    assert re.findall(r"COPY .*", final) == ["COPY --from=build /opt/pgx-cds /opt/pgx-cds"]
    assert not re.search(r"\bpip\b|python3-venv|\bgcc\b|-dev\b", final)
    assert ("USER 10001:10001" in final, "/health/live" in final) == (True, True)


def test_everything_the_image_copies_is_sent_to_the_build() -> None:
    """`.containerignore` leaves everything out but what is named."""
    ignored = (ROOT / ".containerignore").read_text().split()
    build = (ROOT / "Containerfile").read_text().split("\nFROM ")[1]
    copied = {word for line in re.findall(r"^COPY (.*) \S+$", build, re.MULTILINE) for word in line.split()}
    assert ignored[0] == "*"
    assert copied == {line[1:] for line in ignored if line.startswith("!")}
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_compose_file_keeps_its_schema() -> None:
    """That of the Compose Specification."""
    assert run_tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml") == ""


def test_every_service_of_the_compose_file_is_shut_in() -> None:
    """Read-only, without capabilities, and only nginx's ports are published."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for service in services.values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert {name: service["ports"] for name, service in services.items() if "ports" in service} == {
        "pgx-cds": ["443:443", "127.0.0.1:8081:8081"]
    }
    assert services["nginx"]["network_mode"] == "service:pgx-cds"
    assert services["pgx-cds"]["depends_on"] == {"upgrade": {"condition": "service_completed_successfully"}}


def test_no_secret_stands_in_a_description() -> None:
    """Passwords and keys come from files or from the cluster's secrets."""
    for path in (ROOT / "compose.yaml", *KUBERNETES, DEPLOY / "kustomization.yaml"):
        text = path.read_text()
        assert not re.search(
            r"(?i)(password|card_key)[:=] *[^\s/{].*", re.sub(r"PASSWORD_FILE.*|\$\$?\(cat.*|\{file:.*", "", text)
        ), path
        assert not re.search(r"postgresql[^\s]*://[^/?\s]", text), path


@pytest.mark.parametrize("release", RELEASES)
def test_the_manifests_keep_the_schemas_of_kubernetes(release: str) -> None:
    """Strictly: a member that Kubernetes does not know is a fault."""
    assert run_tool("kubernetes-validate", "--strict", "-k", release, *MANIFESTS) == ""


@pytest.mark.parametrize("release", RELEASES)
def test_what_kustomize_makes_of_them_does_too(release: str, tmp_path: Path) -> None:
    """The names of the generated ConfigMaps reach the pods, and nginx's configuration is the shipped one."""
    made = run_here(["kubectl", "kustomize", "deploy"])
    (tmp_path / "made.yaml").write_text(made)
    assert run_tool("kubernetes-validate", "--strict", "-k", release, tmp_path / "made.yaml") == ""
    maps = {each["metadata"]["name"]: each["data"] for each in yaml.safe_load_all(made) if each["kind"] == "ConfigMap"}
    used = set(re.findall(r"pgx-cds-(?:nginx|inside|settings|retention)-[a-z0-9]+", made)) & set(maps)
    assert used == set(maps)
    (shipped,) = (data for name, data in maps.items() if name.startswith("pgx-cds-nginx"))
    assert shipped["nginx.conf"] == (DEPLOY / "nginx.conf").read_text()


@pytest.mark.parametrize(("name", "container"), CONTAINERS, ids=[name for name, _ in CONTAINERS])
def test_every_container_is_restricted(name: str, container: dict[str, Any]) -> None:
    """As the profile "restricted" of the Pod Security Standards asks for, and a read-only root beside it."""
    assert container["securityContext"] == {
        "runAsUser": 101 if container["name"] == "nginx" else 10001,
        "runAsGroup": 101 if container["name"] == "nginx" else 10001,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"requests", "limits"} == set(container["resources"])
    assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize(("name", "pod"), PODS, ids=[name for name, _ in PODS])
def test_every_pod_runs_without_root_and_without_the_clusters_token(name: str, pod: dict[str, Any]) -> None:
    """And its user may write into its volumes."""
    context = {key: value for key, value in pod["securityContext"].items() if key != "sysctls"}
    assert context == {"runAsNonRoot": True, "fsGroup": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    assert pod["automountServiceAccountToken"] is False


def test_a_roll_out_takes_no_pod_away_before_another_is_ready() -> None:
    """Ready is what the service says of itself; the budget keeps one pod through a drain."""
    deployment = yaml.safe_load((DEPLOY / "kubernetes" / "deployment.yaml").read_text())["spec"]
    containers = {each["name"]: each for each in deployment["template"]["spec"]["containers"]}
    budget = yaml.safe_load((DEPLOY / "kubernetes" / "disruption-budget.yaml").read_text())["spec"]
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert deployment["replicas"] > budget["minAvailable"] >= 1
    assert containers["nginx"]["readinessProbe"]["httpGet"] == {"path": "/health/ready", "port": "inside"}
    assert "/health/live" in containers["pgx-cds"]["livenessProbe"]["exec"]["command"][-1]


def test_every_setting_that_is_named_exists() -> None:
    """An unknown one would stop the start."""
    known = {f"PGX_CDS_{name.upper()}" for name in Settings.__dataclass_fields__}
    for path in (
        ROOT / "compose.yaml",
        DEPLOY / "kustomization.yaml",
        DEPLOY / "pgx-cds.env.example",
        DEPLOY / "pgx-cds.service",
    ):
        named = set(re.findall(r"\bPGX_CDS_[A-Z_]+", path.read_text()))
        assert named - known == set(), path


@pytest.mark.parametrize("unit", ["pgx-cds.service", "pgx-cds-retention.service", "pgx-cds-retention.timer"])
def test_systemd_understands_its_units(unit: str, tmp_path: Path) -> None:
    """Nothing is complained of; the programs are replaced by one that is on this machine."""
    for path in DEPLOY.glob("pgx-cds*.service"):
        words = {"/opt/pgx-cds/venv/bin/pgx-cds": "/bin/true"}
        if path.name == "pgx-cds.service":
            words["/opt/pgx-cds/venv/bin/gunicorn"] = "/bin/true"
        (tmp_path / path.name).write_text(replace_all(path.read_text(), words))
    shutil.copy(DEPLOY / "pgx-cds-retention.timer", tmp_path)
    assert run_here(["systemd-analyze", "verify", "--man=no", str(tmp_path / unit)]) == ""


def test_systemd_judges_the_service_to_be_shut_in() -> None:
    """Its own measure of exposure: from 10 (all open) down; below 2 is what it calls OK."""
    told = run_here(["systemd-analyze", "security", "--offline=true", str(DEPLOY / "pgx-cds.service")])
    found = re.search(r"Overall exposure level for pgx-cds.service: ([0-9.]+)", told)
    assert found is not None
    assert float(found[1]) < 2
