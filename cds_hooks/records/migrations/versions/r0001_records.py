"""The tables of the first release with revisions; adopts a database that an earlier one made without them.

The schema is written out here once more: a revision says what the tables were then, whatever they are now.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    ForeignKey,
    Inspector,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    inspect,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = MetaData()
Table(
    "feedback",
    SCHEMA,
    Column("id", Integer, primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("service", String(200), nullable=False),
    Column("card", String(200), nullable=False, index=True),
    Column("outcome", String(20), nullable=False),
    Column("outcome_timestamp", String(40), nullable=False),
    Column("received", DateTime(timezone=True), nullable=False),
)
Table(
    "feedback_suggestion",
    SCHEMA,
    Column("id", Integer, primary_key=True),
    Column("feedback", ForeignKey("feedback.id"), nullable=False, index=True),
    Column("suggestion", String(200), nullable=False),
)
Table(
    "feedback_reason",
    SCHEMA,
    Column("id", Integer, primary_key=True),
    Column("feedback", ForeignKey("feedback.id"), nullable=False, index=True),
    Column("code", String(200)),
    Column("system", String(200)),
    Column("display", Text),
    Column("comment", Text),
)
Table(
    "card",
    SCHEMA,
    Column("id", Integer, primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("uuid", String(36), nullable=False, index=True),
    Column("service", String(200), nullable=False),
    Column("scope", String(64), nullable=False, index=True),
    Column("order", String(200)),
    Column("rows", Text, nullable=False),
    Column("basis", String(64), nullable=False),
    Column("indicator", String(20), nullable=False),
    Column("shown", DateTime(timezone=True), nullable=False, index=True),
    UniqueConstraint("tenant", "uuid"),
)
Table(
    "token",
    SCHEMA,
    Column("digest", String(64), primary_key=True),
    Column("expires", BigInteger, nullable=False, index=True),
)
Table(
    "audit_event",
    SCHEMA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("chain", String(36), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("recorded", String(32), nullable=False, index=True),
    Column("body", Text, nullable=False),
    UniqueConstraint("chain", "seq"),
)
Table(
    "chain_anchor",
    SCHEMA,
    Column("id", Integer, primary_key=True),
    Column("chain", String(36), nullable=False, index=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("recorded", String(32), nullable=False),
    Column("closed", Boolean, nullable=False),
)

_BEFORE: dict[str, str | ColumnElement[bool]] = {"tenant": "local", "recorded": "", "closed": false()}
"""What the rows of an earlier release get in columns that it did not have: it knew one tenant only."""


def upgrade() -> None:
    """Make what is missing; what is there stays, with its rows."""
    found = inspect(op.get_bind())
    for table in SCHEMA.sorted_tables:
        if found.has_table(table.name):
            _complete(table, found)
        else:
            table.create(op.get_bind())


def _complete(table: Table, found: Inspector) -> None:
    columns = {column["name"] for column in found.get_columns(table.name)}
    for column in table.columns:
        if column.name not in columns:
            given = _BEFORE.get(column.name)
            op.add_column(table.name, Column(column.name, column.type, nullable=column.nullable, server_default=given))
    indexes = {index["name"] for index in found.get_indexes(table.name)}
    for index in table.indexes:
        if index.name not in indexes:
            index.create(op.get_bind())
