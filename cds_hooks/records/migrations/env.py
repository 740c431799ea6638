"""Alembic's entry: runs the revisions on the connection that `cds_hooks.records.revision` hands over."""

from __future__ import annotations

from alembic import context

from cds_hooks.records.tables import TABLES

context.configure(connection=context.config.attributes["connection"], target_metadata=TABLES)
with context.begin_transaction():
    context.run_migrations()
