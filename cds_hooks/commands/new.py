"""`pgx-cds new drug NAME` and `pgx-cds new gene NAME`: a content file and its cases, ready to be filled in."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import click

from knowledge.loading.load import CONTENT, load_ingredients
from knowledge.loading.schema import TO_FILL_IN

DRUG = """\
# yaml-language-server: $schema=../../schema/drug.schema.json
id: {id}
{named}status: transcribed
codes: {{rxnorm: [{rxnorm}]}}
genes: [{gene}]

bodies:
  cpic:
    body: CPIC
    source:
      title: {open}
      url: https://cpicpgx.org/guidelines/
      version: {open}
      transcribed: "{today}"
    rows:
      # Every result of the gene is answered by exactly one row; `pgx-cds check` names the cells that are missing.
      - id: normal
        when: {{{gene}: [normal]}}
        strength: {open}
        actions: [{{keep: {{}}}}]
      - id: silent-indeterminate
        when: {{{gene}: [indeterminate]}}
        strength: none
"""
DRUG_CASES = """\
- name: A normal result keeps the standard dose of {name}
  given: {{genes: {{{gene}: {{phenotype: Normal Metabolizer}}}}}}
  expect: [{{row: cpic/normal}}]

- name: Without a result the answer is a gap
  given: {{}}
  expect: [{{gap: no_result, gene: {gene}, suggest_test: false}}]
"""
GENE = """\
# yaml-language-server: $schema=../../schema/gene.schema.json
id: {name}
status: transcribed
codes: {{hgnc: {open}}}
method: {open}    # What follows is laid out for function_pair; see the schema for the others.

sources:
  - title: {open}
    version: {open}
    url: https://cpicpgx.org
    transcribed: "{today}"

# Function id -> CPIC's term: one line for each function that the source assigns.
functions:
  normal: {open}

# Every allele once, under its function. Quote the stars.
alleles:
  normal: [{open}]

phenotypes:
  normal: {{term: {open}, pairs: [[normal, normal]]}}
"""
GENE_CASES = """\
- name: {open}
  given: {{diplotype: {open}}}
  expect: {{phenotype: {open}}}
"""


@click.group("new")
def command() -> None:
    """Scaffold a content file and its cases."""


@command.command("drug")
@click.argument("name")
@click.option("--gene", required=True, help="The gene that its guideline asks about.")
@click.option(
    "--content", type=click.Path(file_okay=False, path_type=Path), default=CONTENT, help="Another content folder."
)
def new_drug(name: str, gene: str, content: Path) -> None:
    """Write drugs/NAME.yaml and NAME.test.yaml. Exit code 0: written, 2: the name is not one, or the file is there."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9 -]*[a-z0-9]", name):
        raise click.UsageError(f"{name!r} is no ingredient name: write it in lower case, as RxNorm does")
    codes = {ingredient: code for code, ingredient in load_ingredients().items()}
    code = codes.get(name)
    if code is None:
        click.echo(f"{name} is on no RxNorm list here: fill in codes.rxnorm by hand, if there is one", err=True)
    slug = name.replace(" ", "-")
    fields = {
        "id": slug,
        "named": f"name: {name}\n" if slug != name else "",
        "name": name,
        "gene": gene,
        "open": TO_FILL_IN,
        "rxnorm": f'"{code}"' if code else "",
        "today": date.today().isoformat(),
    }
    _write(content / "drugs", slug, DRUG.format(**fields), DRUG_CASES.format(**fields))


@command.command("gene")
@click.argument("name")
@click.option(
    "--content", type=click.Path(file_okay=False, path_type=Path), default=CONTENT, help="Another content folder."
)
def new_gene(name: str, content: Path) -> None:
    """Write genes/NAME.yaml and NAME.test.yaml. Exit code 0: written, 2: the name is not one, or the file is there."""
    if not re.fullmatch(r"[A-Z][A-Z0-9-]*", name):
        raise click.UsageError(f"{name!r} is no gene symbol: write it as HGNC does, in capitals")
    fields = {"name": name, "open": TO_FILL_IN, "today": date.today().isoformat()}
    _write(content / "genes", name, GENE.format(**fields), GENE_CASES.format(**fields))


def _write(folder: Path, name: str, text: str, cases: str) -> None:
    path, beside = folder / f"{name}.yaml", folder / f"{name}.test.yaml"
    for one in (path, beside):
        if one.exists():
            raise click.UsageError(f"{one} is there already: edit it, or remove it first")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    beside.write_text(cases, encoding="utf-8")
    click.echo(f"{path}\n{beside}\nnext: fill them in, then run: pgx-cds check {path}")
