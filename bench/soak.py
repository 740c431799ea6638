"""`make soak`: half an hour of mixed load with faults, on loopback alone; prints the figures of bench/README.md.

PostgreSQL is restarted, the FHIR server is killed and comes back, workers are killed, and the content changes every
ten seconds. Every answer is judged (bench/soak_load.py); in the end the audit is compared with what was answered, and
verified. Exit code 1 on any wrong answer, lost audit row or broken chain, and on memory that grows in a run of ten
minutes or more. Needs Debian's postgresql.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from sqlalchemy import create_engine, text

from bench.run import find_port, wait_for
from bench.soak_load import Tally, Target, call_for

ROOT = Path(__file__).resolve().parents[1]
# Behind everything else: tests/ holds folders that are named like the packages.
sys.path.append(str(ROOT / "tests"))
from postgresql_server import PostgresqlServer, find_programs  # noqa: E402

SECONDS = float(os.environ.get("SOAK_SECONDS", "1800"))
RATE, CALLERS = float(os.environ.get("SOAK_RATE", "200")), 64
EVERY = {
    kind: min(each, SECONDS / 3) for kind, each in {"content": 10, "fhir": 90, "worker": 60, "database": 240}.items()
}
"""Seconds from one fault of a kind to the next; a short run has each of them, too."""
FHIR_AWAY, GRACE = 8.0, 6.0
MOST_GROWTH = 1.15
"""Memory of the last quarter over that of the second one."""
JUDGED_FROM = 600.0
"""Seconds; in a shorter run the processes still warm up, and their memory is told and not judged."""


@dataclass
class Faults:
    """What is broken now, and until when that excuses an answer (monotonic clock)."""

    until: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(EVERY, 0))

    def begin(self, kind: str, lasting: float) -> None:
        """A fault begins; what it excuses ends some seconds after it."""
        self.counts[kind] += 1
        self.until[kind] = time.monotonic() + lasting + GRACE

    def excuse(self, kind: str) -> bool:
        """Whether a fault of this kind may explain an answer of now."""
        return time.monotonic() < self.until.get(kind, 0.0)


@dataclass
class Site:
    """Everything that runs, and its folder."""

    folder: Path
    port: int
    fhir_port: int
    postgresql: PostgresqlServer
    database: str
    master: subprocess.Popen[bytes]
    fhir: subprocess.Popen[bytes]
    key: ec.EllipticCurvePrivateKey

    def break_something(self, kind: str, faults: Faults) -> None:
        """Do one fault of a kind, and mend it."""
        if kind == "content":
            faults.begin(kind, 0)
            write_overlay(self.folder, faults.counts[kind])
        elif kind == "worker":
            faults.begin(kind, 2)
            os.kill(find_workers(self.master.pid)[0], signal.SIGKILL)
        elif kind == "database":
            faults.begin(kind, 10)
            self.postgresql.stop()
            self.postgresql.start()
        else:
            faults.begin(kind, FHIR_AWAY)
            self.fhir.kill()
            self.fhir.wait()
            time.sleep(FHIR_AWAY)
            self.fhir = start_fhir(self.fhir_port)


def main() -> int:
    """Run, judge, print."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pgx-cds-soak-")))
        site = stack.enter_context(run_site(folder))
        tally, faults, stop = Tally(), Faults(), threading.Event()
        memory: list[float] = []
        target = Target(site.port, f"http://127.0.0.1:{site.fhir_port}/fhir", site.key, "https://soak.example.org")
        helpers = [threading.Thread(target=_watch_memory, args=(site, memory, stop))]
        helpers += [threading.Thread(target=_repeat, args=(site, kind, faults, stop)) for kind in EVERY]
        for each in helpers:
            each.start()
        began = time.monotonic()
        call_for(target, RATE, CALLERS, SECONDS, faults.excuse, tally)
        tally.seconds = time.monotonic() - began
        stop.set()
        for each in helpers:
            each.join()
        site.master.terminate()
        site.master.wait(60)
        return report(site, tally, faults, memory)


def _repeat(site: Site, kind: str, faults: Faults, stop: threading.Event) -> None:
    while not stop.wait(EVERY[kind]):
        site.break_something(kind, faults)


def _watch_memory(site: Site, memory: list[float], stop: threading.Event) -> None:
    while not stop.wait(5):
        try:
            pids = (site.master.pid, *find_workers(site.master.pid))
            memory.append(sum(_resident(pid) for pid in pids))
        except OSError:
            continue  # a worker ended between the two looks


def _resident(pid: int) -> float:
    """Proportional set size in MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def find_workers(master: int) -> list[int]:
    """The worker processes of gunicorn's master."""
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def report(site: Site, tally: Tally, faults: Faults, memory: list[float]) -> int:
    """Print what happened; 0 where nothing is wrong."""
    lost = find_lost(site, tally)
    verified = run_command(site, "audit", "verify")
    spent = sorted(tally.milliseconds)
    memory_words, memory_sound = judge_memory(memory, tally.seconds)
    total = sum(tally.outcomes.values())
    rate = total / tally.seconds
    print(f"Measured on {date.today()}: {total} calls in {tally.seconds:.0f} s, {rate:.0f} a second.\n")
    print("| what came | calls |\n|---|---|")
    for outcome, count in sorted(tally.outcomes.items()):
        print(f"| {outcome} | {count} |")
    print("\n| measured | |\n|---|---|")
    print(f"| faults | {', '.join(f'{kind} {count}' for kind, count in faults.counts.items())} |")
    print(f"| wrong answers | {len(tally.wrong)} |")
    print(f"| answered calls without an audit row | {len(lost)} of {len(tally.answered)} |")
    print(f"| audit verify | {verified.stderr.strip().splitlines()[-1]} |")
    p50, p99 = spent[len(spent) // 2], spent[len(spent) * 99 // 100]
    print(f"| p50 / p99 / worst | {p50:.0f} / {p99:.0f} / {spent[-1]:.0f} ms |")
    print(f"| memory of all processes, second and last quarter | {memory_words} |")
    for line in tally.wrong[:20]:
        print(f"wrong: {line}", file=sys.stderr)
    print(verified.stdout, file=sys.stderr)
    sound = not tally.wrong and not lost and verified.returncode == 0 and memory_sound
    return 0 if sound else 1


def judge_memory(memory: Sequence[float], seconds: float) -> tuple[str, bool]:
    """What the table says of the memory (MB, look by look), and whether it is sound."""
    if not memory:
        return "not measured: too short", True
    quarter = max(1, len(memory) // 4)
    early, late = statistics.median(memory[quarter : 2 * quarter] or memory), statistics.median(memory[-quarter:])
    words = f"{early:.0f} and {late:.0f} MB"
    if seconds < JUDGED_FROM:
        return f"{words}; not judged in a run below {JUDGED_FROM / 60:.0f} minutes", True
    return words, late <= MOST_GROWTH * early


def find_lost(site: Site, tally: Tally) -> set[str]:
    """Request ids that were answered and are in no audit row."""
    engine = create_engine(site.database)
    found: set[str] = set()
    with engine.connect() as connection:
        rows = connection.execution_options(stream_results=True).execute(text("select body from audit_event"))
        for (body,) in rows:
            found.update(part.split('"', 1)[0] for part in body.split('"requestId":"')[1:])
    engine.dispose()
    return tally.answered - found


@contextmanager
def run_site(folder: Path) -> Iterator[Site]:
    """PostgreSQL, the FHIR server and the service, all on free ports of this machine; stopped in the end."""
    key = ec.generate_private_key(ec.SECP384R1())
    port, fhir_port = find_port(), find_port()
    write_overlay(folder, 0)
    write_clients(folder, ECAlgorithm.to_jwk(key.public_key()))
    with run_postgresql() as postgresql:
        database = postgresql.make_database()
        environment = make_environment(folder, port, database)
        subprocess.run([ROOT / ".venv/bin/pgx-cds", "db", "upgrade"], cwd=ROOT, env=environment, check=True)
        fhir = start_fhir(fhir_port)
        with (folder / "service.log").open("w") as log:
            command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "app:create_app()"]
            master = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        site = Site(folder, port, fhir_port, postgresql, database, master, fhir, key)
        try:
            wait_for(port, master)
            yield site
        finally:
            master.terminate()
            master.wait(60)
            site.fhir.kill()
            site.fhir.wait()


@contextmanager
def run_postgresql() -> Iterator[PostgresqlServer]:
    """A cluster of this run's own."""
    programs = find_programs()
    if programs is None:
        raise SystemExit("PostgreSQL is not here: apt-get install postgresql")
    server = PostgresqlServer(programs)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        server.remove()


def make_environment(folder: Path, port: int, database: str) -> dict[str, str]:
    """The service's settings: authenticated, audited without a gap even where a worker is killed."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PGX_CDS_")}
    return kept | {
        "PORT": str(port),
        "PGX_CDS_AUTH": "jwt",
        "PGX_CDS_CLIENTS": str(folder / "clients.toml"),
        "PGX_CDS_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PGX_CDS_DATABASE": database,
        "PGX_CDS_AUDIT": "sync",
        "PGX_CDS_LOG_LEVEL": "WARNING",
    }


def write_clients(folder: Path, public_key: str) -> None:
    """One client whose content has an overlay, and whose records come from the FHIR server of this machine."""
    jwk = public_key.replace("{", '{"kid": "soak", "alg": "ES384", "use": "sig", ', 1)
    (folder / "keys.json").write_text(f'{{"keys": [{jwk}]}}')
    (folder / "clients.toml").write_text(
        '[[client]]\nname = "soak"\nissuer = "https://soak.example.org"\nkeys_file = "keys.json"\n'
        'overlay = "overlay"\nfhir_hosts = ["127.0.0.1"]\nfhir_private = true\nconsent = "ehr"\n'
    )


def write_overlay(folder: Path, edition: int) -> None:
    """Sign clopidogrel off, or take the signature back."""
    file = folder / "overlay" / "drugs" / "clopidogrel.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    signed = 'status: reviewed\nreviewed: {by: the soak, until: "2099-01-01"}\n'
    fresh = file.with_suffix(".new")
    fresh.write_text(f"id: clopidogrel\n{signed if edition % 2 else 'status: transcribed'}\n")
    fresh.replace(file)


def start_fhir(port: int) -> subprocess.Popen[bytes]:
    """The FHIR server; it complains of connections that are given up, and nobody listens."""
    command = [sys.executable, "-m", "bench.fhir_stand_in", str(port)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)


def run_command(site: Site, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of pgx-cds on the soak's database."""
    environment = make_environment(site.folder, site.port, site.database)
    command = [str(ROOT / ".venv/bin/pgx-cds"), *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


if __name__ == "__main__":
    raise SystemExit(main())
