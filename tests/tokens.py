"""Keys and tokens of CDS clients, right ones and wrong ones; made anew for each run."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Signer:
    """A private key, and how its tokens name it."""

    kid: str
    algorithm: str
    private: PrivateKey

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key as its owner publishes it."""
        public = self.private.public_key()
        kind = ECAlgorithm if self.algorithm == "ES384" else RSAAlgorithm
        return {**kind.to_jwk(public, as_dict=True), "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    @property
    def pem(self) -> bytes:
        """The public key as text that anybody may have."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@cache
def make_signer(kid: str, algorithm: str = "ES384", bits: int = 2048) -> Signer:
    """A new key; the same one for the same arguments within a run."""
    if algorithm == "ES384":
        return Signer(kid, algorithm, ec.generate_private_key(ec.SECP384R1()))
    return Signer(kid, algorithm, rsa.generate_private_key(65537, bits))


def make_key_set(*signers: Signer) -> bytes:
    """The JSON Web Key Set of these keys."""
    return orjson.dumps({"keys": [signer.jwk for signer in signers]})


def make_claims(issuer: str, audience: str | list[str], **changes: Any) -> dict[str, Any]:
    """The claims of a good token of now; a change to None leaves the claim out."""
    now = int(time.time())
    claims = {"iss": issuer, "aud": audience, "iat": now, "exp": now + 120, "jti": uuid4().hex} | changes
    return {name: value for name, value in claims.items() if value is not None}


def sign(signer: Signer, claims: Mapping[str, Any], **header: Any) -> str:
    """The token; members of the header beyond alg, kid and typ, or other values of these. None leaves one out."""
    members = {"typ": "JWT", "alg": signer.algorithm, "kid": signer.kid} | header
    return sign_parts(signer, {k: v for k, v in members.items() if v is not None}, orjson.dumps(claims))


def sign_parts(signer: Signer, header: Mapping[str, Any], payload: bytes) -> str:
    """A token of any header and any payload, signed by the signer's own algorithm."""
    signed = f"{encode(orjson.dumps(header))}.{encode(payload)}"
    algorithm = jwt.get_algorithm_by_name(signer.algorithm)
    return f"{signed}.{encode(algorithm.sign(signed.encode(), signer.private))}"


def sign_symmetric(secret: bytes, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """A token by HMAC with SHA-256."""
    signed = f"{encode(orjson.dumps(header))}.{encode(orjson.dumps(claims))}"
    return f"{signed}.{encode(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
