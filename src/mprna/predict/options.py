"""How to fold: the engine and what it needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mprna.decoding.decoders import HYBRID_WEIGHT
from mprna.errors import UsageError
from mprna.folding.vienna import MAX_LENGTH, EnergyModel
from mprna.runtime.store import FOLDING_MODEL

__all__ = ["DEFAULT_MAX_LENGTHS", "MAX_DENSE_LENGTH", "EnergyModel", "FoldOptions"]

DEFAULT_MAX_LENGTHS: Final = {"hybrid": 4_096, "model": MAX_LENGTH, "vienna": 8_192}
"""Engines, and how long a sequence each takes unless told otherwise. ViennaRNA needs L^2 memory and up to
L^3 time; the network reads long sequences in windows. A pair network does not: its own `max_length`, where
that is less, is its default."""

DECODERS: Final = ("nested", "tokens")
"""Of the `model` engine. `tokens` weighs every pair of an opening and a closing nucleotide, so its default
length is that of `hybrid`."""

MAX_DENSE_LENGTH: Final = 8_192
"""Longest sequence whose (L, L) pair probabilities are returned, 256 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldOptions:
    """How to fold.

    Raises:
        UsageError: an unknown engine or decoder, or a number out of range.
    """

    engine: str = "hybrid"
    """`hybrid`: a pair network that reads ViennaRNA's ensemble, or another model's pair probabilities as
    pseudo-energies in ViennaRNA; `model`: the network alone; `vienna`: ViennaRNA's minimum free energy."""

    model: str | Path = FOLDING_MODEL
    """Installed name or directory of the model."""

    backend: str = "auto"
    """What runs the model: `onnx`, `torch` or `auto` (see `mprna.load`)."""

    decoder: str = "nested"
    """Of the `model` engine: `nested` reads the pair probabilities, `tokens` the `( ) .` probabilities."""

    gamma: float | None = None
    """Of the `nested` decoder: how much a right pair is worth against a right unpaired nucleotide; by default
    `NESTED_GAMMA`, and `PAIR_GAMMA` with a pair network."""

    weight: float = HYBRID_WEIGHT
    """Of the `hybrid` engine without a pair network: how much the model counts against the energies; 0 is
    plain ViennaRNA."""

    energy_model: EnergyModel = field(default_factory=EnergyModel)
    """How energies are counted."""

    pair_probs: bool = False
    """Return base-pair probabilities too: ViennaRNA's ensemble for `vienna`, else the model's."""

    max_length: int | None = None
    """Longer sequences are not folded; by default `DEFAULT_MAX_LENGTHS` of the engine."""

    def __post_init__(self) -> None:
        _check_choice("engine", self.engine, tuple(DEFAULT_MAX_LENGTHS))
        _check_choice("decoder", self.decoder, DECODERS)
        if self.gamma is not None and not self.gamma > 0:
            raise UsageError(f"gamma {self.gamma}; expected more than 0")
        if not self.weight >= 0:
            raise UsageError(f"weight {self.weight}; expected 0 or more")
        if self.max_length is not None and self.max_length < 1:
            raise UsageError(f"max_length {self.max_length}; expected at least 1 nt")

    @property
    def longest(self) -> int:
        """`max_length`, or the engine's default."""
        slow = self.engine == "model" and self.decoder == "tokens"
        return self.max_length or DEFAULT_MAX_LENGTHS["hybrid" if slow else self.engine]


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"{name} {value!r}; expected one of {', '.join(choices)}")
