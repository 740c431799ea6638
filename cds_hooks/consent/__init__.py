"""What may be used of a record: FHIR Consent read, judged, and applied to the gene results."""
