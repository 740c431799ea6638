"""Reading the record: raw FHIR goes in, `knowledge.facts` comes out, and nothing above sees JSON.

Record -> patient_facts -> gene_records -> gene_results: unwrapping, statements (observation_kind, gene_studied,
                                           genotypes, phenotypes, hla, variants, somatic), loose_statements, reports
                        -> drugs: medicines, doses
                        -> person, conditions, allergies, labs
codes: what the standard fixes; coding: any JSON, any type; release, validation: which FHIR, and whether it is valid
"""
