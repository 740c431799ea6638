"""`/metrics`: what was counted, in Prometheus' text format, for the networks that may read it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path

from flask import Blueprint, Response, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from cds_hooks.errors import Fault, MetricsRefusedError
from cds_hooks.web.engine import engine
from cds_hooks.web.live_tenants import ContentState
from cds_hooks.web.metrics_folder import VARIABLE, lock_folder
from cds_hooks.web.proxy_marks import came_through_proxy

FROM = "PGX_CDS_METRICS_FROM"
"""The key of `app.config` that holds the networks which may read."""

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def show_metrics() -> Response:
    """Everything that was counted, by all processes of this service where they share a folder."""
    _refuse_others(current_app.config[FROM])
    folder = os.environ.get(VARIABLE)
    content = CollectorRegistry()
    content.register(_ContentCollector(engine().tenants.state))
    if not folder:
        counted = generate_latest(REGISTRY)
    else:
        shared = CollectorRegistry()
        MultiProcessCollector(shared, folder)
        with lock_folder(Path(folder), fcntl.LOCK_SH):
            counted = generate_latest(shared)
    return Response(counted + generate_latest(content), content_type=CONTENT_TYPE_LATEST)


def _refuse_others(networks: Iterable[IPv4Network | IPv6Network]) -> None:
    """Raise MetricsRefusedError for a caller outside the networks, or one whose own address nobody can know."""
    if not came_through_proxy() and _lies_in(request.remote_addr or "", networks):
        return
    mend = "Networks that may read the metrics are named by PGX_CDS_METRICS_FROM; a proxy does not pass them on."
    raise MetricsRefusedError(Fault("", "the metrics are not for this caller", mend, "forbidden"))


def _lies_in(address: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        # A Unix socket has no address: behind it stands a proxy.
        return False
    mapped = getattr(found, "ipv4_mapped", None) or found
    return any(mapped in network for network in networks)


class _ContentCollector(Collector):
    """The content of the process that answers, as it is at this moment."""

    def __init__(self, state: ContentState) -> None:
        self._state = state

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Its digests, and whether the files are broken."""
        info = GaugeMetricFamily("pgx_cds_content_info", "the content that answers", labels=["digest", "version"])
        for library in self._state.libraries:
            info.add_metric([library.digest, library.version], 1)
        yield info
        stale = float(self._state.broken_since is not None)
        yield GaugeMetricFamily("pgx_cds_content_stale", "files are broken and old content stays", value=stale)
