"""RNAs that are not related."""

from __future__ import annotations

import numpy as np


def random_rna(length: int, seed: int) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGU"), size=length))
