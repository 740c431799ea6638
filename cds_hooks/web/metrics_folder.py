"""Where the processes of one service count together: one file each and kind of metric in a folder.

prometheus_client reads PROMETHEUS_MULTIPROC_DIR when it is imported; nothing here imports it before it has to.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_SUMMED = ("counter", "histogram")
_GONE = "gone"


@cache
def prepare_folder() -> Path:
    """The folder of the environment, emptied, or a new one; once in a process, so that a reload keeps what is counted.

    A folder that was named is made where it is missing. Raises OSError where it cannot be used.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return Path(tempfile.mkdtemp(prefix="pgx-cds-metrics-"))
    folder = Path(named)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        file.unlink()
    return folder


def remove_folder() -> None:
    """Take away the folder that `prepare_folder` made itself; one that was named is the site's."""
    if prepare_folder.cache_info().currsize and prepare_folder().name.startswith("pgx-cds-metrics-"):
        shutil.rmtree(prepare_folder(), ignore_errors=True)


def bury_process(folder: Path, pid: int) -> None:
    """Keep what a process that ended has counted, without its files: workers come and go, the folder must not grow."""
    from prometheus_client.mmap_dict import MmapedDict
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(pid, str(folder))
    with lock_folder(folder, fcntl.LOCK_EX):
        for kind in _SUMMED:
            file = folder / f"{kind}_{pid}.db"
            if not file.exists():
                continue
            kept = MmapedDict(str(folder / f"{kind}_{_GONE}.db"))
            for key, value, timestamp, _ in MmapedDict.read_all_values_from_file(str(file)):
                kept.write_value(key, kept.read_value(key)[0] + value, timestamp)
            kept.close()
            file.unlink()


@contextmanager
def lock_folder(folder: Path, how: int) -> Iterator[None]:
    """Hold the folder (fcntl.LOCK_SH to read, LOCK_EX to move counts): no reader may see a process twice, or not."""
    with (folder / "lock").open("a") as file:
        fcntl.flock(file, how)
        yield
