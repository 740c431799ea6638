"""The grammar of genotype texts: star alleles, copy numbers, tandems, variants, single positions, HLA.

A text is read whole or refused with a reason; nothing is guessed. `CYP2D6 *1/*4`, `CYP2D6*1/CYP2D6*4` and
`CYP2D6_*1/*4` are the same; sub-alleles (`*4.024`) are cut to the core allele, copy numbers from three on fall into the
`≥3` name where the gene's file has one (`*1x7` -> `*1x≥3`), `xN` and undocumented alleles lead to Indeterminate.
"""

from __future__ import annotations

import re

from knowledge.gene import Gene
from knowledge.pgx.genotype import Genotype, UnreadableGenotype
from knowledge.pgx.hla import read_hla
from knowledge.pgx.position import read_position

__all__ = ["Genotype", "UnreadableGenotype", "read_genotype"]

MAX_LENGTH = 400
_STAR = re.compile(r"\*\s*([0-9]{1,3})((?:\.[0-9]{3})?)(?:\s*[x×X]\s*(N|n|[≥>]=?\s*[0-9]+|[0-9]{1,2}\+?))?")
_BRACKETED = re.compile(r"\(?\s*(\*\s*[0-9]{1,3}(?:\.[0-9]{3})?)\s*\)\s*[x×X]\s*")
_VARIANT = re.compile(
    r"(?:[cmgp]\.)?[-*]?[0-9]+(?:[_+-][0-9]+)*(?:[ACGT]+>[ACGT]+|del[ACGT]*|dup[ACGT]*|ins[ACGT]+)", re.I
)
_LEGACY_VARIANT = re.compile(r"([ACGT])([0-9]{2,5})([ACGT])")
_OR = re.compile(r"\s+or\s+|\s*;\s*", re.I)
_AND = re.compile(r"\s*;\s*|\s+and\s+|\s*,\s+", re.I)
_ZYGOSITY = re.compile(r"[ ,(]+\(?(het|hom)(?:erozygous|ozygous|o|\.)?\)?$", re.I)
_HEMIZYGOUS = re.compile(r"[ ,(]+hemizygous\)?$", re.I)
_HETEROPLASMY = re.compile(r"[ ,(]+\(?(?:heteroplasmic|homoplasmic|heteroplasmy)\b[^()]*\)?$", re.I)


def read_genotype(gene: Gene, text: str) -> Genotype:
    """Read a genotype text of one gene. Raises UnreadableGenotype with a reason where it is malformed or incomplete."""
    if len(text) > MAX_LENGTH:
        raise UnreadableGenotype(f"the genotype text is longer than {MAX_LENGTH} characters")
    if gene.method == "allele_presence":
        return read_hla(gene, text)
    plain = strip_symbol(gene, text)
    if not plain:
        raise UnreadableGenotype("the genotype is empty")
    at_position = read_position(gene, plain)
    if at_position is not None:
        return at_position
    options = [part for part in _OR.split(plain) if part] if "/" in plain else [plain]
    if len(options) == 1:
        return _read_one(gene, plain)
    if not all("/" in option for option in options):
        return _read_one(gene, plain)
    possible = tuple(_read_one(gene, option) for option in options)
    canonical = " or ".join(genotype.canonical for genotype in possible)
    return Genotype(gene.id, (), canonical=canonical, possible=possible, notes=("the call is ambiguous",))


def strip_symbol(gene: Gene, text: str) -> str:
    """The text without the gene's symbol, wherever it stands before an allele, and with single spaces."""
    plain = " ".join(text.replace("_*", "*").replace("\u2217", "*").replace("\u2212", "-").split())
    return re.sub(rf"(?<![A-Za-z0-9-]){re.escape(gene.id)}[ :_]*", "", plain, flags=re.I).strip(" :,;")


def _read_one(gene: Gene, text: str) -> Genotype:
    strands = [part.strip() for part in re.split(r"[/|]", text)]
    if len(strands) > 2 or not all(strands):
        raise UnreadableGenotype(f"{_quote(text)} is not one allele or a pair of alleles")
    if len(strands) == 1:
        return _read_single(gene, strands[0])
    if gene.method == "single_allele":
        raise UnreadableGenotype(f"{_quote(text)} is a pair, and {gene.id} is inherited as one")
    return _from_strands(gene, strands)


def _read_single(gene: Gene, text: str) -> Genotype:
    """One allele, or a list of variants without a strand."""
    if gene.method in ("single_allele", "hemizygous_pair") and text in gene.alleles:
        return _from_strands(gene, [text])
    if gene.method == "single_allele":
        names = [part for part in _AND.split(_HETEROPLASMY.sub("", text)) if part]
        return _from_strands(gene, [" + ".join(names)])
    if gene.method == "hemizygous_pair":
        return _from_strands(gene, [_HEMIZYGOUS.sub("", text)])
    parts = _list_variants(gene, text)
    if gene.lowest_function and len(parts) > 1:
        return _from_variants(gene, parts)
    reference, zygosity = gene.alleles.get("Reference"), _ZYGOSITY.search(text)
    if zygosity and reference is not None:
        name = text[: zygosity.start()]
        return _from_strands(gene, [name if _is_homozygous(zygosity) else reference.name, name])
    raise UnreadableGenotype(f"{_quote(text)} is one allele, and the other is not stated")


def _list_variants(gene: Gene, text: str) -> list[str]:
    """The variants of a list; those that the gene's file names together, as one haplotype, are one."""
    parts = [name for part in _AND.split(text) if part for name in _copies(part)] if _AND.search(text) else [text]
    for name in gene.alleles:
        together = name.split(", ")
        if len(together) > 1 and set(together) <= set(parts):
            return [name, *(part for part in parts if part not in together)]
    return parts


def _copies(text: str) -> list[str]:
    """A variant of a list as often as its zygosity says; without a word about it once."""
    zygosity = _ZYGOSITY.search(text)
    if zygosity is None:
        return [text]
    name = text[: zygosity.start()]
    return [name, name] if _is_homozygous(zygosity) else [name]


def _is_homozygous(zygosity: re.Match[str]) -> bool:
    return zygosity[1].lower() == "hom"


def _from_variants(gene: Gene, parts: list[str]) -> Genotype:
    """Unphased variants: each stands alone, and evaluation takes the two of lowest function."""
    read = _from_strands(gene, parts)
    notes = (*read.notes, "several variants without phase: the two of lowest function are taken")
    return Genotype(gene.id, read.strands, read.unknown, canonical="; ".join(parts), notes=notes, unphased=True)


def _from_strands(gene: Gene, texts: list[str]) -> Genotype:
    strands: list[tuple[str, ...]] = []
    unknown: list[str] = []
    notes: list[str] = []
    for text in texts:
        names = _read_strand(gene, text, unknown, notes)
        strands.append(names)
    canonical = "/".join(" + ".join(strand) for strand in strands)
    return Genotype(gene.id, tuple(strands), tuple(unknown), canonical=canonical, notes=tuple(dict.fromkeys(notes)))


def _read_strand(gene: Gene, text: str, unknown: list[str], notes: list[str]) -> tuple[str, ...]:
    """The allele names of one chromosome: a known compound name first, then its parts."""
    found = _find_whole(gene, text)
    if found is not None:
        return (found,)
    parts = [part for part in re.split(r"\s*\+\s*(?=[*cmpg(A-Z])", text.strip("[] ")) if part]
    if not parts:
        raise UnreadableGenotype(f"{_quote(text)} is no allele of {gene.id}")
    if text.startswith("[") and text.endswith("]") and not gene.lowest_function:
        unknown.append(text)
        notes.append(f"{_quote(text)} combines alleles in a way that has no assigned function")
        return (text,)
    for order in (parts, parts[::-1]):
        joined = _find_whole(gene, "+".join(order)) if len(parts) > 1 else None
        if joined is not None:
            return (joined,)
    return tuple(_read_allele(gene, part, unknown, notes) for part in parts)


def _find_whole(gene: Gene, text: str) -> str | None:
    """The listed name of a text that is an allele's name or alias, spaces around + disregarded."""
    for spelled in (text, text.replace(" + ", "+"), re.sub(r"\s*\+\s*(?=\*)", " + ", text)):
        allele = gene.alleles.get(spelled)
        if allele is not None:
            return allele.name
    lowered = text.casefold()
    return next((allele.name for name, allele in gene.alleles.items() if name.casefold() == lowered), None)


def _read_allele(gene: Gene, text: str, unknown: list[str], notes: list[str]) -> str:
    found = _find_whole(gene, text)
    if found is not None:
        return found
    star = _STAR.fullmatch(_BRACKETED.sub(r"\1x", text))
    if star:
        return _star_allele(gene, star, unknown, notes)
    variant = _variant_name(gene, text)
    if variant is None:
        raise UnreadableGenotype(f"{_quote(text)} is no allele of {gene.id}")
    known = gene.alleles.get(variant)
    if known is not None:
        return known.name
    unknown.append(variant)
    notes.append(f"{_quote(variant)} is not in the table of {gene.id} alleles")
    return variant


def _variant_name(gene: Gene, text: str) -> str | None:
    """A variant in the spelling of the gene's file; None where the text is not one."""
    if text in gene.variants:
        return gene.variants[text]
    legacy = _LEGACY_VARIANT.fullmatch(text)
    plain = f"{legacy[2]}{legacy[1]}>{legacy[3]}" if legacy else text
    if not _VARIANT.fullmatch(plain) and not re.fullmatch(r"rs[0-9]+", plain):
        return None
    prefix = next((name[:2] for name in gene.alleles if name[1:2] == "."), "")
    return plain if plain[1:2] == "." or plain.startswith("rs") else prefix + plain


def _star_allele(gene: Gene, star: re.Match[str], unknown: list[str], notes: list[str]) -> str:
    core = f"*{int(star[1])}"
    if star[2]:
        notes.append(f"sub-allele {core}{star[2]} is taken as {core}")
    count = star[3]
    if count is None:
        return _known_star(gene, core, unknown, notes)
    if count in "Nn":
        unknown.append(f"{core}xN")
        notes.append(f"the number of copies of {core} is not stated")
        return f"{core}xN"
    open_ended = not count.isdigit()
    number = int(re.sub(r"\D", "", count))
    exact, binned = f"{core}x{number}", f"{core}x≥3"
    if number == 1 and not open_ended:
        return _known_star(gene, core, unknown, notes)
    if exact in gene.alleles and not open_ended:
        return exact
    if binned in gene.alleles and number >= 3:
        return binned
    unknown.append(f"{core}x{count}")
    notes.append(f"{core} with {count} copies is not in the table of {gene.id} alleles")
    return f"{core}x{count}"


def _known_star(gene: Gene, name: str, unknown: list[str], notes: list[str]) -> str:
    known = gene.alleles.get(name)
    if known is not None:
        return known.name
    unknown.append(name)
    notes.append(f"{name} is not in the table of {gene.id} alleles")
    return name


def _quote(text: str) -> str:
    return f"“{text if len(text) <= 60 else text[:57] + '...'}”"
