"""Content follows its files while the service runs; broken files change nothing but what /health says."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import ref

import orjson
import pytest
from flask import Flask
from prometheus_client import REGISTRY
from samples import SETTINGS

from app import create_app
from cds_hooks.clients import Client
from cds_hooks.content import stamp_content
from cds_hooks.tenant import build_tenants, reload_tenants
from cds_hooks.web.live_tenants import ContentSource, ContentState, LiveTenants

Request = dict[str, Any]
URL = "/cds-services/pgx-order-select"
SHOWN = "max_cards: 3\nshow_no_action: true\n"
HIDDEN = "max_cards: 3\nshow_no_action: false\n"
QUIET = "Clopidogrel: no change needed, CYP2C19 Normal Metabolizer"


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """A site's overlay; its policy shows a card also where no action is needed."""
    (tmp_path / "policy.yaml").write_text(SHOWN, encoding="utf-8")
    return tmp_path


@pytest.fixture
def app(overlay: Path, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """A service on that overlay. It looks at the files only when a test asks it to."""
    # Several threads ask at once, which one connection to a database in memory does not bear.
    database = f"sqlite:///{tmp_path_factory.mktemp('records') / 'records.sqlite3'}"
    app = create_app(replace(SETTINGS, overlay=overlay, reload=600, database=database))
    tenants = app.extensions["pgx-cds"].tenants
    tenants._watching = os.getpid()
    return app


@pytest.fixture
def look(app: Flask) -> Callable[[], None]:
    """Look at the files until they are judged."""

    def look() -> None:
        tenants: LiveTenants = app.extensions["pgx-cds"].tenants
        assert tenants.source is not None
        while tenants.look(tenants.source):
            pass

    return look


@pytest.fixture
def normal(order_select: Request) -> Request:
    """A request for a normal metaboliser, for whom nothing has to be done."""
    order_select["prefetch"]["geneResults"]["entry"][0]["resource"]["valueCodeableConcept"]["text"] = "*1/*1"
    return order_select


def summaries(app: Flask, request: Request) -> list[str]:
    """The cards' summaries of an answer that succeeded."""
    answer = app.test_client().post(URL, json=request)
    assert answer.status_code == 200
    return [card["summary"] for card in answer.json["cards"]]


def health(app: Flask, path: str = "/health") -> tuple[int, dict[str, Any]]:
    """Status and body."""
    answer = app.test_client().get(path)
    return answer.status_code, answer.json


def test_an_answer_changes_when_the_site_changes_its_content(
    app: Flask, overlay: Path, look: Callable[[], None], normal: Request
) -> None:
    """Without a restart."""
    assert summaries(app, normal) == [QUIET]
    (overlay / "policy.yaml").write_text(HIDDEN, encoding="utf-8")
    look()
    assert summaries(app, normal) == []


def test_an_answer_changes_when_the_site_switches_a_row_off(
    app: Flask, overlay: Path, look: Callable[[], None], order_select: Request
) -> None:
    """A whole drug file of the overlay, taken away while the service runs."""
    before = health(app)[1]["content"]["digest"]
    (overlay / "drugs").mkdir()
    (overlay / "drugs" / "clopidogrel.yaml").write_text("status: retired\n", encoding="utf-8")
    look()
    assert summaries(app, order_select) == []
    assert health(app)[1]["content"]["digest"] != before


def test_content_that_was_replaced_is_not_kept(
    app: Flask, overlay: Path, look: Callable[[], None], order_select: Request
) -> None:
    """It has been answered from, and goes at once: a service that runs for months holds one edition of it.

    Nothing of it is in a circle: the garbage collector, which looks at old objects seldom, is not needed for that.
    """
    assert len(summaries(app, order_select)) == 1
    tenants: LiveTenants = app.extensions["pgx-cds"].tenants
    old = [ref(part) for one in tenants.values() for part in (one.content.library, one.content.names)]
    gc.disable()
    try:
        (overlay / "policy.yaml").write_text(HIDDEN, encoding="utf-8")
        look()
        assert len(summaries(app, order_select)) == 1
        assert [each() for each in old] == [None, None]
    finally:
        gc.enable()


def test_old_content_stays_and_health_says_so_while_a_file_is_broken(
    app: Flask, overlay: Path, look: Callable[[], None], normal: Request, capsys: pytest.CaptureFixture[str]
) -> None:
    """Answers, readiness, the log with file and line, and the count; then mended."""
    failed = REGISTRY.get_sample_value("pgx_cds_content_reloads_total", {"outcome": "failed"}) or 0
    digest = health(app)[1]["content"]["digest"]
    (overlay / "policy.yaml").write_text("max_cards: 3\nshow_no_acton: false\n", encoding="utf-8")
    look()
    assert summaries(app, normal) == [QUIET]
    status, told = health(app, "/health/ready")
    since = told["content"].pop("brokenSince")
    assert since.endswith("+00:00")
    assert (status, told["content"]) == (200, {"digest": digest, "state": "stale", "faults": 1})
    assert {key: health(app)[1]["content"].get(key) for key in ("state", "brokenSince", "faults")} == {
        "state": "stale",
        "brokenSince": since,
        "faults": 1,
    }
    assert REGISTRY.get_sample_value("pgx_cds_content_reloads_total", {"outcome": "failed"}) == failed + 1
    assert b"pgx_cds_content_stale 1.0\n" in app.test_client().get("/metrics").data
    line = orjson.loads(capsys.readouterr().err.splitlines()[0])
    assert (line["level"], line["message"], line["count"]) == ("ERROR", "content broken, old content stays", 1)
    assert line["faults"][0].startswith(f"{overlay / 'policy.yaml'}:2: the file: Additional properties ")

    (overlay / "policy.yaml").write_text(HIDDEN, encoding="utf-8")
    look()
    assert summaries(app, normal) == []
    mended = health(app, "/health/ready")[1]["content"]
    assert (mended.pop("digest") == digest, mended) == (False, {"state": "current"})
    assert set(health(app)[1]["content"]) == {"version", "digest", "genes", "drugs"}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("policy.yaml", "max_cards: [\n"),
        ("policy.yaml", "max_cards: many\n"),
        ("drugs/clopidogrel.yaml", "pretest: 7\n"),
        ("drugs/clopidogrel.yaml", "tables: {}\n"),
        ("drug_names.json", '{"ingredients": '),
        ("drug_names.json", "[]"),
    ],
    ids=["no YAML", "a word for a number", "against the schema", "empty table", "half JSON", "other JSON"],
)
def test_whatever_is_wrong_old_content_stays(
    app: Flask, overlay: Path, look: Callable[[], None], normal: Request, file: str, text: str
) -> None:
    """Faults that loading reports, and those that nobody thought of."""
    (overlay / "drugs").mkdir()
    (overlay / file).write_text(text, encoding="utf-8")
    look()
    assert summaries(app, normal) == [QUIET]
    assert health(app, "/health/ready")[1]["content"]["state"] == "stale"


def test_old_content_stays_when_the_overlay_is_gone(
    app: Flask, overlay: Path, look: Callable[[], None], normal: Request
) -> None:
    """A folder that is not mounted any more does not mean that the site has no rules."""
    (overlay / "policy.yaml").unlink()
    overlay.rmdir()
    look()
    assert summaries(app, normal) == [QUIET]
    assert health(app, "/health/ready")[1]["content"]["faults"] == 1


def test_a_file_that_is_still_being_written_is_left_alone(app: Flask, overlay: Path, normal: Request) -> None:
    """It is taken up when two looks have seen it alike."""
    tenants: LiveTenants = app.extensions["pgx-cds"].tenants
    assert tenants.source is not None
    (overlay / "policy.yaml").write_text("max_cards: 3\n", encoding="utf-8")
    assert tenants.look(tenants.source) is True
    assert summaries(app, normal) == [QUIET]
    (overlay / "policy.yaml").write_text(HIDDEN + "# written in two steps\n", encoding="utf-8")
    assert tenants.look(tenants.source) is True
    assert summaries(app, normal) == [QUIET]
    assert tenants.look(tenants.source) is False
    assert summaries(app, normal) == []


def test_a_request_keeps_the_content_that_it_began_with(
    app: Flask, overlay: Path, look: Callable[[], None], normal: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Content that comes in the middle of a request is for the next one."""
    from cds_hooks.web import hooks

    parse = hooks.parse_request

    def parse_while_content_changes(*arguments: Any) -> Any:
        (overlay / "policy.yaml").write_text(HIDDEN, encoding="utf-8")
        look()
        return parse(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(hooks, "parse_request", parse_while_content_changes)
        assert summaries(app, normal) == [QUIET]
    assert summaries(app, normal) == []


def test_requests_that_run_meanwhile_see_old_or_new_and_never_half(
    app: Flask, overlay: Path, look: Callable[[], None], normal: Request
) -> None:
    """Requests by the hundred while content changes to and fro: each answer is one of the two, whole."""
    seen: list[list[str]] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            seen.append(summaries(app, normal))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for text in (HIDDEN, SHOWN, HIDDEN, SHOWN):
        (overlay / "policy.yaml").write_text(text, encoding="utf-8")
        look()
        before = len(seen)
        while len(seen) < before + 10:
            time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    assert {tuple(one) for one in seen} == {(), (QUIET,)}


def test_the_thread_looks_by_itself(overlay: Path, normal: Request) -> None:
    """Begun by the first request of a process, every PGX_CDS_RELOAD seconds."""
    app = create_app(replace(SETTINGS, overlay=overlay, reload=0.05))
    tenants: LiveTenants = app.extensions["pgx-cds"].tenants
    assert [thread for thread in threading.enumerate() if thread.name == "content"] == []
    assert summaries(app, normal) == [QUIET]
    (overlay / "policy.yaml").write_text(HIDDEN, encoding="utf-8")
    for _ in range(200):
        if summaries(app, normal) == []:
            break
        time.sleep(0.05)
    assert summaries(app, normal) == []
    assert len([thread for thread in threading.enumerate() if thread.name == "content"]) == 1
    tenants.stop()


def test_nothing_is_looked_at_when_the_site_says_so(overlay: Path, normal: Request) -> None:
    """PGX_CDS_RELOAD=0: what was loaded stays."""
    app = create_app(replace(SETTINGS, overlay=overlay, reload=0.0))
    assert app.extensions["pgx-cds"].tenants.source is None


def test_a_forked_process_catches_up_before_it_serves(app: Flask, overlay: Path, normal: Request) -> None:
    """What changed since the first process started is read at once."""
    (overlay / "policy.yaml").write_text(HIDDEN, encoding="utf-8")
    app.extensions["pgx-cds"].tenants.catch_up()
    assert summaries(app, normal) == []


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two folders of content, one file in each."""
    for name in ("shipped/drugs", "overlay"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "shipped/drugs/one.yaml").write_text("a", encoding="utf-8")
    (tmp_path / "overlay/policy.yaml").write_text("a", encoding="utf-8")
    return tmp_path


def stamp(files: Path) -> Any:
    return stamp_content([files / "overlay"], files / "shipped")


@pytest.mark.parametrize("name", ["shipped/drugs/one.yaml", "overlay/policy.yaml", "overlay/new.json"])
def test_a_stamp_differs_when_a_file_of_the_content_does(files: Path, name: str) -> None:
    """Changed or added, shipped or the site's."""
    before = stamp(files)
    (files / name).write_text("bb", encoding="utf-8")
    assert stamp(files) != before


@pytest.mark.parametrize("name", ["shipped/compiled.json", "shipped/drugs/one.test.yaml", "overlay/notes.txt"])
def test_a_stamp_is_the_same_when_another_file_changes(files: Path, name: str) -> None:
    """What no answer rests on."""
    before = stamp(files)
    (files / name).write_text("bb", encoding="utf-8")
    assert stamp(files) == before


def test_a_stamp_differs_when_a_file_is_replaced_by_one_of_the_same_size_and_time(files: Path) -> None:
    """As tools that copy with times do."""
    before = stamp(files)
    old, new = files / "overlay/policy.yaml", files / "new"
    new.write_text("b", encoding="utf-8")
    os.utime(new, ns=(old.stat().st_atime_ns, old.stat().st_mtime_ns))
    new.rename(old)
    assert stamp(files) != before


def test_a_broken_overlay_holds_back_no_other_client(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One client's files are broken, another's switch a row off in the same moment: that cannot wait."""
    overlays = {name: tmp_path / name for name in ("broken", "other")}
    for folder in overlays.values():
        folder.mkdir()
    clients = [Client(name, "ehr", overlay=folder) for name, folder in overlays.items()]
    source = ContentSource(
        rebuild=lambda tenants: reload_tenants(tenants, SETTINGS),
        stamp=lambda: stamp_content(overlays.values()),
        every=600,
    )
    live = LiveTenants(ContentState(build_tenants(clients, SETTINGS)), source, source.stamp())
    before = dict(live)
    (overlays["broken"] / "policy.yaml").write_text("max_cards: many\n", encoding="utf-8")
    (overlays["other"] / "policy.yaml").write_text("max_cards: 1\n", encoding="utf-8")
    while live.look(source):
        pass
    assert live["broken"] is before["broken"]
    assert live["other"].content.cards.max_cards == 1
    assert live.state.broken_since is not None
    assert [fault.partition(":")[0] for fault in live.state.faults] == [str(overlays["broken"] / "policy.yaml")]
    said = [orjson.loads(line)["message"] for line in capsys.readouterr().err.splitlines()]
    assert [one for one in said if one != "audit anchor"] == ["content loaded", "content broken, old content stays"]

    (overlays["broken"] / "policy.yaml").write_text("max_cards: 2\n", encoding="utf-8")
    while live.look(source):
        pass
    assert {name: one.content.cards.max_cards for name, one in live.items()} == {"broken": 2, "other": 1}
    assert live.state == ContentState(live.state.tenants)
