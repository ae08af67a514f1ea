"""What a degradation engine answers.

Shape letters: L nucleotides, T targets.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from mprna.runtime.engine import FloatArray

TARGETS: Final = ("reactivity", "deg_Mg_pH10", "deg_pH10", "deg_Mg_50C", "deg_50C")
"""SHAPE reactivity, and degradation with and without 10 mM Mg2+ at pH 10 or at 50 °C, in the units of the
OpenVaccine data set."""


class Degradation(NamedTuple):
    """Per-nucleotide predictions."""

    mean: FloatArray
    """*Shape:* (L, T)"""
    sd: FloatArray
    """Expected error, one standard deviation. *Shape:* (L, T)"""


class DegradationEngine(Protocol):
    """A loaded degradation model. One sequence at a time, so an answer never depends on its neighbours."""

    max_length: int
    """Longest sequence to be read in one piece, nucleotides."""
    score_scale: float
    """How much larger the error of a sum over nucleotides is than if their errors were independent."""

    def predict_degradation(self, sequence: str, probs: FloatArray) -> Degradation:
        """Reactivity and degradation of every nucleotide.

        Args:
            sequence: clean letters, ACGUN.
            probs: symmetric pair probabilities. *Shape:* (L, L)

        Raises:
            ValueError: probabilities of another shape.
        """
        ...
