"""A finding as other programs read it: in a card's extension and from `pgx-cds recommend`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cards.phrases import load_words
from knowledge.findings import Action, Amount, DoseEstimate, Finding, Gap, GeneState


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """A finding in the shape that others rely on: unknown scalars are null; members may be added, none goes."""
    return {
        "id": finding.id,
        "drug": {"name": finding.drug.name, "rxnorm": finding.drug.rxnorm},
        "body": finding.body,
        "strength": str(finding.strength),
        "graded": finding.body is not None and finding.body not in load_words()["ungraded"],
        "indicator": str(finding.indicator),
        "population": finding.population,
        "genes": [_gene(gene) for gene in finding.genes],
        "actions": [_action(action) for action in finding.actions],
        "estimates": [_estimate(one) for one in finding.estimates],
        "doseChange": finding.dose_change,
        "alternative": finding.alternative,
        "otherGuidance": finding.other_guidance,
        "assumed": list(finding.assumed),
        "gaps": [_gap(gap) for gap in finding.gaps],
        "possible": finding.possible,
        "shared": list(finding.shared),
        "switchedOff": finding.switched_off,
        "condition": finding.condition,
        "contentVersion": finding.content_version,
        "contentStatus": finding.content_status,
        "signatureEnded": finding.signature_ended,
    }


def without_empty(value: Any) -> Any:
    """The same JSON without null, "", [] and {} (CDS Hooks 2.0.1 forbids them in a card)."""
    if isinstance(value, dict):
        kept = {key: without_empty(one) for key, one in value.items()}
        return {key: one for key, one in kept.items() if one not in (None, "", [], {})}
    return [without_empty(one) for one in value] if isinstance(value, list) else value


def _gene(gene: GeneState) -> dict[str, Any]:
    return {
        "gene": gene.gene,
        "answer": str(gene.answer),
        "diplotype": gene.diplotype,
        "phenotype": gene.phenotype,
        "activityScore": gene.score,
        "basis": str(gene.basis) if gene.basis else None,
        "genotypeSays": gene.genotype_says,
        "because": list(gene.because),
        "reportedPhenotype": gene.reported,
        "resultIds": list(gene.result_ids),
        "notes": list(gene.notes),
    }


def _action(action: Action) -> dict[str, Any]:
    members: dict[str, Any] = {
        "kind": action.kind,
        "drugs": list(action.drugs),
        "percent": [_number(one) for one in action.percent],
        "factor": _number(action.factor) if action.factor is not None else None,
        "amount": _amount(action.amount),
        "of": action.of,
        "degree": action.degree,
        "what": list(action.what),
        "formulas": list(action.formulas),
        "from": [_amount(one) for one in action.bounds],
        "daysAWeek": action.days_a_week,
    }
    found: dict[str, Any] = without_empty(members)
    return found


def _estimate(one: DoseEstimate) -> dict[str, Any]:
    return {
        "formula": one.formula,
        "title": one.title,
        "amount": _amount(one.amount),
        "weekly": _amount(one.weekly),
        "inputs": [{"name": name, "value": value} for name, value in one.inputs],
        "reason": one.reason,
        "contentVersion": one.content_version,
        "contentStatus": one.content_status,
    }


def _amount(amount: Amount | None) -> dict[str, Any] | None:
    return {"value": _number(amount.value), "unit": amount.unit, "per": amount.per} if amount else None


def _gap(gap: Gap) -> dict[str, Any]:
    return {"kind": gap.kind, "gene": gap.gene, "text": gap.text, "suggestTest": gap.suggest_test}


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
