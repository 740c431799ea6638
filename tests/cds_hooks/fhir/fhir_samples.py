"""Invented resources and a small library of genes: what the tests of reading FHIR are made of."""

from __future__ import annotations

from datetime import date
from typing import Any

from cds_hooks.fhir.record import Fetched, Record
from knowledge.facts import Answer, GeneResult
from knowledge.gene import Allele, Gene, Phenotype, Position
from knowledge.interval import Interval
from knowledge.library import Drug, Library
from knowledge.terms.drug_names import DrugNames

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
HGNC = "http://www.genenames.org"
NCBI = "http://www.ncbi.nlm.nih.gov/gene"
PHARMVAR = "http://www.pharmvar.org"
GL_STRING = "http://glstring.org"
CLINVAR = "http://www.ncbi.nlm.nih.gov/clinvar"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
TBD = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"
PATIENT = "demo-1"
TODAY = date(2026, 5, 1)

FUNCTIONS = {"none": "No function", "decreased": "Decreased function", "normal": "Normal function"}


def _gene(
    symbol: str, hgnc: str, ncbi: str, alleles: dict[str, str], method: str = "function_pair", **more: Any
) -> Gene:
    values = more.pop("values", {})
    listed = {name: Allele(name, function, values.get(name)) for name, function in alleles.items()}
    more = {"phenotypes": _PAIRS, **more}
    return Gene(symbol, method, f"HGNC:{hgnc}", ncbi, "transcribed", FUNCTIONS, listed, **more)


_PAIRS = {
    "poor": Phenotype("poor", "Poor Metabolizer", pairs=(("none", "none"),)),
    "intermediate": Phenotype("intermediate", "Intermediate Metabolizer", pairs=(("none", "normal"),)),
    "normal": Phenotype("normal", "Normal Metabolizer", pairs=(("normal", "normal"),)),
}
_SCORES = {
    "poor": Phenotype("poor", "Poor Metabolizer", scores=Interval.parse("0")),
    "intermediate": Phenotype("intermediate", "Intermediate Metabolizer", scores=Interval.parse(">0..<1.5")),
    "normal": Phenotype("normal", "Normal Metabolizer", scores=Interval.parse(">=1.5")),
}
_STARS = {"*1": "normal", "*2": "none", "*3": "none", "*4": "none"}
_GENES = (
    _gene("CYP2C19", "2621", "1557", _STARS),
    _gene(
        "CYP2C9",
        "2623",
        "1559",
        _STARS,
        "activity_score",
        values={"*1": "1.0", "*2": "0.5", "*3": "0.0", "*4": "0.0"},
        phenotypes=_SCORES,
        loinc={"phenotype": ("79716-7",)},
    ),
    _gene("TPMT", "12014", "7172", _STARS, loinc={"genotype": ("41048-0",), "phenotype": ("79713-4",)}),
    _gene(
        "VKORC1",
        "23663",
        "79001",
        {"G": "normal", "A": "decreased"},
        phenotypes={},
        positions={
            "rs9923231": Position(
                "rs9923231",
                {"C": "G", "T": "A", "G": "G", "A": "A"},
                ("-1639G>A",),
                ("NC_000016.10:g.31096368C>T",),
            )
        },
    ),
    _gene(
        "DPYD",
        "3012",
        "1806",
        {"Reference": "normal", "c.1905+1G>A": "none", "c.2846A>T": "decreased"},
        "activity_score",
        values={"Reference": "1.0", "c.1905+1G>A": "0.0", "c.2846A>T": "0.5"},
        phenotypes=_SCORES,
        variants={"rs3918290": "c.1905+1G>A", "c.1905+1G>A": "c.1905+1G>A", "rs67376798": "c.2846A>T"},
        lowest_function=True,
    ),
    _gene(
        "HLA-B",
        "4932",
        "3106",
        {"*57:01": "none", "*15:02": "none"},
        "allele_presence",
        phenotypes={},
        presence_loinc={"57979-7": "*15:02", "50956-2": "*57:01"},
    ),
    _gene("HLA-A", "4931", "3105", {"*31:01": "none"}, "allele_presence", phenotypes={}),
)
_DRUG = Drug("siponimod", "siponimod", "transcribed", ("1310520",), (), ("CYP2C9",), {}, (), {}, None, ())

LIBRARY = Library(
    genes={gene.id: gene for gene in _GENES},
    drugs={_DRUG.id: _DRUG},
    modulators={},
    conditions={},
    synonyms={"extensive metabolizer": "Normal Metabolizer", "low activity": "Poor Metabolizer"},
    digest="0" * 64,
    answer_codes={
        (LOINC, "LA9657-3"): (None, "Poor Metabolizer"),
        (LOINC, "LA25391-6"): (None, "Normal Metabolizer"),
        (LOINC, "LA25390-8"): (None, "Rapid Metabolizer"),
        (SNOMED, "1144910008"): ("CYP2C9", "Poor Metabolizer"),
    },
)
NAMES = DrugNames(
    ingredients={"1310520": "siponimod", "2002": "carbamazepine", "161": "acetaminophen", "2670": "codeine"},
    products={"2121085": ("1310520",), "993781": ("161", "2670")},
    names={"siponimod": ("1310520",), "mayzent": ("1310520",), "codeine": ("2670",), "acetaminophen": ("161",)},
    atc={"L04AE03": "1310520"},
    local={("urn:oid:1.2.3.4", "77"): ("2002",)},
)


def concept(*codings: tuple[str | None, str | None, str | None], text: str | None = None) -> dict[str, Any]:
    """A CodeableConcept of (system, code, display) and text, absent members left out."""
    listed = [
        {key: value for key, value in zip(("system", "code", "display"), coding, strict=True) if value is not None}
        for coding in codings
    ]
    return {**({"coding": listed} if listed else {}), **({"text": text} if text else {})}


def component(code: str, value: Any, system: str = LOINC) -> dict[str, Any]:
    """A component: a string value or a CodeableConcept."""
    key = "valueString" if isinstance(value, str) else "valueCodeableConcept"
    return {"code": concept((system, code, None)), key: value}


def studied(symbol: str) -> dict[str, Any]:
    """Component 48018-6 with the HGNC id and the symbol of a gene of the library."""
    return component("48018-6", concept((HGNC, LIBRARY.genes[symbol].hgnc, symbol)))


def observation(code: str | dict[str, Any], value: Any = None, *components: Any, **members: Any) -> dict[str, Any]:
    """A final Observation of the demo patient with id "o1"; `code` is a LOINC code or a CodeableConcept."""
    valued = {} if value is None else {"valueString" if isinstance(value, str) else "valueCodeableConcept": value}
    return {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": concept((LOINC, code, None)) if isinstance(code, str) else code,
        "subject": {"reference": f"Patient/{PATIENT}"},
        "effectiveDateTime": "2024-05-01",
        **valued,
        **({"component": list(components)} if components else {}),
        **members,
    }


def genotype(symbol: str, text: str, **members: Any) -> dict[str, Any]:
    """A genotype Observation with its gene as a component and its value as text."""
    return observation("84413-4", concept(text=text), studied(symbol), **members)


def report(**members: Any) -> dict[str, Any]:
    """A final genomic DiagnosticReport of the demo patient with id "r1"."""
    return {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "status": "final",
        "category": [concept(("http://terminology.hl7.org/CodeSystem/v2-0074", "GE", None))],
        "code": concept((LOINC, "51969-4", None)),
        "subject": {"reference": f"Patient/{PATIENT}"},
        "effectiveDateTime": "2024-05-01",
        **members,
    }


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    """A Bundle without a type, as some senders write it."""
    return {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}


def read(gene: str, genotype: str | None = None, **members: Any) -> GeneResult:
    """The result that reading `observation(...)` should give."""
    defaults: dict[str, Any] = {"as_written": genotype, "result_id": "Observation/o1", "date": "2024-05-01"}
    return GeneResult(gene, Answer.READ, genotype, **{**defaults, **members})


def unreadable(gene: str, reason: str, **members: Any) -> GeneResult:
    """The result that an unusable `observation(...)` should give."""
    defaults: dict[str, Any] = {"result_id": "Observation/o1", "date": "2024-05-01"}
    return GeneResult(gene, Answer.UNREADABLE, reason=reason, **{**defaults, **members})


def fetched(*resources: dict[str, Any]) -> Fetched:
    """A topic that was asked for and answered."""
    return Fetched(Answer.READ if resources else Answer.NONE_ON_FILE, resources)


def record(**topics: Any) -> Record:
    """A record of the demo patient; topics that are not given are empty."""
    names = ("patient", "gene_results", "conditions", "medications", "allergies", "weight", "measures")
    empty = {name: fetched() for name in names}
    return Record(**{"patient_id": PATIENT, "release": "R4", **empty, **topics})
