"""The edge: protocol, FHIR reading, storage, demonstration page."""
