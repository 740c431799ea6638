"""Gene results of any FHIR JSON, as `pgx-cds read` prints them."""

from __future__ import annotations

from cds_hooks.fhir.gene_results import read_results
from cds_hooks.fhir.record import Json
from cds_hooks.fhir.unwrapping import collect
from knowledge.facts import GeneResult
from knowledge.library import Library


def read_gene_results(resource: Json, library: Library) -> tuple[GeneResult, ...]:
    """Every result on a gene of the library in a resource, a Bundle, Parameters, or JSON that holds such.

    Results of any patient are read: a file may hold several. One that does not say its gene has "?" as its gene.
    """
    return read_results(collect((resource,)), library)
