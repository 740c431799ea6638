"""The first page: synthetic patients, the real hooks, and what an EHR would show."""
