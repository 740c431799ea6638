"""`pgx-cds recommend`: questions as JSON lines to findings, one JSON array a line."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import click
import orjson

from cards.finding_json import finding_to_json
from cds_hooks.commands.output import print_json
from cds_hooks.commands.overlay import with_overlay
from knowledge.evaluate import evaluate
from knowledge.loading.load import load_library
from knowledge.loading.policy_file import load_policy
from knowledge.policy import Policy
from knowledge.question import Names, QuestionError, read_facts, read_order
from knowledge.terms.drug_names import load_drug_names

KNOWN = (
    "drug", "genes", "age", "sex", "weight_kg", "height_cm", "smokes", "target_inr", "conditions", "medications",
    "allergies", "population",
)  # fmt: skip

_DEFAULT = Policy()


@click.command("recommend")
@with_overlay
def command(overlay: Path | None) -> None:
    """Read JSON lines {"drug": ..., "genes": {...}, ...} on standard input; print one JSON array of findings a line.

    A line that cannot be understood prints an empty array, and the reason on standard error. Exit code 0: every line
    was understood, 1: the site's content cannot be used, 2: at least one line was not understood.
    """
    library, policy = load_library(overlay), load_policy(overlay)
    names = Names(library, load_drug_names(library, overlay))
    failed = False
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        try:
            print_json(recommend(_parse(line), names, policy))
        except QuestionError as error:
            failed = True
            print_json([])
            click.echo(f"line {number}: {error}", err=True)
    if failed:
        raise SystemExit(2)


def recommend(question: Mapping[str, Any], names: Names, policy: Policy = _DEFAULT) -> list[dict[str, Any]]:
    """The findings of one question, in the shape of a card's extension. Raises QuestionError."""
    every = question.get("population") == "all"
    if "population" in question and not every:
        raise QuestionError('population: only "all" can be asked for; leave it out to select by the record')
    order = read_order(_drug(question), names)
    facts = replace(read_facts(question, names, date.today()), orders=(order,))
    answers = evaluate(facts, names.library, policy, every)
    if not any(answer.findings for answer in answers):
        reasons = "; ".join(answer.silence or "nothing is known" for answer in answers)
        raise QuestionError(f"drug: {question['drug']!r}: {reasons}")
    return [finding_to_json(finding) for answer in answers for finding in answer.findings]


def _parse(line: str) -> Mapping[str, Any]:
    try:
        question = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise QuestionError(f"not JSON: {error}") from None
    if not isinstance(question, dict):
        raise QuestionError('a question is a JSON object: {"drug": "codeine", "genes": {...}}')
    unknown = set(question) - set(KNOWN)
    if unknown:
        raise QuestionError(f"{', '.join(sorted(unknown))}: not known; known are {', '.join(KNOWN)}")
    return question


def _drug(question: Mapping[str, Any]) -> str:
    drug = question.get("drug")
    if not isinstance(drug, str) or not drug.strip():
        raise QuestionError("drug: write the ingredient's name or its RxNorm code in quotes")
    return drug
