"""The record -> PatientFacts: the last place where raw FHIR is seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from cds_hooks.fhir.allergies import read_allergies
from cds_hooks.fhir.conditions import read_conditions
from cds_hooks.fhir.drugs import (
    answer_on_medications,
    read_ended,
    read_medications,
    read_orders,
    read_taken_as_orders,
    read_unasked_orders,
)
from cds_hooks.fhir.gene_records import GeneRecords, read_gene_records
from cds_hooks.fhir.labs import read_measures
from cds_hooks.fhir.person import find_patient, read_age, read_sex
from cds_hooks.fhir.record import Record
from knowledge.facts import DrugOrder, PatientFacts
from knowledge.library import Library
from knowledge.policy import Policy
from knowledge.terms.drug_names import DrugNames


def read_patient_facts(
    record: Record,
    library: Library,
    names: DrugNames,
    today: date,
    stopped_days: int = Policy.stopped_days,
) -> PatientFacts:
    """Everything that evaluation may know about the patient of a record.

    `today` is the day that ages are counted to; of the medicines that were stopped those of
    the last `stopped_days` are kept. A record without any draft is one of
    patient-view: there the medicines in use take the place of the drafts.
    """
    orders = read_orders(record, names) if record.drafts else read_taken_as_orders(record, names, today)
    genes = _read_genes(record, library, orders)
    patient = find_patient(record.patient, record.patient_id)
    measures = read_measures(record.weight, record.measures, record.patient_id)
    return PatientFacts(
        genes=genes.genes,
        genes_answer=genes.answer,
        genes_reason=genes.reason,
        today=today,
        patient_answer=record.patient.answer,
        age=read_age(patient, today) if patient is not None else None,
        sex=read_sex(patient) if patient is not None else None,
        weight_kg=measures.weight_kg,
        height_cm=measures.height_cm,
        smokes=measures.smokes,
        target_inr=measures.target_inr,
        measured_on=measures.measured_on,
        conditions=read_conditions(record.conditions, record.patient_id, library),
        conditions_answer=record.conditions.answer,
        medications=read_medications(record, names, today),
        medications_answer=answer_on_medications(record, today),
        ended=read_ended(record, names, today, stopped_days),
        allergies=read_allergies(record.allergies, record.patient_id, names),
        allergies_answer=record.allergies.answer,
        labs=measures.labs,
        orders=orders,
        unasked_orders=read_unasked_orders(record, names),
    )


def _read_genes(record: Record, library: Library, orders: Sequence[DrugOrder]) -> GeneRecords:
    """All gene results; those on genes that the ordered medicines ask for are validated, because they decide."""
    index = library.drug_index
    drugs = [index.get(one.rxnorm or "") or index.get(one.name) for order in orders for one in order.ingredients]
    deciding = {gene for drug in drugs if drug is not None for gene in drug.genes}
    return read_gene_records(record.gene_results, record.patient_id, library, deciding, record.release)
