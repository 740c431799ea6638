"""deploy/gunicorn.conf.py as it is, and a note of which worker answered which request in the file of TRACE."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

globals().update(runpy.run_path(str(Path(__file__).resolve().parents[2] / "deploy" / "gunicorn.conf.py")))


def pre_request(worker: Any, request: Any) -> None:
    """One line: the worker, and the id that the caller gave to the request."""
    ids = [value for name, value in request.headers if name == "X-REQUEST-ID"]
    with open(os.environ["TRACE"], "a", encoding="utf-8") as trace:
        trace.write(f"{worker.pid} {' '.join(ids)}\n")
