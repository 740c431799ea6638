"""Load from wrk (Debian's package), with bodies that change from request to request."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = """
local bodies = {}
for line in io.lines("%s") do bodies[#bodies + 1] = line end
local at = 0
request = function()
  at = at %% #bodies + 1
  return wrk.format("POST", "/cds-services/pgx-order-select", {["Content-Type"] = "application/json"}, bodies[at])
end
response = function(status) if status ~= 200 then wrk.thread:stop() end end
done = function(summary, latency)
  local errors = summary.errors.status + summary.errors.read + summary.errors.timeout
  io.write(string.format("FIGURES %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), errors))
end
"""


@dataclass(frozen=True)
class Figures:
    """What one run measured."""

    per_second: float
    p50_ms: float
    p99_ms: float


def fire(port: int, bodies: list[bytes], connections: int, seconds: int, folder: Path) -> Figures:
    """Load one server for some seconds. Raises RuntimeError where an answer was no 200 or wrk is not there."""
    if shutil.which("wrk") is None:
        raise RuntimeError("wrk is not installed: apt-get install wrk")
    lines = folder / "bodies.ndjson"
    lines.write_bytes(b"\n".join(json.dumps(json.loads(body)).encode() for body in bodies) + b"\n")
    script = folder / "fire.lua"
    script.write_text(SCRIPT % lines, encoding="utf-8")
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script)]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, timeout=seconds + 30, check=True
    )
    found = re.search(r"FIGURES (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
    if found is None or int(found[5]) or not int(found[1]):
        raise RuntimeError(f"wrk met errors:\n{done.stdout}{done.stderr}")
    requests, duration, p50, p99 = (int(found[at]) for at in range(1, 5))
    return Figures(requests / duration * 1e6, p50 / 1000, p99 / 1000)
