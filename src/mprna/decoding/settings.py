"""What decoders are told unless the user says otherwise."""

from __future__ import annotations

from typing import Final

HYBRID_WEIGHT: Final = 0.15
NESTED_GAMMA: Final = 8.0
"""Both were chosen on validation splits (docs/experiments.md). Gamma is high because the probabilities of the
masked language model's pair head are too low."""
PAIR_GAMMA: Final = 1.5
"""`NESTED_GAMMA` for the probabilities of a pair network."""
ALONE_GAMMA: Final = 3.0
"""`PAIR_GAMMA` where the network reads no ensemble, since it then spreads what it knows over more pairs."""
MEAN_GAMMA: Final = 3.0
"""`NESTED_GAMMA` for a mean over relatives; chosen on known families (docs/experiments.md)."""

CROSSING_GAMMA: Final = 1.5
"""Gamma of pairs that cross the nested structure, chosen on validation structures (docs/experiments.md)."""
PAIR_CROSSING_GAMMA: Final = 8.0
"""`CROSSING_GAMMA` for the probabilities of a pair network."""
PAIR_CROSSING_HELIX: Final = 0.75
"""The probabilities of a crossing helix must sum to at least this; chosen with `PAIR_CROSSING_GAMMA`."""
