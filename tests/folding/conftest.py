"""Tests of folding ask ViennaRNA directly, all of them."""

from __future__ import annotations

import pytest

LONG = "GGGCUAUUAGCUCAGUUGGUUAGAGCGCACCCCUGAUAAGGGUGAGGUCGCUGAUUCGAAUUCAGCAUAGCCCA"  # a tRNA-like fold


@pytest.fixture(autouse=True)
def _turner_2004(turner_2004: None) -> None:
    pass
