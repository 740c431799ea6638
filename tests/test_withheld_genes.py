"""Over the whole content: what is left of an answer where one gene of a drug is withheld does not name that gene."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import orjson
import pytest
from samples import DRAFT

from cards.card import Card
from cards.from_findings import make_cards
from cards.phrases import load_words
from cds_hooks.content import Content
from cds_hooks.records.audit_event import CallEntry, CardEntry, describe_call
from cds_hooks.web.explanation import explain
from knowledge.drug_answer import DrugAnswer
from knowledge.evaluate import evaluate
from knowledge.facts import Answer, DrugOrder, GeneRecord, GeneResult, Ingredient, PatientFacts
from knowledge.gene import Gene
from knowledge.library import INDETERMINATE, NO_RESULT, Drug, Row, Table
from knowledge.pgx.phenotype import ANY

HELD_BACK = GeneRecord("", Answer.WITHHELD, reason="not permitted")


def _result(gene: Gene, text: str) -> GeneRecord:
    """A result of the gene that a row's lookup text fits."""
    verb, _, allele = text.partition(" ")
    if text == INDETERMINATE:
        said = GeneResult(gene.id, Answer.READ, genotype="*999/*999")
    elif text in gene.phenotypes:
        said = GeneResult(gene.id, Answer.READ, reported_phenotype=gene.phenotypes[text].term)
    elif verb in ("has", "lacks"):
        carried = f"{allele}/{allele}" if verb == "has" else "*1/*1"
        said = GeneResult(gene.id, Answer.READ, genotype=f"{allele} positive" if gene.id.startswith("HLA") else carried)
    elif text.startswith("*"):
        said = GeneResult(gene.id, Answer.READ, genotype=text)
    else:
        lowest = re.split(r"\.\.", text.strip("<>="))[0]
        said = GeneResult(gene.id, Answer.READ, reported_score="3.0" if text.startswith(">") else lowest)
    return GeneRecord(gene.id, Answer.READ, (said,))


def _rows(content: Content) -> Iterator[tuple[Drug, Table, Row, str]]:
    """Every row that can be reached where a gene of its drug has no usable result, with that gene."""
    for drug in content.library.drugs.values():
        for table in drug.tables:
            for row in table.rows:
                for gene in drug.genes:
                    if {ANY, NO_RESULT} & set(row.when.get(gene, (ANY,))):
                        yield drug, table, row, gene


def _ask(content: Content, drug: Drug, row: Row, hidden: str) -> DrugAnswer:
    """The answer where the row's other genes are on file and this one is withheld."""
    genes = {
        gene: _result(content.library.genes[gene], values[0])
        for gene, texts in row.when.items()
        if gene != hidden and (values := [text for text in texts if text not in (ANY, NO_RESULT)])
    }
    order = DrugOrder(
        "MedicationRequest/draft-1", drug.name, (Ingredient(drug.name),), resource=DRAFT, fhir_release="R4"
    )
    facts = PatientFacts(
        genes={**genes, hidden: replace(HELD_BACK, gene=hidden)},
        genes_answer=Answer.WITHHELD,
        today=date(2026, 11, 23),
        patient_answer=Answer.READ,
        age=Decimal(40),
        conditions_answer=Answer.READ,
        medications_answer=Answer.READ,
        allergies_answer=Answer.READ,
        orders=(order,),
    )
    (answer,) = evaluate(facts, content.library, content.policy, every_population=True)
    return answer


def _told(answer: DrugAnswer, cards: tuple[Card, ...]) -> str:
    """Everything that leaves the service, or is kept of it; without the guidelines' titles, which name what they are
    about, whoever the patient is."""
    entries = tuple(CardEntry(card.uuid, card.indicator, card.rows) for card in cards)
    call = CallEntry("pgx-order-select", "order-select", "1", "Practitioner/1", "1", "digest", entries)
    audit = describe_call("local", "1", call).to_body()
    rows = " ".join(card.row or "" for card in cards)
    told = " ".join([orjson.dumps([card.to_json() for card in cards]).decode(), *explain((answer,)), audit, rows])
    for title in {finding.source.title for finding in answer.findings if finding.source}:
        told = told.replace(title, "")
    return told.lower()


def test_no_row_tells_of_the_gene_that_is_withheld(content: Content) -> None:
    """Neither the gene nor its assay in card, link, suggestion, explanation, audit or metric, nor the id of a row for
    patients untested for it; a site that shows all it can and links to its rules is the one that could tell most."""
    policy = replace(content.cards, show_no_action=True, rule_pages="https://cds.example.org/transparency")
    unreached, telling, acting = [], [], 0
    for drug, table, row, hidden in _rows(content):
        answer = _ask(content, drug, row, hidden)
        whole = f"{drug.id}/{table.slug}/{row.id}"
        if all(finding.id != whole for finding in answer.findings):
            unreached.append((whole, hidden))
        cards = make_cards([answer], policy, lambda: "one")
        told = _told(answer, cards)
        acting += f'"id":"{drug.id}/{table.slug}"' in told
        untested = NO_RESULT in row.when.get(hidden, ())
        names = [hidden.lower(), *([whole] if untested else []), *_assays(hidden)]
        telling += [(whole, name) for name in names if name in told]
    assert (unreached, telling) == ([], [])
    assert acting > 50


def _assays(gene: str) -> list[str]:
    return [str(one["words"]).lower() for one in load_words()["test"].values() if one["gene"] == gene]


def test_every_assay_names_a_gene_that_is_known(content: Content) -> None:
    """Without it a test of what is withheld would be asked for."""
    assays = load_words()["test"]
    assert {key: one["gene"] in content.library.genes for key, one in assays.items()} == dict.fromkeys(assays, True)


def test_a_row_that_acts_on_a_released_gene_still_acts(content: Content) -> None:
    """By its table alone, for every population, without the sentence on the other gene and the test of it."""
    drug = content.library.drugs["azathioprine"]
    rows = {row.id: row for row in drug.tables[0].rows}
    (card,) = make_cards([_ask(content, drug, rows["nudt15-poor-tpmt-unknown-non-malignant"], "TPMT")], content.cards)
    assert card.row == "azathioprine/cpic"
    assert card.summary == "Azathioprine: reduce the starting dose to 10% of the usual (NUDT15 Poor Metabolizer)"
    assert "CPIC names no dose for a condition that is not malignant." in card.detail
    assert "TPMT" not in card.detail.partition("**Sources**")[0]


@pytest.mark.parametrize(("row", "hidden"), [("standard-tpmt-unknown", "TPMT"), ("standard-nudt15-unknown", "NUDT15")])
def test_a_row_that_only_asks_for_care_for_want_of_a_result_is_left_out(
    row: str, hidden: str, content: Content
) -> None:
    """A test and watchfulness are for patients without a result: nothing on the released, normal gene asks for them."""
    drug = content.library.drugs["azathioprine"]
    (found,) = (one for one in drug.tables[0].rows if one.id == row)
    assert make_cards([_ask(content, drug, found, hidden)], content.cards) == ()
