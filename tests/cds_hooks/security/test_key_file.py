"""A file of keys is read again when it changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tokens import make_key_set, make_signer

from cds_hooks.security.key_file import KeyFile
from cds_hooks.security.key_set import KeySetError

OLD, NEW = make_signer("old"), make_signer("new")


def write(path: Path, body: bytes, second: int) -> None:
    """The file as it stands at a time of its own."""
    path.write_bytes(body)
    os.utime(path, (second, second))


def known(keys: KeyFile) -> list[str]:
    """Which of the two keys are found."""
    return [kid for kid in ("old", "new") if keys.find(kid, "ES384")]


def test_keys_are_read_again_when_the_file_changes(tmp_path: Path) -> None:
    """Both keys during a rotation, then the new one alone, then none."""
    path = tmp_path / "keys.json"
    write(path, make_key_set(OLD), 1)
    keys = KeyFile("general", path)
    assert known(keys) == ["old"]
    for second, body, expected in (
        (2, make_key_set(OLD, NEW), ["old", "new"]),
        (3, make_key_set(NEW), ["new"]),
        (4, b'{"keys": []}', []),
    ):
        write(path, body, second)
        assert known(keys) == expected


def test_the_keys_hold_while_the_file_cannot_be_read(tmp_path: Path) -> None:
    """Half written, then away, then whole again."""
    path = tmp_path / "keys.json"
    write(path, make_key_set(OLD), 1)
    keys = KeyFile("general", path)
    write(path, make_key_set(NEW)[:40], 2)
    assert known(keys) == ["old"]
    path.unlink()
    assert known(keys) == ["old"]
    write(path, make_key_set(NEW), 3)
    assert known(keys) == ["new"]


@pytest.mark.parametrize("body", [b'{"keys": []}', b"no JSON"])
def test_a_file_without_a_key_is_refused_at_the_start(tmp_path: Path, body: bytes) -> None:
    """Nobody could call."""
    path = tmp_path / "keys.json"
    path.write_bytes(body)
    with pytest.raises(KeySetError):
        KeyFile("general", path)
