"""Which model of a directory a record was made with."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from mprna.digest import file_sha256
from mprna.model.layout import CONFIG_FILE

_WEIGHTS: Final = ("*.safetensors", "pytorch_model*.bin")
"""Of our models and those of transformers, which reads the first that are there."""


def model_sha256(directory: Path, *, has_weights: bool) -> str:
    """SHA-256 over those of the configuration and the weights in a model directory, ours or of transformers.

    Args:
        has_weights: False where they are drawn anew, so that the configuration alone counts.
    """
    found = (sorted(directory.glob(pattern)) for pattern in _WEIGHTS)
    weights = next(filter(None, found), []) if has_weights else []
    paths = [*directory.glob(CONFIG_FILE), *weights]
    digests = [_sha256(path, path.stat().st_mtime_ns) for path in paths]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


@lru_cache
def _sha256(path: Path, changed: int) -> str:
    """Every seed and task asks again."""
    return file_sha256(path)
