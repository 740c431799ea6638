"""The README is true: its commands run, its tables equal what they describe, its links lead somewhere."""

import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

import cds_hooks.settings
from app import main
from cds_hooks.clients import Backend, Client, load_clients
from knowledge.checking.coverage import load_missing, render_coverage
from knowledge.checking.transparency_page import render_transparency
from knowledge.library import Library
from knowledge.loading.load import CONTENT, load_library
from knowledge.loading.schema import schema_faults
from knowledge.loading.strict_yaml import load_strict

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REQUEST = re.search(r"<<'JSON'\n(.*?)\nJSON\n", README, re.DOTALL)
ANSWER = re.search(r"```text\n(\{\"cards\".*?)\n```", README, re.DOTALL)
CLIENTS_PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
CLIENTS = re.search(r"```toml\n(.*?)\n```", CLIENTS_PAGE, re.DOTALL)
CONSOLE = re.findall(r"^\$ echo '([^']*)' \| pgx-cds (\S+)\n(.*)$", README, re.MULTILINE)
COMMANDS_OF_FLASK = {"routes", "shell"}


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def test_the_first_request_gets_the_answer_that_is_shown(client: FlaskClient) -> None:
    """Every quoted text of the shortened answer stands in the real one."""
    assert REQUEST is not None
    assert ANSWER is not None
    answer = client.post("/cds-services/pgx-order-select", data=REQUEST[1], content_type="application/json")
    said = json.dumps(answer.get_json(), ensure_ascii=False)
    shown = [text for text in re.findall(r'"((?:[^"\\]|\\.)*)"', ANSWER[1]) if text != "..."]
    assert answer.status_code == 200
    assert [text for text in shown if text.removesuffix(" ...") not in said] == []


def test_the_console_lines_print_what_they_show() -> None:
    """Command by command, the whole line compared."""
    assert len(CONSOLE) == README.count("\n$ ") > 0
    for given, command, printed in CONSOLE:
        assert CliRunner().invoke(main, [command], input=given + "\n").stdout == printed + "\n"


def test_every_pgx_cds_command_in_the_readme_exists() -> None:
    """In code blocks and in the table of commands; the table leaves none out, and tells none twice."""
    named = set(re.findall(r"pgx-cds ([a-z]+)", README))
    table = set(re.findall(r"^\| `([a-z]+)", README, re.MULTILINE))
    rows = re.findall(r"^\| (`[a-z].*?) \|", README.split("## Commands")[1].split("## ")[0], re.MULTILINE)
    real = set(main.commands)
    assert len(set(rows)) == len(rows)
    assert [row.split()[0].strip("`") for row in rows] == sorted(row.split()[0].strip("`") for row in rows)
    assert named - real == set()
    assert real - COMMANDS_OF_FLASK - table == set()


def test_the_check_and_try_lines_run_on_the_files_they_name() -> None:
    """What the README tells a knowledge engineer to type."""
    lines = re.findall(r"^pgx-cds ((?:check|try) .*?)(?:\s+#.*)?$", README, re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        arguments = [str(ROOT / part) if "/" in part else part for part in line.split()]
        assert CliRunner().invoke(main, arguments).exit_code == 0


def test_the_settings_table_is_that_of_the_code() -> None:
    """One table, in the docstring of cds_hooks/settings.py."""
    documented = [line for line in (cds_hooks.settings.__doc__ or "").splitlines() if line.startswith("|")]
    assert "\n".join(documented) in README
    fields = cds_hooks.settings.Settings.__dataclass_fields__
    assert {f"PGX_CDS_{name.upper()}" for name in fields} == set(
        re.findall(r"^\| (PGX_CDS_[A-Z_]+)", README, re.MULTILINE)
    )


def test_the_clients_that_are_shown_can_be_registered(tmp_path: Path) -> None:
    """The example is a file of clients without a fault, when what it names is there."""
    assert CLIENTS is not None
    (tmp_path / "childrens-hospital.json").touch()
    (tmp_path / "overlays" / "children").mkdir(parents=True)
    (tmp_path / "clients.toml").write_text(CLIENTS[1], encoding="utf-8")
    clients = load_clients(tmp_path / "clients.toml")
    assert {name: each.consent for name, each in clients.items()} == {
        "general-hospital": "deny",
        "childrens-hospital": "ehr",
    }


def test_the_page_of_clients_explains_every_member() -> None:
    """Of a client and of its backend, and no other."""
    table = CLIENTS_PAGE.split("| member |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| (`[^|]*) \|[^|]*\| (.*) \|$", table, re.MULTILINE)
    named = {name for row, _ in rows for name in re.findall(r"`([a-z_]+)`", row)}
    backend = next(meaning for row, meaning in rows if row == "`backend`")
    assert named == {field.name for field in fields(Client)}
    assert set(re.findall(r"`([a-z_]+)`", backend)) == {field.name for field in fields(Backend)}


def test_the_page_of_coverage_is_that_of_the_content(library: Library) -> None:
    """Derived from the files: `python -m knowledge.checking.coverage > docs/coverage.md`."""
    assert (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8") == render_coverage(library, load_missing())


def test_the_page_of_transparency_is_that_of_the_content(library: Library) -> None:
    """Derived from the files: `python -m knowledge.checking.transparency_page > docs/transparency.md`."""
    assert (ROOT / "docs" / "transparency.md").read_text(encoding="utf-8") == render_transparency(library)


def test_the_list_of_what_is_missing_keeps_its_schema() -> None:
    """And speaks of medicines by their names."""
    document = load_strict(CONTENT / "missing.yaml")
    assert (document.faults, schema_faults(document, "missing")) == ((), ())


def test_the_lists_of_medicines_and_genes_are_those_of_the_content(library: Library) -> None:
    """Derived from the files."""
    assert f"{len(library.drugs)} medicines: {', '.join(sorted(library.drugs))}." in README
    assert f"{len(library.genes)} genes: {', '.join(sorted(library.genes))}." in README


def requirements(name: str) -> set[str]:
    """Package names of a requirements file."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return {
        re.split(r"[=<>\[;]", line)[0].strip().lower() for line in lines if line and not line.startswith(("#", "-"))
    }


def test_every_dependency_has_a_word_and_no_other_has_one() -> None:
    """The README's dependency table against the requirements files."""
    table = README.split("## Dependencies")[1].split("## ")[0]
    named = {
        name.strip()
        for row in re.findall(r"^\| ([a-z][a-z0-9., -]*) \|", table, re.MULTILINE)
        for name in row.split(",")
    }
    wanted = requirements("requirements.in") | requirements("requirements-dev.in")
    wanted |= requirements("requirements-postgresql.in") | requirements("requirements-build.in")
    apart = requirements("requirements-fhir-server.in") | requirements("requirements-deploy.in")
    node = json.loads((ROOT / "tests/oauth/package.json").read_text(encoding="utf-8"))["dependencies"]
    assert named - {"package"} == wanted | apart | set(node)


def test_no_lock_file_names_a_registry() -> None:
    """Hashes and versions only."""
    for path in ROOT.glob("requirements*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text
        assert "--hash=sha256:" in text
    assert "resolved" not in (ROOT / "tests/oauth/package-lock.json").read_text(encoding="utf-8")


def test_the_page_of_logs_names_every_message_of_the_service() -> None:
    """In its table, and no other."""
    page = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8").split("## The service's own messages")[1]
    table = page.split("## ")[0]
    logged = {
        message
        for package in ("cds_hooks", "cards", "knowledge")
        for path in (ROOT / package).rglob("*.py")
        for message in re.findall(r"_LOG\.(?:log\([^\"]*|\w+\(\s*)\"([^\"]+)\"", path.read_text(encoding="utf-8"))
    }
    named = [row.split(" | ")[0] for row in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)]
    assert {message for row in named for message in re.findall(r"`([^`]+)`", row)} == logged


PAGES = [
    "README.md",
    "knowledge/README.md",
    "bench/README.md",
    "SECURITY.md",
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
]


@pytest.mark.parametrize("path", PAGES)
def test_links_to_files_lead_somewhere(path: str) -> None:
    """Relative links only; what is on the web is not looked up."""
    text = (ROOT / path).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert [target for target in targets if not ((ROOT / path).parent / target).exists()] == []


def test_the_tests_that_the_threat_model_names_exist() -> None:
    """File by file; what is defended is shown."""
    named = set(re.findall(r"`(tests/[a-z_/]+(?:\.py)?)`", (ROOT / "docs" / "threat-model.md").read_text("utf-8")))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_figures_that_operators_read_are_the_benchmarks() -> None:
    """Calls a second and the median of the table's two rows of 50 kB, and what the audit leaves of them."""
    bench, said = ((ROOT / path).read_text("utf-8") for path in ("bench/README.md", "docs/operators.md"))
    measured = re.findall(r"^\| 50 kB \| (\d+) \| (\d+) \| ([\d.]+) /", bench, re.MULTILINE)
    told = re.findall(r"(\d+) calls a second with 50 kB .* within ([\d.]+) ms\), (\d+) with eight at a\s", said)
    assert [("1", told[0][0], told[0][1]), ("8", told[0][2])] == [measured[0], measured[1][:2]]
    rows = re.findall(r"^\| \d+ \|.* \| (0\.\d+) \| (0\.\d+) \|$", bench, re.MULTILINE)
    assert re.findall(r"leaves (0\.\d+) to (0\.\d+) of", said) == [
        tuple(sorted(each)) for each in zip(*rows, strict=True)
    ]


def test_make_targets_of_the_readme_exist() -> None:
    """`make run` and `make test`, and whatever else is named."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"make ([a-z][a-z-]+)", README))
    assert {name for name in named if f"\n{name}:" not in makefile} == set()


def test_the_project_says_its_licence() -> None:
    """Apache-2.0 by pyproject.toml, attributions in NOTICE."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == {"text": "Apache-2.0"}
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for source in ("CPIC", "RxNorm", "LOINC", "SNOMED", "HGNC"):
        assert source in notice
