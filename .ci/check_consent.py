"""Consents of IHE PCF and of FHIR's core against decisions that were read by hand.

Usage: check_consent.py FOLDER, the folder that holds examples/expected-consent.json. The question is the one that the
expectations were written for: an ordinary clinician of an organisation that no consent names, treatment, a genetic
report of 2020 by a laboratory, in an encounter that no consent names, labelled N or R, asked today. What each expected
word demands, for the site's default permit and for its default deny:

- permit, deny, undecidable: exactly that, whatever the default.
- no-rule: the default.
- deny-or-site-default: a refusal, or the default; never a permit under the default deny.
- conditional: permit for data of the encounter that it names, the default for data of another one, and undecidable
  where the data's encounter is not known.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import orjson

from cds_hooks.consent.codes import RESOURCE_TYPES
from cds_hooks.consent.decision import decide
from cds_hooks.consent.directive import Consent, Span
from cds_hooks.consent.question import Asker, Question
from cds_hooks.consent.reading import read_consents

REPORT = Question(
    asker=Asker(date.today(), "Practitioner/ordinary", frozenset({"Organization/of-the-clinician"})),
    kinds=((RESOURCE_TYPES, "DiagnosticReport"),),
    codes=(("http://loinc.org", "51969-4"),),
    references=frozenset({"DiagnosticReport/of-2020"}),
    date=Span(date(2020, 6, 1), date(2020, 6, 1)),
    sources=frozenset({"Organization/laboratory"}),
    relations=frozenset({"Encounter/of-2020"}),
    relations_known=True,
)
OF_THE_ENCOUNTER = replace(REPORT, relations=frozenset({"Encounter/ex-encounter"}))
OF_UNKNOWN_ENCOUNTER = replace(REPORT, relations=frozenset(), relations_known=False)


def main(folder: Path) -> int:
    """Print every row that disagrees; exit code 1 where one does."""
    examples = folder / "examples"
    rows = orjson.loads((examples / "expected-consent.json").read_bytes())
    faults = [fault for row in rows if (fault := _check(examples, row))]
    for fault in faults:
        print(fault)
    print(f"{len(rows) - len(faults)} of {len(rows)} consents are decided as they were read by hand")
    return 1 if faults or not rows else 0


def _check(examples: Path, row: Mapping[str, str]) -> str | None:
    resource = orjson.loads((examples / row["path"]).read_bytes())
    consents = read_consents([resource], resource["patient"]["reference"].partition("/")[2])
    for label in ("N", "R"):
        for default in ("permit", "deny"):
            expected = row[f"treat_{label}"]
            got = _answer(consents, REPORT, label, default)
            if not _agrees(expected, got, consents, label, default):
                return f"{row['path']} ({label}, default {default}): expected {expected}, got {got}: {row['why']}"
    return None


def _agrees(expected: str, got: str, consents: tuple[Consent, ...], label: str, default: str) -> bool:
    if expected == "no-rule":
        return got == default
    if expected == "deny-or-site-default":
        return got in ("deny", default)
    if expected == "conditional":
        inside = _answer(consents, OF_THE_ENCOUNTER, label, default)
        unknown = _answer(consents, OF_UNKNOWN_ENCOUNTER, label, default)
        return (inside, got, unknown) == ("permit", default, "undecidable")
    return got == expected


def _answer(consents: tuple[Consent, ...], question: Question, label: str, default: str) -> str:
    return str(decide(consents, replace(question, confidentiality=frozenset({label})), default).outcome)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
