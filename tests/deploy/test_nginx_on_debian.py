"""The configuration stands beside what Debian ships, too."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from certificate import write_certificate
from deployment import find_ports, replace_all, write_nginx

pytestmark = pytest.mark.deploy
DEBIAN = Path("/etc/nginx/nginx.conf")


def test_debians_own_configuration_takes_it_in(nginx: None) -> None:
    """Debian sets some of the same directives for all servers: nothing clashes, nothing is warned of."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pgx-cds").mkdir()
        write_certificate(folder / "pgx-cds", "tls")
        write_nginx(folder, *find_ports(3))
        words = {
            "include /etc/nginx/conf.d/*.conf;": f"include {folder}/pgx-cds.conf;",
            "include /etc/nginx/sites-enabled/*;": "",
            "/var/log/nginx/": f"{folder}/",
            "/run/nginx.pid": f"{folder}/nginx.pid",
        }
        (folder / "debian.conf").write_text(replace_all(DEBIAN.read_text(), words))
        command = ["nginx", "-t", "-e", "stderr", "-c", str(folder / "debian.conf")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert (done.returncode, "[warn]" in done.stderr) == (0, False), done.stderr
