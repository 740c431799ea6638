"""Fetch a client's key set from its address: little time, few bytes, no detours."""

from __future__ import annotations

import time
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError

from cds_hooks.answer_body import BodyTooLargeError, read_body
from cds_hooks.security.key_set import KeySet, KeySetError, parse_key_set

SECONDS = 3.0
"""For the connection, for each part of the answer, and for all of its body."""
BYTES = 65_536


def fetch_key_set(url: str, ca: Path | None, seconds: float = SECONDS) -> KeySet:
    """The keys at an address of the file of clients, never one that a token names. Raises KeySetError.

    Each fetch opens a connection of its own: there is one an hour, and none is shared with a forked process.
    """
    with requests.Session() as session:
        # Neither netrc nor proxies of the environment may add to what is sent, or read along.
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        session.verify = str(ca) if ca else True
        headers = {"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"}
        try:
            with session.get(url, headers=headers, timeout=seconds, allow_redirects=False, stream=True) as response:
                return parse_key_set(_read_whole(response, time.monotonic() + seconds))
        except BodyTooLargeError:
            raise KeySetError("the key set is too large") from None
        except (requests.Timeout, TimeoutError):
            raise KeySetError("the key server took too long") from None
        except requests.exceptions.SSLError:
            raise KeySetError("the key server's certificate is not trusted") from None
        except (requests.RequestException, HTTPError, ValueError):
            raise KeySetError("the key server cannot be reached, or broke off") from None


def _read_whole(response: requests.Response, deadline: float) -> bytes:
    if response.status_code != 200:
        # A redirect included: who could redirect could name keys of his own.
        raise KeySetError(f"the key server answered {response.status_code}")
    body = bytearray()
    read_body(response, body, BYTES, deadline, packed=False)
    return bytes(body)
