"""gunicorn's own messages in the form of all others: they may quote an address or a header, and then do not show it."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from cds_hooks.web.log import JsonHandler


class GunicornLog(Logger):  # type: ignore[misc]  # gunicorn brings no types
    """`logger_class` of deploy/gunicorn.conf.py."""

    def setup(self, cfg: Any) -> None:
        """As gunicorn does it, but for the form of the lines. There is no access log: the app writes a line a request.

        Standard error is where all lines go; `--error-logfile` and the like change nothing.
        """
        super().setup(cfg)
        self.error_log.handlers[:] = [JsonHandler()]
        self.access_log.handlers[:] = []
