"""The database is at the revision of the release, or the start is refused with the command that mends it."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from click.testing import CliRunner
from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.pool import NullPool

from app import create_app, main
from cds_hooks.content import Content
from cds_hooks.records import revision
from cds_hooks.records.database import make_engine
from cds_hooks.records.revision import RevisionError, find_revision, require_newest, upgrade
from cds_hooks.records.store import open_store
from cds_hooks.records.tables import FEEDBACK, TABLES
from cds_hooks.settings import Settings

OLD = MetaData()
"""As an early release made it: before there were tenants, audit and revisions."""
Table(
    "feedback",
    OLD,
    Column("id", Integer, primary_key=True),
    Column("service", String(200), nullable=False),
    Column("card", String(200), nullable=False, index=True),
    Column("outcome", String(20), nullable=False),
    Column("outcome_timestamp", String(40), nullable=False),
    Column("received", DateTime(timezone=True), nullable=False),
)
Table(
    "feedback_suggestion",
    OLD,
    Column("id", Integer, primary_key=True),
    Column("feedback", ForeignKey("feedback.id"), nullable=False),
    Column("suggestion", String(200), nullable=False),
)
ROWS = (
    "INSERT INTO feedback VALUES (1, 'pgx-order-sign', 'c-1', 'accepted', '2026-02-01T10:30:00Z', '2026-02-01 10:30')",
    "INSERT INTO feedback_suggestion VALUES (1, 1, 's-1')",
)


def make_old(engine: Engine) -> None:
    """An early release's database with its rows."""
    OLD.create_all(engine)
    with engine.begin() as connection:
        for row in ROWS:
            connection.exec_driver_sql(row)


def run(url: str, *statements: str) -> None:
    """Change a database by hand."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def differences(url: str) -> list[object]:
    """How the database differs from the tables of the code."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": False}), TABLES)
    engine.dispose()
    return found


def refusal(url: str) -> str:
    """Why the start is refused."""
    with pytest.raises(RevisionError) as caught:
        open_store(url)
    return str(caught.value)


def invoke(*arguments: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    answer = CliRunner().invoke(main, list(arguments))
    return answer.exit_code, answer.output


def test_the_revisions_make_the_tables_of_the_code(url: str, engine: Engine) -> None:
    """Whoever changes a table writes a revision."""
    assert upgrade(engine).state == "newest"
    assert differences(url) == []


def test_a_database_without_revisions_is_adopted_with_its_rows(url: str, engine: Engine) -> None:
    """What an early release stored belongs to the only tenant that it knew."""
    make_old(engine)
    assert refusal(url) == (
        "The database was made by a release without revisions. Make a backup, then run `pgx-cds db upgrade`."
    )
    assert invoke("db", "upgrade", "--database", url) == (0, "unversioned -> 0001\n")
    assert differences(url) == []
    with engine.connect() as connection:
        rows = connection.execute(select(FEEDBACK.c.tenant, FEEDBACK.c.card, FEEDBACK.c.outcome)).all()
    assert [tuple(row) for row in rows] == [("local", "c-1", "accepted")]


def test_a_database_of_the_last_release_is_adopted(url: str, engine: Engine) -> None:
    """It had all tables, made at the start, and no revision."""
    TABLES.create_all(engine)
    run(url, "ALTER TABLE chain_anchor DROP COLUMN closed")
    assert invoke("db", "upgrade", "--database", url) == (0, "unversioned -> 0001\n")
    assert differences(url) == []


def test_an_upgrade_that_was_done_does_nothing(url: str, engine: Engine) -> None:
    """It may be run at every start of a deployment."""
    upgrade(engine)
    assert invoke("db", "upgrade", "--database", url) == (0, "0001 -> 0001\n")
    assert invoke("db", "check", "--database", url) == (0, "The database is at revision 0001, the newest.\n")


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(
    url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wholly or not at all."""
    make_old(engine)

    def fail_late(config: object, target: str) -> None:
        real(config, target)  # type: ignore[arg-type]
        raise RuntimeError("the disk is full")

    real = revision.command.upgrade
    monkeypatch.setattr(revision.command, "upgrade", fail_late)
    with pytest.raises(RuntimeError):
        upgrade(engine)
    assert sorted(inspect(create_engine(url, poolclass=NullPool)).get_table_names()) == [
        "feedback",
        "feedback_suggestion",
    ]


def test_a_new_database_is_made_by_itself_only_where_it_is_a_file(url: str, engine: Engine) -> None:
    """A server's database is somebody's: it is set up by a command."""
    if url.startswith("sqlite"):
        open_store(url)
        assert find_revision(engine).state == "newest"
    else:
        assert refusal(url) == "The database holds no tables yet. Run `pgx-cds db upgrade`."
        assert invoke("db", "upgrade", "--database", url) == (0, "empty -> 0001\n")
        open_store(url)


def test_the_start_is_refused_when_the_database_is_behind(
    url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release with a further revision finds the last one's database."""
    upgrade(engine)
    monkeypatch.setattr(revision, "_known_revisions", lambda: (frozenset({"0001", "0002"}), "0002"))
    assert refusal(url) == (
        "The database is at revision 0001, this release needs 0002. Make a backup, then run `pgx-cds db upgrade`."
    )


def test_the_start_is_refused_when_the_database_is_newer(url: str, engine: Engine) -> None:
    """Nothing is written into tables that this release does not know; upgrading cannot help."""
    upgrade(engine)
    run(url, "UPDATE alembic_version SET version_num = '9999'")
    said = refusal(url)
    assert said.startswith("The database is at revision 9999, which this release does not know (its newest is 0001)")
    assert invoke("db", "upgrade", "--database", url) == (1, f"Error: {said}\n")
    assert invoke("db", "check", "--database", url) == (1, f"Error: {said}\n")


def test_the_start_is_refused_when_the_database_is_of_something_else(url: str, engine: Engine) -> None:
    """The URL may be wrong."""
    run(url, "CREATE TABLE wards (id INTEGER)")
    assert refusal(url).startswith("The database holds tables of something else")


def test_the_start_is_refused_when_the_database_cannot_be_reached(tmp_path: Path) -> None:
    """Without its address, which may hold a password."""
    said = refusal(f"postgresql+psycopg://user:secret@/records?host={tmp_path}")
    assert said.startswith("The database of PGX_CDS_DATABASE cannot be used (OperationalError).")
    assert "secret" not in said


def test_what_is_wrong_with_a_sqlite_file_is_said_and_how_to_mend_it(tmp_path: Path) -> None:
    """No folder, a file of another kind, a folder in the file's place: three faults, three sentences."""
    (tmp_path / "notes.txt").write_text("no database " * 100, encoding="utf-8")
    (tmp_path / "folder").mkdir()
    begins = "The database of PGX_CDS_DATABASE cannot be used"
    said = [refusal(f"sqlite:///{tmp_path / name}") for name in ("gone/records.sqlite3", "notes.txt", "folder")]
    assert said == [
        f"{begins} (OperationalError). There is no folder {tmp_path / 'gone'}: make it, or name another file.",
        f"{begins} (DatabaseError). {tmp_path / 'notes.txt'} is no SQLite database: name another file, "
        "or restore a backup.",
        f"{begins} (OperationalError). See that {tmp_path / 'folder'} and its folder may be written, that nobody locks "
        "it, and that its disk is not full.",
    ]


def test_the_application_is_refused_with_one_sentence(content: Content, tmp_path: Path) -> None:
    """As a WSGI server starts it, and by `pgx-cds run`."""
    url = f"sqlite:///{tmp_path / 'records.sqlite3'}"
    run(url, "CREATE TABLE wards (id INTEGER)")
    with pytest.raises(RevisionError):
        create_app(Settings(database=url), content)
    environment = {"PGX_CDS_AUTH": "off", "PGX_CDS_DATABASE": url}
    answer = CliRunner(env=environment).invoke(main, ["run", "--port", "0"])
    assert (answer.exit_code, answer.output.count("\n")) == (1, 1)
    assert answer.output.startswith("Error: The database holds tables of something else")


def test_several_processes_may_make_the_tables_at_once(url: str, engine: Engine) -> None:
    """The second one finds them."""
    other = make_engine(url)
    with engine.connect():
        assert (upgrade(other).state, upgrade(engine).state) == ("newest", "newest")
    other.dispose()


def test_rows_need_what_they_refer_to(url: str, engine: Engine) -> None:
    """Foreign keys hold in SQLite, too."""
    upgrade(engine)
    orphan = insert(TABLES.tables["feedback_reason"]).values(feedback=99, code="x")
    with pytest.raises(Exception, match=r"(?i)foreign key"), engine.begin() as connection:
        connection.execute(orphan)


def test_a_database_of_this_process_alone_needs_no_command() -> None:
    """`sqlite://` is made at every start."""
    engine = make_engine("sqlite://")
    require_newest(engine)
    assert find_revision(engine).state == "newest"
