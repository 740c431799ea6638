"""The mind: guideline content and its evaluation. No web, no FHIR, no network, no database."""
