"""A question in plain JSON, as `pgx-cds recommend` reads it and the cases beside the content state it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from knowledge.calendar_months import months_before
from knowledge.facts import (
    Answer,
    DrugOrder,
    DrugUse,
    GeneRecord,
    GeneResult,
    Identified,
    PatientFacts,
    Sex,
)
from knowledge.gene import Gene
from knowledge.library import Library
from knowledge.terms.code_systems import RXNORM
from knowledge.terms.drug_names import DrugNames

NO_RESULT_WORDS = frozenset({"no result", "no_result", ""})
_TODAY = date(2026, 1, 1)
"""The day of a case: a fixed one, so that what is written beside the content comes out alike on every day."""


class QuestionError(ValueError):
    """A question that cannot be understood; the message says which member is wrong and what belongs there."""


@dataclass(frozen=True)
class Names:
    """What the reader needs to turn names into ingredients."""

    library: Library
    drugs: DrugNames

    def identify(self, name: str) -> Identified:
        """A medicine by its RxNorm code or its exact name."""
        code = name if name.isdigit() else None
        return self.drugs.identify([(RXNORM, code, None)] if code else [], name)


def read_facts(data: Mapping[str, Any], names: Names, today: date = _TODAY) -> PatientFacts:
    """The facts that a question states, without an order. Raises QuestionError."""
    return PatientFacts(
        genes={symbol: read_gene(symbol, value, names.library) for symbol, value in _mapping(data, "genes").items()},
        genes_answer=Answer.NONE_ON_FILE,
        today=today,
        patient_answer=Answer.READ,
        age=_number(data, "age"),
        sex=_sex(data),
        weight_kg=_number(data, "weight_kg"),
        height_cm=_number(data, "height_cm"),
        smokes=_yes_no(data, "smokes"),
        target_inr=_number(data, "target_inr"),
        conditions=frozenset(_condition(name, names.library) for name in _list(data, "conditions")),
        conditions_answer=Answer.READ,
        medications=tuple(_use(one, names, today) for one in _list(data, "medications")),
        medications_answer=Answer.READ,
        allergies=tuple(one for name in _list(data, "allergies") for one in names.identify(_text(name)).ingredients),
        allergies_answer=Answer.READ,
    )


def read_order(name: str, names: Names) -> DrugOrder:
    """The order of a drug by name or RxNorm code."""
    found = names.identify(name)
    codes = ((RXNORM, name),) if name.isdigit() else ()
    # Nothing is sent back to a question, so that no shape of FHIR matters.
    return DrugOrder(None, name, found.ingredients, found.reason, form_names=(name,), codes=codes, fhir_release="R4")


def read_gene(symbol: str, value: Any, library: Library) -> GeneRecord:
    """One gene of a question: a diplotype, {"phenotype"}, {"activityScore"}, {"diplotype"}, or {"answer"}."""
    if symbol not in library.genes:
        raise QuestionError(
            f"genes.{symbol}: there is no file for this gene; known are {', '.join(sorted(library.genes))}"
        )
    gene = library.genes[symbol]
    if isinstance(value, str):
        value = {"diplotype": value}
    if not isinstance(value, Mapping):
        raise QuestionError(f'genes.{symbol}: write a diplotype in quotes, or {{"phenotype": ...}}')
    if "answer" in value:
        return GeneRecord(symbol, Answer(value["answer"]), reason=value.get("reason"))
    unknown = set(value) - {"diplotype", "phenotype", "activityScore"}
    if unknown:
        raise QuestionError(
            f"genes.{symbol}: {', '.join(sorted(unknown))} is not known; use diplotype, phenotype, activityScore"
        )
    if all(str(one).strip().casefold() in NO_RESULT_WORDS for one in value.values()):
        return GeneRecord(symbol, Answer.NONE_ON_FILE)
    return GeneRecord(symbol, Answer.READ, (_result(gene, value),))


def _result(gene: Gene, value: Mapping[str, Any]) -> GeneResult:
    diplotype, phenotype, score = (value.get(key) for key in ("diplotype", "phenotype", "activityScore"))
    return GeneResult(
        gene=gene.id,
        answer=Answer.READ,
        genotype=None if diplotype is None else str(diplotype),
        reported_phenotype=None if phenotype is None else str(phenotype),
        reported_score=None if score is None else str(score),
    )


def _use(one: Any, names: Names, today: date) -> DrugUse:
    data = one if isinstance(one, Mapping) else {"drug": one}
    found = names.identify(_text(data.get("drug")))
    months = data.get("months")
    since = months_before(today, months) if isinstance(months, int) else None
    return DrugUse(found.ingredients, str(data.get("drug")), since=since, reason=found.reason)


def _condition(name: Any, library: Library) -> str:
    if name not in library.conditions:
        raise QuestionError(
            f"conditions: {name!r} is no condition set; known are {', '.join(sorted(library.conditions))}"
        )
    return str(name)


def _sex(data: Mapping[str, Any]) -> Sex | None:
    value = data.get("sex")
    if value is None:
        return None
    if value not in tuple(Sex):
        raise QuestionError(f"sex: {value!r} is neither female nor male; leave it out where it is not known")
    return Sex(value)


def _yes_no(data: Mapping[str, Any], key: str) -> bool | None:
    value = data.get(key)
    if value is not None and not isinstance(value, bool):
        raise QuestionError(f"{key}: {value!r} is neither true nor false; leave it out where it is not known")
    return value


def _number(data: Mapping[str, Any], key: str) -> Decimal | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise QuestionError(f"{key}: {value!r} is no number")
    return Decimal(str(value))


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key) or {}
    if not isinstance(value, Mapping):
        raise QuestionError(f"{key}: must be an object")
    return value


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key) or []
    if not isinstance(value, list):
        raise QuestionError(f"{key}: must be a list")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise QuestionError(f"{value!r}: must be a name or a code in quotes")
    return value
