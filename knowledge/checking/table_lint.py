"""Law 3: a drug's table is total and disjoint. Proved by asking it everything that can be asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from knowledge.gene import Gene
from knowledge.library import INDETERMINATE, NO_RESULT, Drug, Library, Row, Table
from knowledge.loading.errors import Fault
from knowledge.loading.strict_yaml import Document
from knowledge.pgx.genotype import Presence
from knowledge.pgx.lookup import asked_alleles, matches, parse_diplotype, parse_interval
from knowledge.pgx.phenotype import ANY, GeneValue, attainable_scores, value_of_score
from knowledge.pgx.population import GENERAL

MOST_FAULTS = 8
"""Cells that are named of one table; a table with a hole in a column has hundreds."""


def check_tables(library: Library, drug: Drug, document: Document, cells: bool = True) -> Iterator[Fault]:
    """A fault for each lookup text that means nothing and, with `cells`, for each cell that not one row answers."""
    for table in drug.tables:
        faults = list(_lookup_texts(library, table))
        yield from faults
        if cells and not table.flow and not faults:
            yield from _cells(library, table, document)


def _lookup_texts(library: Library, table: Table) -> Iterator[Fault]:
    for row in table.rows:
        for symbol, texts in row.when.items():
            gene = library.genes.get(symbol)
            if gene is None:
                yield Fault(*row.place, f"{row.id}: there is no gene file for {symbol}", f"add genes/{symbol}.yaml")
                continue
            for text in texts:
                if not _means_something(gene, text):
                    known = ", ".join((*gene.phenotypes, NO_RESULT, ANY))
                    yield Fault(*row.place, f"{row.id}: {symbol} has no result {text!r}", f"known are {known}")


def _means_something(gene: Gene, text: str) -> bool:
    if text in (ANY, NO_RESULT, INDETERMINATE) or text in gene.phenotypes:
        return True
    if text.startswith(("has ", "lacks ")):
        return text.split(" ", 1)[1] in gene.alleles
    pair = parse_diplotype(text)
    if pair is not None:
        return pair <= gene.alleles.keys()
    if text.endswith((" positive", " negative")):
        return gene.method == "allele_presence" and text.split(" ")[0] in gene.alleles
    return gene.method == "activity_score" and parse_interval(text) is not None


def _cells(library: Library, table: Table, document: Document) -> Iterator[Fault]:
    found = 0
    domains = [tuple(possible_values(library, library.genes[symbol], table)) for symbol in table.genes]
    for population in table.populations or (GENERAL,):
        for combination in product(*domains):
            if combination and all(value is None for value in combination):
                continue
            asked = dict(zip(table.genes, combination, strict=True))
            rows = [row for row in table.rows if _answers(row, asked, population)]
            if len(rows) == 1:
                continue
            found += 1
            if found > MOST_FAULTS:
                yield document.fault(
                    ("bodies", table.slug), "more cells are wrong in the same way", "mend those above first"
                )
                return
            yield _cell_fault(document, table, asked, population, rows)


def _answers(row: Row, asked: Mapping[str, GeneValue | None], population: str) -> bool:
    if row.populations and population not in row.populations:
        return False
    return all(any(matches(text, asked[gene]) for text in texts) for gene, texts in row.when.items())


def possible_values(library: Library, gene: Gene, table: Table) -> Iterator[GeneValue | None]:
    """Everything that a gene can be asked as: the domain of totality. None: no result, where a row answers it."""
    texts = {text for row in table.rows for text in row.when.get(gene.id, ())}
    if NO_RESULT in texts:
        yield None
    if gene.method == "allele_presence":
        alleles = asked_alleles(table, gene.id)
        for one in product((Presence.POSITIVE, Presence.NEGATIVE), repeat=len(alleles)):
            yield GeneValue(presence=tuple(zip(alleles, one, strict=True)))
        return
    yield GeneValue(INDETERMINATE)
    factors = {one.factor for one in library.modulators.get(gene.id, ()) if one.factor is not None}
    for phenotype in gene.phenotypes.values():
        scores = attainable_scores(gene, phenotype)
        if not scores and phenotype.id != INDETERMINATE:
            yield GeneValue(phenotype.id)
        for score in scores:
            yield value_of_score(gene, score)
            yield from (value_of_score(gene, score.times(factor)) for factor in sorted(factors))


def _cell_fault(
    document: Document, table: Table, asked: Mapping[str, GeneValue | None], population: str, rows: Sequence[Row]
) -> Fault:
    cell = ", ".join(f"{gene} {_words(value)}" for gene, value in asked.items())
    where = f"{table.slug}: {cell}, population {population}"
    if not rows:
        return document.fault(
            ("bodies", table.slug), f"{where}: no row answers", "add a row; strength: none where the body is silent"
        )
    names = ", ".join(row.id for row in rows)
    return Fault(*rows[1].place, f"{where}: {len(rows)} rows answer ({names})", "narrow one of them")


def _words(value: GeneValue | None) -> str:
    if value is None:
        return NO_RESULT
    if value.presence:
        return " ".join(f"{allele} {status}" for allele, status in value.presence)
    return f"score {value.score}" if value.score is not None else str(value.phenotype)
