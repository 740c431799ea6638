"""The body of another server's answer, read within bounds of size and time, whoever sends it."""

from __future__ import annotations

import time

import requests

_CHUNK = 65_536


class BodyTooLargeError(ValueError):
    """The body is longer than it may be."""


def read_body(response: requests.Response, body: bytearray, most: int, deadline: float, *, packed: bool = True) -> None:
    """Read the answer into `body`: at most so many bytes, until a moment of the monotonic clock.

    `packed`: whether it may be compressed. Raises BodyTooLargeError and TimeoutError; what had come is in `body` then.
    """
    # read1 returns what has come so far: a server that drips single bytes must not outlast the deadline. What is packed
    # is unpacked by the chunk, so that the bound holds for a bomb, too.
    while chunk := response.raw.read1(_CHUNK, decode_content=packed):
        body += chunk
        if len(body) > most:
            raise BodyTooLargeError
        if time.monotonic() > deadline:
            raise TimeoutError
