"""Codes and addresses that the FHIR standard and its guides fix: protocol, not clinical facts.

Sources: HL7 Genomics Reporting implementation guide, STU1 (1.0.0), STU2 (2.0.0) and STU3 (3.0.0); FHIR R4 core
(observation-genetics extensions); LOINC answer lists LL378-1, LL381-5, LL541-4 and LL1971-2. Codes that mean one gene
by themselves, and codes of phenotypes, are content: see `Gene.loinc`, `Gene.presence_loinc`, `Library.answer_codes`.
"""

from __future__ import annotations

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
HGNC = "http://www.genenames.org"
NCBI_GENE = "http://www.ncbi.nlm.nih.gov/gene"
PHARMVAR = "http://www.pharmvar.org"
GL_STRING = "http://glstring.org"
IMGT_HLA = "http://www.ebi.ac.uk/ipd/imgt/hla"
TBD_CODES = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"
DIAGNOSTIC_SECTION = "http://terminology.hl7.org/CodeSystem/v2-0074"

SAME_SYSTEM = {
    LOINC: LOINC,
    SNOMED: SNOMED,
    HGNC: HGNC,
    PHARMVAR: PHARMVAR,
    TBD_CODES: TBD_CODES,
    "https://loinc.org": LOINC,
    "http://www.loinc.org": LOINC,
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "urn:oid:2.16.840.1.113883.6.96": SNOMED,
    "https://snomed.info/sct": SNOMED,
    "http://www.genenames.org/geneId": HGNC,
    "https://www.genenames.org/geneId": HGNC,
    "https://www.genenames.org": HGNC,
    "http://genenames.org": HGNC,
    "https://genenames.org": HGNC,
    "urn:oid:2.16.840.1.113883.6.281": HGNC,
    "https://www.ncbi.nlm.nih.gov/gene": NCBI_GENE,
    "urn:oid:2.16.840.1.113883.6.340": NCBI_GENE,
    "https://www.pharmvar.org": PHARMVAR,
    "http://pharmvar.org": PHARMVAR,
    "https://glstring.org": GL_STRING,
    "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes": TBD_CODES,
    "http://hl7.org/fhir/v2/0074": DIAGNOSTIC_SECTION,
}
"""Addresses under which senders name a code system, without a closing slash."""

USUAL_SYSTEMS = frozenset({LOINC, SNOMED, HGNC, PHARMVAR, TBD_CODES})
"""Addresses that need no look-up."""

GENOTYPE = (LOINC, "84413-4")
HAPLOTYPE = (LOINC, "84414-2")
VARIANT = (LOINC, "69548-6")
GENOTYPE_DETERMINATION = (SNOMED, "363779003")
GENE_STUDIED = (LOINC, "48018-6")
REGION_STUDIED = (LOINC, "53041-0")

METABOLISM = (LOINC, "53040-2")
EFFICACY = (LOINC, "51961-1")
HIGH_RISK = (LOINC, "83009-1")
TRANSPORTER = (TBD_CODES, "effect-transporter-function")
IMPLICATION = (TBD_CODES, "therapeutic-implication")
PREDICTED_IMPLICATION = (TBD_CODES, "predicted-therapeutic-implication")
EFFECT_METABOLISM = (TBD_CODES, "effect-medication-metabolism")
EFFECT_RISK = (TBD_CODES, "effect-medication-risk")
DIAGNOSTIC_IMPLICATION = (TBD_CODES, "diagnostic-implication")
PHENOTYPIC_CONTEXT = (LOINC, "81259-4")

IMPLICATIONS = frozenset(
    {METABOLISM, EFFICACY, HIGH_RISK, TRANSPORTER, IMPLICATION, EFFECT_METABOLISM, EFFECT_RISK, DIAGNOSTIC_IMPLICATION}
)
"""Observation codes that state what a genotype means (STU1 to STU3)."""
IMPLICATION_COMPONENTS = frozenset(
    {IMPLICATION, PREDICTED_IMPLICATION, METABOLISM, TRANSPORTER, EFFECT_METABOLISM, HIGH_RISK}
)
NEUTRAL_LOINC = frozenset(
    {"84413-4", "84414-2", "69548-6", "53041-0", "53040-2", "51961-1", "83009-1", "51968-6", "51969-4", "81247-9",
     "55233-1", "47403-1", "82120-7", "93044-6"}
)  # fmt: skip
"""LOINC codes of the guides that say nothing about which gene is meant."""
GENOMIC_REPORTS = frozenset({(LOINC, "51969-4"), (LOINC, "81247-9"), (LOINC, "55233-1"), (DIAGNOSTIC_SECTION, "GE")})

SOURCE_CLASS = (LOINC, "48002-0")
SOMATIC = (LOINC, "LA6684-0")
ALLELIC_STATE = (LOINC, "53034-5")
HOMOZYGOUS, HETEROZYGOUS, HEMIZYGOUS = (LOINC, "LA6705-3"), (LOINC, "LA6706-1"), (LOINC, "LA6707-9")
HETEROPLASMIC, HOMOPLASMIC = (LOINC, "LA6703-8"), (LOINC, "LA6704-6")
VARIATION_CODES = frozenset({(LOINC, "81252-9"), (LOINC, "81255-2")})
CODING_HGVS, GENOMIC_HGVS = (LOINC, "48004-6"), (LOINC, "81290-9")
REFERENCE_ALLELE, ALTERNATE_ALLELE = (LOINC, "69547-8"), (LOINC, "69551-0")

PRESENT = frozenset({(LOINC, "LA9633-4"), (LOINC, "LA6576-8"), (SNOMED, "10828004"), (SNOMED, "52101004")})
ABSENT = frozenset({(LOINC, "LA9634-2"), (LOINC, "LA6577-6"), (SNOMED, "260385009"), (SNOMED, "2667000")})
PRESENT_WORDS = frozenset({"present", "positive", "detected", "pos", "yes"})
ABSENT_WORDS = frozenset({"absent", "negative", "not detected", "neg", "no"})

GENE_EXTENSION = "http://hl7.org/fhir/StructureDefinition/observation-geneticsGene"
SOURCE_CLASS_EXTENSION = "http://hl7.org/fhir/StructureDefinition/observation-geneticsGenomicSourceClass"
SEX_EXTENSION = "http://hl7.org/fhir/StructureDefinition/patient-sexParameterForClinicalUse"
BODY_WEIGHT = frozenset({(LOINC, "29463-7"), (LOINC, "3141-9")})
BODY_HEIGHT = frozenset({(LOINC, "8302-2")})
INR_GOAL = frozenset({(LOINC, "92891-1")})
SMOKING_STATUS = frozenset({(LOINC, "72166-2")})
SMOKER = (SNOMED, "77176002")
"""US Core shows it as "Smoker, current status unknown"; SNOMED CT's own name is "Smoker"."""
SMOKES = frozenset(
    {SMOKER} | {(SNOMED, code) for code in ("449868002", "428041000124106", "428071000124103", "428061000124105")}
)
SMOKES_NOT = frozenset({(SNOMED, "8517006"), (SNOMED, "266919005")})
"""Answers of US Core's smoking status: daily, some days, heavy, light; and former, never. Any other tells nothing."""
