"""Raw variants: read where a single position decides, and else a result on file without a diplotype."""

from typing import Any

import pytest
from fhir_samples import (
    HGNC,
    LIBRARY,
    LOINC,
    bundle,
    component,
    concept,
    genotype,
    observation,
    read,
    studied,
    unreadable,
)

from cds_hooks.fhir.gene_file import read_gene_results

PRESENT = concept((LOINC, "LA9633-4", "Present"))
ABSENT = concept((LOINC, "LA9634-2", "Absent"))
HOMOZYGOUS = component("53034-5", concept((LOINC, "LA6705-3", "homozygous")))
HETEROZYGOUS = component("53034-5", concept((LOINC, "LA6706-1", None)))
NO_DIPLOTYPE = "variants are on file, and no diplotype"


def results(*resources: Any) -> tuple[object, ...]:
    return read_gene_results(bundle(*resources), LIBRARY)


def variant(symbol: str | None, name: str, *components: Any, value: Any = PRESENT, **members: Any) -> dict[str, Any]:
    gene = [studied(symbol)] if symbol else []
    return observation(
        "69548-6", value, *gene, component("81252-9", concept((None, name, None))), *components, **members
    )


def bases(reference: str, alternate: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return component("69547-8", reference), component("69551-0", alternate)


@pytest.mark.parametrize(
    ("reference", "alternate", "state", "genotype_text"),
    [
        ("C", "T", HETEROZYGOUS, "rs9923231 C/T"),
        ("C", "T", HOMOZYGOUS, "rs9923231 T/T"),
        ("G", "A", HETEROZYGOUS, "rs9923231 G/A"),
        ("C", "C", HOMOZYGOUS, "rs9923231 C/C"),
    ],
)
def test_position_is_read_when_it_decides_by_itself(
    reference: str, alternate: str, state: dict[str, Any], genotype_text: str
) -> None:
    """Both strands; "present" with equal bases is wild type."""
    expected = read("VKORC1", genotype_text, notes=("read from single variants",))
    assert results(variant("VKORC1", "rs9923231", *bases(reference, alternate), state)) == (expected,)


def test_position_is_read_when_only_its_name_tells_gene_and_bases() -> None:
    """The rsID belongs to one gene of the library; the bases come from the HGVS name."""
    hgvs = component("81290-9", concept((None, "NC_000016.10:g.31096368C>T", None)))
    expected = read("VKORC1", "rs9923231 C/T", notes=("read from single variants",))
    assert results(variant(None, "rs9923231", hgvs, HETEROZYGOUS)) == (expected,)


def test_position_is_wild_type_when_the_variant_is_absent() -> None:
    """The words "Absent" at a called site means the reference base twice."""
    expected = read("VKORC1", "rs9923231 C/C", notes=("read from single variants",))
    assert results(variant("VKORC1", "rs9923231", *bases("C", "T"), value=ABSENT)) == (expected,)


def test_position_is_unreadable_when_the_zygosity_is_not_stated() -> None:
    """One or two copies are not the same."""
    reason = "rs9923231 was called, and its two bases are not stated"
    assert results(variant("VKORC1", "rs9923231", *bases("C", "T"))) == (unreadable("VKORC1", reason),)


def test_position_is_not_read_when_the_coordinate_is_of_another_build() -> None:
    """A GRCh38 position on the GRCh37 accession names nothing that is listed, nor does a malformed name."""
    hgvs = component("81290-9", concept((None, "NC_000016.9:g.31096368C>T", None)))
    broken = component("48004-6", concept((None, "NM_000000:-1639 G to A", None)))
    got = [results(observation("69548-6", PRESENT, studied("VKORC1"), one, HETEROZYGOUS)) for one in (hgvs, broken)]
    assert got == [(unreadable("VKORC1", NO_DIPLOTYPE),)] * 2


def test_defining_variants_are_put_together_when_two_of_the_lowest_function_decide() -> None:
    """One: with the reference; two: both, without phase; homozygous: twice."""
    first = variant("DPYD", "rs3918290", HETEROZYGOUS, id="v1")
    second = variant("DPYD", "rs67376798", HETEROZYGOUS, id="v2")
    twice = variant("DPYD", "rs3918290", HOMOZYGOUS, id="v1")
    notes: dict[str, Any] = {"notes": ("read from single variants",), "result_id": "Observation/v1"}
    assumed = "no other variant of the gene is reported: the other copy is taken as reference"
    alone = {**notes, "notes": (*notes["notes"], assumed)}
    assert [results(first), results(first, second), results(twice)] == [
        (read("DPYD", "Reference/c.1905+1G>A", **alone),),
        (read("DPYD", "c.1905+1G>A; c.2846A>T", **notes),),
        (read("DPYD", "c.1905+1G>A/c.1905+1G>A", **notes),),
    ]


def test_variants_are_never_normal_when_only_wild_type_sites_are_on_file() -> None:
    """Which other sites were looked at is not known."""
    got = results(variant("DPYD", "rs3918290", value=ABSENT))
    assert got == (unreadable("DPYD", NO_DIPLOTYPE),)


def test_raw_variants_are_one_result_without_a_diplotype_when_the_gene_is_called_by_star_alleles() -> None:
    """Two sites, one of them "present" as wild type: nothing is called from them."""
    found = variant("CYP2C19", "rs4244285", *bases("G", "A"), HETEROZYGOUS, id="v1")
    wild = variant("CYP2C19", "rs4986893", *bases("G", "G"), HOMOZYGOUS, id="v2")
    assert results(found, wild) == (unreadable("CYP2C19", NO_DIPLOTYPE, result_id="Observation/v1"),)


def test_raw_variants_without_a_gene_are_on_file_when_nothing_names_it() -> None:
    """They may be of any gene; what was called absent, and rearrangements, may not."""
    some = observation("69548-6", PRESENT, *bases("A", "G"), HETEROZYGOUS)
    absent = observation("69548-6", ABSENT, *bases("A", "G"), id="o2")
    rearranged = observation("69548-6", PRESENT, component("81291-7", "t(9;22)"), id="o3")
    reason = f"{NO_DIPLOTYPE}; they do not say which gene they are of"
    assert (results(some), results(absent, rearranged)) == ((unreadable("?", reason),), ())


def test_raw_variants_belong_to_the_gene_when_its_region_was_studied() -> None:
    """53041-0 names the gene, the variants beside it do not."""
    region = observation("53041-0", None, studied("CYP2C19"), id="r1")
    some = observation("69548-6", PRESENT, *bases("A", "G"), HETEROZYGOUS)
    expected = unreadable("CYP2C19", f"the gene was studied: {NO_DIPLOTYPE}", result_id="Observation/r1")
    assert results(region, some) == (expected,)


def test_raw_variants_add_nothing_when_the_gene_has_a_genotype() -> None:
    """Also those that the genotype does not cite."""
    some = variant("CYP2C19", "rs4244285", HETEROZYGOUS, id="v1")
    assert results(genotype("CYP2C19", "*1/*2"), some) == (read("CYP2C19", "*1/*2"),)


def test_conflict_is_noted_when_the_variants_behind_a_genotype_spell_another() -> None:
    """The genotype is kept, the disagreement is said; without one nothing is said."""
    source = variant("VKORC1", "rs9923231", *bases("C", "T"), HOMOZYGOUS, id="v1")
    cites = {"derivedFrom": [{"reference": "Observation/v1"}]}
    unlike, like = genotype("VKORC1", "rs9923231 C/T", **cites), genotype("VKORC1", "rs9923231 T/T", **cites)
    note = "the laboratory's variants disagree with its genotype: rs9923231 T/T"
    assert (results(unlike, source), results(like, source)) == (
        (read("VKORC1", "rs9923231 C/T", notes=(note,)),),
        (read("VKORC1", "rs9923231 T/T"),),
    )


def test_defining_variant_is_not_read_when_its_copies_are_not_stated() -> None:
    """One copy or two: the difference between half a dose and none."""
    reason = f"{NO_DIPLOTYPE}: a variant's presence or number of copies is not stated"
    assert results(variant("DPYD", "rs3918290")) == (unreadable("DPYD", reason),)


def test_position_is_unreadable_when_several_calls_of_it_disagree() -> None:
    """Neither call is taken."""
    one = variant("VKORC1", "rs9923231", *bases("C", "T"), HETEROZYGOUS, id="v1")
    two = variant("VKORC1", "rs9923231", *bases("C", "T"), HOMOZYGOUS, id="v2")
    reason = "several calls at rs9923231 disagree"
    assert results(one, two) == (unreadable("VKORC1", reason, result_id="Observation/v1"),)


def test_variant_is_refused_when_its_gene_is_in_doubt() -> None:
    """A truncated gene id: on file, and not of anybody's gene; silent where the gene has a genotype."""
    doubtful = observation("69548-6", PRESENT, component("48018-6", concept((HGNC, "HGNC:262", "CYP2C19"))), id="v1")
    reason = "its gene is given in ways that disagree (HGNC:262, CYP2C19)"
    alone = unreadable("CYP2C19", reason, result_id="Observation/v1")
    assert (results(doubtful), results(doubtful, genotype("CYP2C19", "*1/*2"))) == (
        (alone,),
        (read("CYP2C19", "*1/*2"),),
    )
