"""The services, written out by hand, with the queries that an EHR may prefetch.

The templates keep to CDS Hooks 2.0: one token (`context.patientId`), reads, and searches by token parameters. Gene
results are asked for broadly, by the codes of the Genomics Reporting guide and by every LOINC code that stands for a
gene of the content; which of them say something is for the reader to decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson

from cds_hooks.services.service import Service
from knowledge.library import Library

_CODES = Path(__file__).with_name("gene_result_codes.json")
_LOINC = "http://loinc.org"
_PATIENT = "patient={{context.patientId}}"
CONSENTS = "consents"
"""The prefetch key of the patient's consents: asked for only where they decide."""
CONSENT_QUERY = f"Consent?{_PATIENT}"
"""All of them, whatever their status: which count is for the reader to decide."""
_MEASURES = ("8302-2", "72166-2", "92891-1")
"""Body height, smoking status, INR goal: for the equations of content/formulas."""


def build_services(library: Library, ask_consents: bool = False) -> Mapping[str, Service]:
    """The services by id, their queries for gene results built from the content; for consents only where asked."""
    prefetch = build_prefetch(library, ask_consents)
    services = (
        Service(
            id="pgx-order-select",
            hook="order-select",
            title="Pharmacogenomics while ordering",
            description="Guideline advice on the selected medicines in the light of the patient's genes.",
            prefetch=prefetch,
        ),
        Service(
            id="pgx-order-sign",
            hook="order-sign",
            title="Pharmacogenomics before signing",
            description="Guideline advice on every drafted medicine in the light of the patient's genes.",
            prefetch=prefetch,
        ),
        Service(
            id="pgx-patient-view",
            hook="patient-view",
            title="Pharmacogenomics of current medicines",
            description="A card where a medicine the patient takes needs action in the light of the genes on file.",
            prefetch=prefetch,
        ),
    )
    return {service.id: service for service in services}


def build_prefetch(library: Library, ask_consents: bool = False) -> Mapping[str, str]:
    """The prefetch templates, the same for all services."""
    consents = {CONSENTS: CONSENT_QUERY} if ask_consents else {}
    return {
        "patient": "Patient/{{context.patientId}}",
        "geneResults": f"Observation?{_PATIENT}&code={','.join(list_gene_codes(library))}",
        "geneReports": f"DiagnosticReport?{_PATIENT}&category=http://terminology.hl7.org/CodeSystem/v2-0074|GE",
        "conditions": f"Condition?{_PATIENT}",
        "procedures": f"Procedure?{_PATIENT}",
        "medicationRequests": f"MedicationRequest?{_PATIENT}&status=active,on-hold",
        "medicationStatements": f"MedicationStatement?{_PATIENT}",
        "allergies": f"AllergyIntolerance?{_PATIENT}",
        "weight": f"Observation?{_PATIENT}&code={_LOINC}|29463-7&_sort=-date&_count=1",
        "measures": f"Observation?{_PATIENT}&code={','.join(f'{_LOINC}|{code}' for code in _MEASURES)}&_sort=-date",
        **consents,
    }


def list_gene_codes(library: Library) -> tuple[str, ...]:
    """Codes (system|code) under which gene results are kept: the guide's first, then those of single genes, sorted."""
    guide = [f"{entry['system']}|{entry['code']}" for entry in orjson.loads(_CODES.read_bytes())["codes"]]
    of_genes = {code for gene in library.genes.values() for codes in gene.loinc.values() for code in codes}
    of_alleles = {code for gene in library.genes.values() for code in gene.presence_loinc}
    return (*guide, *(f"{_LOINC}|{code}" for code in sorted(of_genes | of_alleles)))
