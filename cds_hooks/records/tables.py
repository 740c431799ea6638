"""The tables of the records, one schema for SQLite and PostgreSQL.

Every row of feedback, cards and the audit belongs to a tenant (the client's name). Nothing here holds a genotype, a
token or a person's name, but for what a clinician writes into a comment of feedback; what identifies a patient, a
clinician and an order together is kept as a digest where equality is all that is asked for.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

TABLES = MetaData()

FEEDBACK = Table(
    "feedback",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("service", String(200), nullable=False),
    Column("card", String(200), nullable=False, index=True),
    Column("outcome", String(20), nullable=False),
    Column("outcome_timestamp", String(40), nullable=False),
    Column("received", DateTime(timezone=True), nullable=False),
)
FEEDBACK_SUGGESTION = Table(
    "feedback_suggestion",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("feedback", ForeignKey("feedback.id"), nullable=False, index=True),
    Column("suggestion", String(200), nullable=False),
)
FEEDBACK_REASON = Table(
    "feedback_reason",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("feedback", ForeignKey("feedback.id"), nullable=False, index=True),
    Column("code", String(200)),
    Column("system", String(200)),
    Column("display", Text),
    Column("comment", Text),
)
CARD = Table(
    "card",
    TABLES,
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
"""Every card that was shown. scope: digest of clinician, patient, order and drug; rows: the ids of the rows it shows,
as a JSON list; basis: digest of everything it rests on (results, medicines, content)."""
TOKEN = Table(
    "token",
    TABLES,
    Column("digest", String(64), primary_key=True),
    Column("expires", BigInteger, nullable=False, index=True),
)
"""Tokens that were used: SHA-256 of issuer and jti, and the second (epoch) from which the row may go."""
AUDIT_EVENT = Table(
    "audit_event",
    TABLES,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("chain", String(36), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("recorded", String(32), nullable=False, index=True),
    Column("body", Text, nullable=False),
    UniqueConstraint("chain", "seq"),
)
"""The audit, one chain a writer: hash = SHA-256 of prev and body, seq counts from 1, the prev of the first row is the
SHA-256 of the chain's name. Rows are only ever added; `pgx-cds audit purge` removes the oldest, and says so."""
CHAIN_ANCHOR = Table(
    "chain_anchor",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("chain", String(36), nullable=False, index=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("recorded", String(32), nullable=False),
    Column("closed", Boolean, nullable=False),
)
"""How far each chain had come; the same line goes to the log, out of the database's reach. recorded: when that row was
recorded; closed: the writer ended there, nothing follows."""
