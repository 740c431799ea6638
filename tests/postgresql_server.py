"""A PostgreSQL of Debian's package on a Unix socket in a folder of its own; started and stopped by tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from urllib.parse import quote

_USER = "postgres"


def find_programs() -> Path | None:
    """The folder of initdb and pg_ctl; None where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    program = shutil.which("initdb")
    return Path(program).parent if program else None


class PostgresqlServer:
    """One server; `start` and `stop` may be called in turn."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        # Not pytest's folder: the server refuses root, and its user may not enter there.
        self._folder = Path(tempfile.mkdtemp(prefix="pgx-"))
        if os.geteuid() == 0:
            shutil.chown(self._folder, _USER)
        self._numbers = count(1)
        self._run("initdb", "-D", str(self._data), "-U", _USER, "--auth=trust", "--no-sync", "-E", "UTF8")

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Serve; returns when the server answers."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c fsync=off -c max_connections=60"
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", str(self._data), "-l", log, "-w", "-o", options, "start")

    def stop(self) -> None:
        """End, connections included."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def make_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"records_{next(self._numbers)}"
        self._run("createdb", "-h", str(self._folder), "-U", _USER, name)
        return f"postgresql+psycopg://{_USER}@/{name}?host={quote(str(self._folder), safe='')}"

    def dump(self, url: str, file: Path) -> None:
        """pg_dump as docs/records.md has it."""
        dumped = self._run("pg_dump", "--format=custom", "-h", str(self._folder), "-U", _USER, "-d", _name(url))
        file.write_bytes(dumped)

    def restore(self, file: Path, url: str) -> None:
        """pg_restore as docs/records.md has it."""
        arguments = ("--single-transaction", "-h", str(self._folder), "-U", _USER, "-d", _name(url))
        self._run("pg_restore", *arguments, given=file.read_bytes())

    def remove(self) -> None:
        """Take everything away."""
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str, given: bytes = b"") -> bytes:
        command = [str(self._programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", _USER, "--", *command]
        with tempfile.TemporaryFile() as out:
            # A file, no pipe: the server that pg_ctl starts would hold a pipe open.
            subprocess.run(command, input=given, stdout=out, stderr=subprocess.STDOUT, check=True, cwd="/", timeout=60)
            out.seek(0)
            return out.read()


def _name(url: str) -> str:
    return url.rpartition("/")[2].partition("?")[0]
