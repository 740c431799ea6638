"""One gene file -> Gene. The document has passed its schema; what the schema cannot say is checked by lint."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from knowledge.findings import Source
from knowledge.gene import Allele, Gene, Phenotype, Position
from knowledge.interval import Interval
from knowledge.loading.strict_yaml import Document
from knowledge.sign_off import SignOff

_TWO_NAMES = re.compile(r"(?P<long>.+?) \((?P<short>[^()]+)\)$")


def read_gene(document: Document) -> Gene:
    """The Gene of a document that keeps gene.schema.json."""
    data = document.data
    loinc = data.get("loinc", {})
    return Gene(
        id=data["id"],
        method=data["method"],
        hgnc=data["codes"]["hgnc"],
        ncbi_gene=data["codes"].get("ncbi_gene"),
        sign_off=read_sign_off(data),
        functions=data["functions"],
        alleles=_alleles(data),
        phenotypes={key: _phenotype(key, value) for key, value in data.get("phenotypes", {}).items()},
        loinc={key: tuple(loinc[key]) for key in ("genotype", "phenotype") if key in loinc},
        presence_loinc=loinc.get("presence", {}),
        positions={key: _position(key, value) for key, value in data.get("positions", {}).items()},
        variants=data.get("variants", {}),
        unphased=tuple((called, other) for called, other in data.get("unphased", [])),
        lowest_function=bool(data.get("lowest_function")),
        synonyms={key.lower(): value for key, value in data.get("synonyms", {}).items()},
        sources=tuple(read_source(source) for source in data["sources"]),
    )


def read_sign_off(data: Mapping[str, Any]) -> SignOff:
    """`status` and `reviewed`, as drug, gene, modulator and formula files have them."""
    return SignOff(data["status"], data.get("reviewed", {}).get("until"))


def read_source(data: Mapping[str, Any]) -> Source:
    """A `source` block, as drug, gene and modulator files have it."""
    return Source(data["title"], data["version"], data["url"], data["transcribed"], tuple(data.get("pmid", ())))


def listed_alleles(data: Mapping[str, Any]) -> Iterator[Allele]:
    """Every allele as the file lists it, in order, without aliases."""
    for function, names in data["alleles"].items():
        if isinstance(names, list):
            yield from (Allele(name, function) for name in names)
            continue
        for value, valued in names.items():
            yield from (Allele(name, function, value) for name in valued)


def _alleles(data: Mapping[str, Any]) -> dict[str, Allele]:
    """Alleles by every name they go by; a second name that two alleles share belongs to neither."""
    listed = {allele.name: allele for allele in listed_alleles(data)}
    further: dict[str, Allele | None] = {}
    for allele in listed.values():
        for name in second_names(allele.name):
            further[name] = allele if further.get(name, allele) is allele else None
    aliases = {name: listed[target] for name, target in data.get("aliases", {}).items() if target in listed}
    unique = {name: allele for name, allele in further.items() if allele is not None}
    return {**unique, **aliases, **listed}


def second_names(name: str) -> tuple[str, ...]:
    """The parts by which a compound name is known: "c.1905+1G>A (*2A)" as both, "Mediterranean, Dallas" as each."""
    both = _TWO_NAMES.match(name)
    if both and both["short"] == "reference":
        return (both["long"],)
    if both and len(both["short"]) > 1:
        return (both["long"], both["short"])
    if ", " in name and "(" not in name:
        return tuple(name.split(", "))
    return ()


def _phenotype(key: str, data: Mapping[str, Any]) -> Phenotype:
    scores = data.get("scores")
    return Phenotype(
        id=key,
        term=data["term"],
        pairs=tuple((first, second) for first, second in data.get("pairs", [])),
        singles=tuple(data.get("singles", ())),
        scores=Interval.parse(scores) if scores is not None else None,
    )


def _position(rsid: str, data: Mapping[str, Any]) -> Position:
    return Position(rsid, data["bases"], tuple(data.get("names", ())), tuple(data.get("hgvs", ())))
