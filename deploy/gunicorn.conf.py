"""gunicorn for pgx-cds: `gunicorn -c deploy/gunicorn.conf.py "app:create_app()"`.

Put a proxy in front that buffers bodies (nginx): gthread workers are held up by slow senders. The application is
loaded once and then forked; what was loaded is frozen, so that the garbage collector neither walks nor copies it.
"""

from __future__ import annotations

import gc
import os
from typing import Any

from cds_hooks.web.loopback import is_loopback

bind = f"127.0.0.1:{os.environ.get('PORT', '5000')}"
workers = 2
threads = 8
worker_class = "gthread"
preload_app = True
max_requests = 20_000
max_requests_jitter = 2_000
timeout = 30
graceful_timeout = 20
keepalive = 30


def on_starting(server: Any) -> None:
    """Refuse to serve other machines while there is no authentication (`-b` may have changed `bind`)."""
    hosts = [address[0] for address in server.cfg.address if isinstance(address, tuple)]
    if not all(is_loopback(host) for host in hosts):
        raise SystemExit("pgx-cds: without authentication only this machine is served; bind to 127.0.0.1.")


def when_ready(server: Any) -> None:
    """Everything that lives now lives as long as the process."""
    gc.collect()
    gc.freeze()
