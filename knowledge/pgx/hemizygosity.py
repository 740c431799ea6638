"""X-linked genes: how many copies a result may have, by the patient's sex."""

from __future__ import annotations

from dataclasses import replace

from knowledge.facts import Sex
from knowledge.gene import Gene
from knowledge.pgx.genotype import Genotype, UnreadableGenotype


def check_copies(gene: Gene, genotype: Genotype, sex: Sex | None) -> Genotype:
    """The genotype as the patient's sex allows it. Raises UnreadableGenotype where the two contradict each other.

    A male written as homozygous is hemizygous; a male with two different alleles, a female with one, and one allele
    of a patient whose sex is not known are refused: a second allele may be missing.
    """
    if not gene.hangs_on_sex:
        return genotype
    if sex is Sex.MALE and len(genotype.strands) == 2:
        if genotype.strands[0] != genotype.strands[1]:
            raise UnreadableGenotype(f"two different {gene.id} alleles contradict the male sex on file")
        note = "a male carries one copy: the homozygous writing is read as one allele"
        return replace(genotype, strands=genotype.strands[:1], notes=(*genotype.notes, note))
    if sex is Sex.FEMALE and len(genotype.strands) == 1:
        raise UnreadableGenotype(f"one {gene.id} allele only, and a female carries two: the other is not stated")
    if sex is None and len(genotype.strands) == 1:
        raise UnreadableGenotype(f"one {gene.id} allele only, and the sex is not known: there may be a second one")
    return genotype
