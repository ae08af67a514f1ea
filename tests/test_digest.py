"""SHA-256 of files, as everybody else computes it."""

from __future__ import annotations

import hashlib

from mprna.digest import file_sha256


def test_the_digest_is_of_the_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"ACGU" * 100_000)
    assert file_sha256(tmp_path / "x") == hashlib.sha256(b"ACGU" * 100_000).hexdigest()
