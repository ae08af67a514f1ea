"""Which weights a record was made with."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from mprna.digest import file_sha256
from mprna.model.layout import CONFIG_FILE

_WEIGHTS: Final = ("*.safetensors", "pytorch_model*.bin")
"""Of our models and those of transformers, which reads the first that are there."""


def weights_sha256(directory: Path, *, are_random: bool) -> str:
    """SHA-256 of the weights in a model directory, ours or of transformers; empty where it has none.

    Args:
        are_random: the weights are drawn anew, so that the configuration alone counts.
    """
    patterns = (CONFIG_FILE,) if are_random else _WEIGHTS
    found = (sorted(directory.glob(pattern)) for pattern in patterns)
    digests = [_sha256(path, path.stat().st_mtime_ns) for path in next(filter(None, found), [])]
    if len(digests) > 1:
        return hashlib.sha256("".join(digests).encode()).hexdigest()
    return "".join(digests)


@lru_cache
def _sha256(path: Path, changed: int) -> str:
    """Every seed and task asks again."""
    return file_sha256(path)
