"""HLA typing: GL strings, groups, pairs, single alleles and plain presence.

GL string operators (Milius 2013): `^` loci, `|` genotype ambiguity, `+` copies, `~` phase, `/` allele ambiguity. Plain
"*57:01/*07:02" without the `hla#` head is a pair, as laboratories write it. What counts is the second field:
`*57:01:01G` is positive for `*57:01`; `*15:01` is not `*15:02`; `*57:XX` or a MAC code leaves alleles of its first
field open.
"""

from __future__ import annotations

import re
from itertools import product

from knowledge.gene import Gene
from knowledge.pgx.genotype import Genotype, Presence, UnreadableGenotype

_HEAD = re.compile(r"^hla#[0-9A-Za-z.\-]*#", re.I)
_STATUS = re.compile(
    r"(\*[0-9]{2,3}:[0-9]{2,3})\s*(?:allele\s*)?[:,(]?\s*(positive|negative|present|absent|detected|not detected)\)?",
    re.I,
)
_ALLELE = re.compile(r"\*?([0-9]{2,3})(?::([0-9]{2,4}|[A-Z]{2,6}))?((?::[0-9]{2,4}){0,2})([GPNLSQCA]?)")
_CODED = re.compile(r":[A-Z]{2,6}(?![0-9A-Za-z])")
"""A multiple allele code (MAC) in the second field's place."""
_POSITIVE = frozenset({"positive", "present", "detected"})


def read_hla(gene: Gene, text: str) -> Genotype:
    """Read an HLA typing of one locus. Raises UnreadableGenotype where it is malformed or of another locus."""
    plain = " ".join(text.split())
    is_gl = _HEAD.match(plain) is not None
    locus = _own_locus(gene, _HEAD.sub("", plain))
    letters = gene.id.removeprefix("HLA-")
    named = rf"{re.escape(gene.id)}\s*(?=\*|:|[0-9])|(?<![A-Z0-9-]){letters}\s*(?=\*)"
    bare = re.sub(named, "", locus, flags=re.I).strip(" :")
    statuses = [_STATUS.fullmatch(part.strip()) for part in re.split(r"[;,]", bare)]
    if bare and all(statuses):
        return _from_statuses(gene, [status for status in statuses if status])
    options = [_read_option(gene, option, is_gl) for option in bare.split("|")]
    alleles = tuple(dict.fromkeys(name for option in options for copies in option for name in copies))
    presence = tuple((name, _presence(name, options)) for name in risk_alleles(gene))
    if _CODED.search(bare) and all(status is Presence.UNKNOWN for _, status in presence):
        raise UnreadableGenotype(f"“{bare[:60]}” holds a code for several alleles, which is not resolved here")
    return Genotype(gene.id, (alleles,), presence=presence, canonical=bare, notes=_notes(options, is_gl, bare))


def risk_alleles(gene: Gene) -> tuple[str, ...]:
    """The alleles that the gene's file gives a status to, in the file's order."""
    return tuple(name for name, allele in gene.alleles.items() if name == allele.name)


def _own_locus(gene: Gene, text: str) -> str:
    """The part of a multi-locus GL string that speaks of this gene."""
    loci = [part for part in text.split("^") if part]
    own = [part for part in loci if gene.id.casefold() in part.casefold()]
    other = re.search(r"HLA-[A-Z]+[0-9]*", text, re.I)
    if own:
        return own[0]
    if other is not None or len(loci) != 1:
        raise UnreadableGenotype(f"the typing is not one of {gene.id}")
    return loci[0]


def _from_statuses(gene: Gene, statuses: list[re.Match[str]]) -> Genotype:
    said = {
        found[1]: Presence.POSITIVE if found[2].casefold() in _POSITIVE else Presence.NEGATIVE for found in statuses
    }
    unknown = [name for name in said if name not in gene.alleles]
    presence = tuple((name, said.get(name, Presence.UNKNOWN)) for name in risk_alleles(gene))
    positive = tuple(name for name, status in said.items() if status is Presence.POSITIVE)
    canonical = "; ".join(f"{name} {status}" for name, status in said.items())
    notes = tuple(f"{name} is no allele that the file of {gene.id} gives a meaning to" for name in unknown)
    return Genotype(gene.id, (positive,), presence=presence, canonical=canonical, notes=notes)


def _read_option(gene: Gene, text: str, is_gl: bool) -> tuple[tuple[str, ...], ...]:
    """One possible genotype: for each chromosome copy the alleles that it may carry, as "*57:01", "*57" or "*57:?"."""
    copies = re.split(r"[+~]", text) if "+" in text or "~" in text else [text] if is_gl else text.split("/")
    if len(copies) > 2 or not all(copy.strip() for copy in copies):
        raise UnreadableGenotype(f"“{text[:60]}” is not one allele or a pair of alleles of {gene.id}")
    return tuple(tuple(_two_fields(gene, name) for name in copy.split("/")) for copy in copies)


def _two_fields(gene: Gene, text: str) -> str:
    found = _ALLELE.fullmatch(text.strip())
    if found is None:
        raise UnreadableGenotype(f"“{text.strip()[:60]}” is no allele name of {gene.id}")
    second = found[2]
    if second is None or not second.isdigit() or found[4] == "N":
        return f"*{found[1]}:?"
    return f"*{found[1]}:{second}"


def _presence(name: str, options: list[tuple[tuple[str, ...], ...]]) -> Presence:
    seen = {_presence_in(name, option) for option in options}
    if len(seen) == 1:
        return seen.pop()
    return Presence.AMBIGUOUS


def _presence_in(name: str, option: tuple[tuple[str, ...], ...]) -> Presence:
    """One genotype: certain on a copy is positive; excluded on both is negative; one copy leaves the other open."""
    field = name.split(":")[0] + ":?"
    states = {name in chosen for chosen in product(*option)}
    if states == {True}:
        return Presence.POSITIVE
    open_call = any(field in copy for copy in option)
    if True in states or open_call:
        return Presence.AMBIGUOUS
    return Presence.NEGATIVE if len(option) == 2 else Presence.UNKNOWN


def _notes(options: list[tuple[tuple[str, ...], ...]], is_gl: bool, text: str) -> tuple[str, ...]:
    notes = []
    if len(options) > 1 or any(len(copy) > 1 for option in options for copy in option):
        notes.append("the typing is ambiguous")
    if is_gl and "/" in text and "+" not in text:
        notes.append("the typing does not say how many copies there are")
    elif any(len(option) == 1 for option in options):
        notes.append("one allele is reported: it is taken as carried, and nothing is inferred about the other")
    return tuple(notes)
