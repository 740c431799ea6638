"""gunicorn for pgx-cds: `gunicorn -c deploy/gunicorn.conf.py "app:create_app()"`.

Put a proxy in front that buffers bodies (nginx): gthread workers are held up by slow senders. The application is
loaded once and then forked; what was loaded is frozen, so that the garbage collector neither walks nor copies it.

All workers count their metrics in one folder: that of PROMETHEUS_MULTIPROC_DIR, emptied at start, or a new one.
"""

from __future__ import annotations

import gc
import os
import sys
from types import TracebackType
from typing import Any

from cds_hooks.clients import ClientsError, load_clients
from cds_hooks.records.revision import RevisionError
from cds_hooks.security.callers import open_callers
from cds_hooks.settings import SettingsError, read_settings
from cds_hooks.web.loopback import is_loopback
from cds_hooks.web.metrics_folder import VARIABLE, bury_process, prepare_folder, remove_folder
from knowledge.loading.errors import ContentError

try:
    # Once more than the application does it, so that what is wrong is said in words and not by a traceback.
    chosen = read_settings()
    if chosen.clients is not None:
        open_callers(load_clients(chosen.clients), chosen.clients, chosen.keys_ca)
except (SettingsError, ClientsError) as error:
    raise SystemExit(str(error)) from None


def say_in_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What hinders the start and can be mended by whoever starts it is no fault of the code: no traceback."""
    if isinstance(error, ContentError | RevisionError | ClientsError | SettingsError):
        print(f"pgx-cds does not start. {error}", file=sys.stderr)
        remove_folder()
        return
    sys.__excepthook__(kind, error, trace)


sys.excepthook = say_in_words

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
logger_class = "cds_hooks.web.gunicorn_log.GunicornLog"
raw_env = [f"{VARIABLE}={prepare_folder()}"]
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Refuse to serve other machines while authentication is off (`-b` may have changed `bind`)."""
    if chosen.auth == "jwt":
        return
    hosts = [address[0] for address in server.cfg.address if isinstance(address, tuple)]
    if not all(is_loopback(host) for host in hosts):
        raise SystemExit("pgx-cds: without authentication only this machine is served; bind to 127.0.0.1.")


def when_ready(server: Any) -> None:
    """Everything that lives now lives as long as the process."""
    gc.collect()
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """Before a worker serves: threads end as the log wants it, and content that changed since the start is read."""
    from cds_hooks.web.log import log_thread_faults

    log_thread_faults()
    engine = _find_engine(worker)
    if engine is not None:
        engine.tenants.catch_up()


def child_exit(server: Any, worker: Any) -> None:
    """What a worker counted stays."""
    bury_process(prepare_folder(), worker.pid)


def on_exit(server: Any) -> None:
    """Leave nothing behind."""
    remove_folder()


def worker_exit(server: Any, worker: Any) -> None:
    """Write what the worker's audit still holds."""
    engine = _find_engine(worker)
    if engine is not None:
        engine.store.close()


def _find_engine(worker: Any) -> Any:
    """The service's engine; None before the application is there, and for the benchmark's bare one."""
    return getattr(getattr(worker, "wsgi", None), "extensions", {}).get("pgx-cds")
