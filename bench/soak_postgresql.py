"""A PostgreSQL of the soak's own: Debian's programs, a folder that goes away, this machine's loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.run import find_port

USER = "postgres"


@dataclass(frozen=True)
class Postgresql:
    """A running cluster."""

    programs: Path
    data: Path
    port: int

    @property
    def url(self) -> str:
        """Its database, for SQLAlchemy."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/postgres"

    def run(self, *words: str) -> None:
        """pg_ctl; PostgreSQL refuses to run as root."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.data}"
        log = ["-l", str(self.data / "log.txt"), "-o", options]
        as_user = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
        command = [*as_user, str(self.programs / "pg_ctl"), "-D", str(self.data), "-w", *log, *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def restart(self) -> None:
        """Stop at once, all connections cut, and start again."""
        self.run("-m", "fast", "restart")


def find_programs() -> Path:
    """Where Debian keeps the newest version's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not found:
        raise SystemExit("PostgreSQL is not here: apt-get install postgresql")
    return found[-1].parent


@contextmanager
def run_postgresql(folder: Path) -> Iterator[Postgresql]:
    """Make a cluster, start it, stop it in the end."""
    data = folder / "postgresql"
    data.mkdir()
    cluster = Postgresql(find_programs(), data, find_port())
    if os.geteuid() == 0:
        folder.chmod(0o755)
        shutil.chown(data, USER)
    as_user = ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []
    command = [*as_user, str(cluster.programs / "initdb"), "-D", str(data), "-U", USER, "-A", "trust", "--no-sync"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")
    cluster.run("start")
    try:
        yield cluster
    finally:
        cluster.run("-m", "fast", "stop")
