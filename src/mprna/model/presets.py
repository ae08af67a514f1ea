"""Model sizes by name."""

from __future__ import annotations

from typing import Final

from mprna.model.config import ModelConfig

PRESETS: Final[dict[str, ModelConfig]] = {
    # For tests and the smoke run: everything is there, nothing is large.
    "nano": ModelConfig(num_layers=2, hidden_width=48, num_heads=4, feed_forward_width=96, pair_width=16),
    # For ablations (runs/ablations.py): a sixth of mini's work per token.
    "micro": ModelConfig(num_layers=6, hidden_width=128, num_heads=4, feed_forward_width=512, pair_width=32),
    # Ships in the package; trains on one CPU core.
    "mini": ModelConfig(num_layers=8, hidden_width=256, num_heads=8, feed_forward_width=1024),
    # The two published sizes.
    "mprna-52m": ModelConfig(num_layers=16, hidden_width=480, num_heads=24, feed_forward_width=2400),
    "mprna-186m": ModelConfig(num_layers=32, hidden_width=720, num_heads=30, feed_forward_width=2560),
}
