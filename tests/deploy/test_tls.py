"""How callers reach nginx: which versions of TLS, under which name, and with which certificate of their own."""

from __future__ import annotations

import socket
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificate import write_certificate
from deployment import DEPLOY, PATIENCE, Deployment, serve
from registered_client import register

pytestmark = pytest.mark.deploy


def shake_hands(port: int, context: ssl.SSLContext, name: str = "localhost") -> str | None:
    """The version of TLS that was agreed on."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    with plain, context.wrap_socket(plain, server_hostname=name) as connection:
        return connection.version()


def make_context(certificate: Path, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """A client that trusts this certificate, and speaks this version alone, however old."""
    context = ssl.create_default_context(cafile=str(certificate))
    if version is not None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_of_today_is_spoken(deployment: Deployment, version: ssl.TLSVersion) -> None:
    """1.2 and 1.3."""
    spoken = shake_hands(deployment.port, make_context(deployment.certificate, version))
    assert spoken == version.name.replace("_", ".")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_tls_of_yesterday_is_refused_by_nginx(deployment: Deployment, version: str) -> None:
    """It is nginx that says so (an alert), not this client."""
    with pytest.raises(ssl.SSLError, match="ALERT|alert"):
        shake_hands(deployment.port, make_context(deployment.certificate, ssl.TLSVersion[version]))


def test_what_is_spoken_stands_in_both_servers() -> None:
    """nginx takes it from the first one, whatever the other says."""
    lines = [line.strip() for line in (DEPLOY / "nginx.conf").read_text().splitlines()]
    shared = ("ssl_protocols", "ssl_ciphers", "ssl_prefer", "ssl_session")
    spoken = [line for line in lines if line.startswith(shared)]
    half = len(spoken) // 2
    assert half == 6
    assert spoken[:half] == spoken[half:]


def test_another_name_gets_no_certificate(deployment: Deployment) -> None:
    """Whoever scans addresses learns nothing."""
    with pytest.raises(ssl.SSLError, match="(?i)unrecognized.name"):
        shake_hands(deployment.port, make_context(deployment.certificate), "other.example.org")


def test_another_host_than_the_certificates_is_misdirected(deployment: Deployment) -> None:
    """421, and the service sees nothing of it."""
    assert deployment.call("/cds-services", None, {"Host": "other.example.org"}).status == 421


@pytest.fixture(scope="module")
def mutual(nginx: None) -> Iterator[Deployment]:
    """A deployment that asks callers for a certificate, as the comment in the configuration says."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inside = folder / "pgx-cds-mutual-tls"
        inside.mkdir()
        authority = write_certificate(inside, "caller")
        (inside / "on.conf").write_text(f"ssl_client_certificate {authority};\nssl_verify_client on;\n")
        with serve(folder, {}, register) as running:
            yield running


def test_mutual_tls_lets_in_whom_the_authority_signed(mutual: Deployment) -> None:
    """200 with its certificate; 400 without one, and with a stranger's no connection or 400."""
    folder = mutual.folder / "pgx-cds-mutual-tls"
    assert mutual.call("/cds-services", identity=folder / "caller").status == 200
    assert mutual.call("/cds-services").status == 400
    write_certificate(folder, "stranger")
    assert mutual.call("/cds-services", identity=folder / "stranger").status == 400
