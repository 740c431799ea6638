"""Alembic's scripts: how the tables of the records change from release to release."""
