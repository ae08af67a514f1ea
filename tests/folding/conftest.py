"""ViennaRNA's energy parameters are process-wide: tests that ask it directly start from its default."""

from __future__ import annotations

import pytest
import RNA

LONG = "GGGCUAUUAGCUCAGUUGGUUAGAGCGCACCCCUGAUAAGGGUGAGGUCGCUGAUUCGAAUUCAGCAUAGCCCA"  # a tRNA-like fold


@pytest.fixture(autouse=True)
def turner_2004() -> None:
    RNA.params_load_RNA_Turner2004()
