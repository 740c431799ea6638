"""A registered client of the service under test, and its tokens."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import uuid4

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

ISSUER = "https://ehr.example.org"
CLIENTS = f"""
[[client]]
name = "general-hospital"
issuer = "{ISSUER}"
keys_file = "keys.json"
consent = "ehr"
fhir_hosts = ["127.0.0.1"]
fhir_private = true
"""


def register(folder: Path, public_url: str) -> tuple[Mapping[str, str], Callable[[str], str]]:
    """The settings that let one client in at a public address, and what makes its tokens for a path."""
    key = ec.generate_private_key(ec.SECP384R1())
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": "one", "use": "sig", "alg": "ES384"}
    (folder / "keys.json").write_bytes(orjson.dumps({"keys": [public]}))
    (folder / "clients.toml").write_text(CLIENTS)
    settings = {
        "PGX_CDS_AUTH": "jwt",
        "PGX_CDS_CLIENTS": str(folder / "clients.toml"),
        "PGX_CDS_PUBLIC_URL": public_url,
    }

    def make_token(path: str) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": public_url + path, "iat": now, "exp": now + 300, "jti": str(uuid4())}
        return jwt.encode(claims, key, algorithm="ES384", headers={"kid": "one"})

    return settings, make_token
