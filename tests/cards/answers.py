"""Answers to make cards of: one poor metabolizer of clopidogrel, varied by each test."""

from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any

from knowledge.drug_answer import DrugAnswer, Offer
from knowledge.facts import Answer, DoseLine, DrugOrder, Ingredient
from knowledge.findings import Action, Basis, Effect, Finding, Gap, GeneState, Indicator, Source, Strength

CLOPIDOGREL = Ingredient("clopidogrel", "32968")
SOURCE = Source("Guideline for clopidogrel", "1.0", "https://example.org/clopidogrel", "2026-11-23", ("1",))
DRAFT = {
    "resourceType": "MedicationRequest",
    "id": "1",
    "status": "draft",
    "intent": "order",
    "subject": {"reference": "Patient/demo"},
    "medicationCodeableConcept": {"text": "Clopidogrel 75 mg"},
    "dosageInstruction": [{"text": "75 mg daily", "doseAndRate": [{"doseQuantity": {"value": 75, "unit": "mg"}}]}],
}
DOSE_PATH = ("dosageInstruction", 0, "doseAndRate", 0, "doseQuantity")


def numbered() -> Callable[[], str]:
    """Ids that a test can expect: id-1, id-2, ..."""
    numbers = count(1)
    return lambda: f"id-{next(numbers)}"


def make_order(**changes: Any) -> DrugOrder:
    """A drafted order of clopidogrel 75 mg once a day."""
    dose = DoseLine(DOSE_PATH, Decimal(75), "mg", Decimal(1))
    given: dict[str, Any] = {
        "ingredients": (CLOPIDOGREL,),
        "doses": (dose,),
        "resource": DRAFT,
        "fhir_release": "R4",
    } | changes
    return DrugOrder(given.pop("order_id", "MedicationRequest/1"), "Clopidogrel 75 mg", **given)


def make_gene(**changes: Any) -> GeneState:
    """CYP2C19 *2/*2 as a genotype on file."""
    given: dict[str, Any] = {
        "diplotype": "*2/*2",
        "phenotype": "Poor Metabolizer",
        "basis": Basis.GENOTYPE,
        "result_ids": ("Observation/9",),
        "dates": ("2024-05-01",),
    }
    return GeneState("CYP2C19", Answer.READ, **(given | changes))


def make_finding(**changes: Any) -> Finding:
    """CPIC's row for a poor metabolizer after a stent."""
    given: dict[str, Any] = {
        "id": "clopidogrel/cpic/poor-acs-pci",
        "drug": CLOPIDOGREL,
        "body": "CPIC",
        "strength": Strength.STRONG,
        "indicator": Indicator.CRITICAL,
        "population": "general",
        "genes": (make_gene(),),
        "actions": (Action("avoid"), Action("offer", drugs=("prasugrel", "ticagrelor"))),
        "dose_change": False,
        "alternative": True,
        "other_guidance": False,
        "effect": Effect("much_less", "active_metabolite", ("stent_thrombosis",)),
        "source": SOURCE,
        "content_version": "abc",
        "content_status": "transcribed",
    }
    return Finding(**(given | changes))


def make_reduction(action: Action, **changes: Any) -> Finding:
    """A row that changes the dose and offers nothing."""
    return make_finding(actions=(action,), dose_change=True, alternative=False, **changes)


def make_gap(kind: str = "no_result", **changes: Any) -> Finding:
    """A finding that only says that the gene has no usable result."""
    gap = Gap(kind, f"CYP2C19: {kind}", "CYP2C19")
    given: dict[str, Any] = {
        "id": "clopidogrel/gap/CYP2C19",
        "body": None,
        "strength": Strength.NONE,
        "indicator": Indicator.INFO,
        "genes": (GeneState("CYP2C19", Answer.NONE_ON_FILE),),
        "actions": (),
        "alternative": False,
        "effect": None,
        "gaps": (gap,),
    }
    return make_finding(**(given | changes))


OFFERS = (
    Offer("prasugrel", "613391", holds=True, key="prasugrel"),
    Offer("ticagrelor", "1116632", holds=True, key="ticagrelor"),
)


def make_answer(*findings: Finding, **changes: Any) -> DrugAnswer:
    """The answer on clopidogrel with these findings."""
    gaps = tuple(gap for finding in findings for gap in finding.gaps)
    given: dict[str, Any] = {"findings": findings, "gaps": gaps, "offers": OFFERS}
    return DrugAnswer(changes.pop("order", make_order()), CLOPIDOGREL, **(given | changes))
