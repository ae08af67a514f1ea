"""How to fold: the engine and what it needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mprna.decoding.settings import HYBRID_WEIGHT
from mprna.errors import UsageError
from mprna.folding.restraints import ShapeModel
from mprna.folding.vienna import MAX_LENGTH, EnergyModel
from mprna.predict.limits import check_files
from mprna.runtime.store import FOLDING_MODEL

__all__ = ["DEFAULT_MAX_LENGTHS", "MAX_DENSE_LENGTH", "EnergyModel", "FoldOptions", "ShapeModel"]

DEFAULT_MAX_LENGTHS: Final = {"hybrid": 4_096, "model": MAX_LENGTH, "vienna": 8_192}
"""Engines, and how long a sequence each takes unless told otherwise. ViennaRNA needs L^2 memory and up to
L^3 time; networks read long sequences in windows. With a pair network `hybrid` does so too, and takes what
`model` takes."""

DECODERS: Final = ("nested", "tokens")
"""Of the `model` engine. `tokens` weighs every pair of an opening and a closing nucleotide, so its default
length is that of `hybrid`."""

MAX_DENSE_LENGTH: Final = 8_192
"""Longest sequence whose (L, L) pair probabilities are returned, 256 MiB."""

MAX_GAMMA: Final = 1_000
"""At which every possible pair is worth its while; at the inverse none is."""

MAX_WEIGHT: Final = 100
"""At which no energy counts any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldOptions:
    """How to fold; the same for all records. What is known of one RNA is in its record.

    Raises:
        UsageError: an unknown engine or decoder, a number out of range, templates or relatives that are no
            tuple of files, or pseudoknots, a decoder, `gamma` or `weight` of an engine that has none.
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
    `NESTED_GAMMA`, with a pair network or templates `PAIR_GAMMA` (`ALONE_GAMMA` where the network reads the
    sequence alone), with relatives `MEAN_GAMMA`; models that are no pair network keep theirs. The same for
    pairs that cross, by default `CROSSING_GAMMA` or `PAIR_CROSSING_GAMMA`."""

    weight: float = HYBRID_WEIGHT
    """Of the `hybrid` engine without a pair network: how much the model counts against the energies; 0 is
    plain ViennaRNA."""

    energy_model: EnergyModel = field(default_factory=EnergyModel)
    """How energies are counted."""

    shape_model: ShapeModel = field(default_factory=ShapeModel)
    """How the reactivities of a record count."""

    templates: tuple[str | Path, ...] = ()
    """Files of RNAs with known structures, in any format that has structures. An RNA that is a relative of
    some of them takes from them what it shares with them (see `homology.evidence`)."""

    relatives: tuple[str | Path, ...] = ()
    """Files of RNAs without known structures, in any format. They are folded by the same engine, and what an
    RNA and its relatives among them share counts more (see `homology.consensus`)."""

    pseudoknots: bool = False
    """Add pairs that cross the nested structure. `energy` is that of the `()` pairs alone."""

    min_confidence: float = 0.0
    """Pairs of a lower probability are left out of the structure; pairs that a constraint asks for stay.
    The probability is that of `base_pair_probs`; `vienna` computes its ensemble for it."""

    pair_probs: bool = False
    """Return base-pair probabilities too: ViennaRNA's ensemble for `vienna`, else the model's."""

    max_length: int | None = None
    """Longer sequences are not folded; by default `DEFAULT_MAX_LENGTHS`, and with a pair network
    `MAX_LENGTH`, which is the most."""

    def __post_init__(self) -> None:
        _check_choice("engine", self.engine, tuple(DEFAULT_MAX_LENGTHS))
        _check_choice("decoder", self.decoder, DECODERS)
        if self.gamma is not None and not 1 / MAX_GAMMA <= self.gamma <= MAX_GAMMA:
            raise UsageError(f"gamma {self.gamma}; expected {1 / MAX_GAMMA} to {MAX_GAMMA}")
        if not 0 <= self.weight <= MAX_WEIGHT:
            raise UsageError(f"weight {self.weight}; expected 0 to {MAX_WEIGHT}")
        if not 0 <= self.min_confidence <= 1:
            raise UsageError(f"min_confidence {self.min_confidence}; expected 0 to 1")
        check_files("templates", self.templates)
        check_files("relatives", self.relatives)
        if self.decoder == "tokens" and self.engine != "model":
            raise UsageError("decoder 'tokens': of the model engine alone; choose it too")
        if self.decoder == "tokens" and (self.templates or self.relatives):
            option = "templates" if self.templates else "relatives"
            raise UsageError(f"{option}: decoder 'tokens' reads no pair probabilities; choose 'nested'")
        if self.gamma is not None and self.engine == "vienna":
            raise UsageError("gamma: the vienna engine has no decoder; choose hybrid or model")
        if self.weight != HYBRID_WEIGHT and self.engine != "hybrid":
            raise UsageError("weight: of the hybrid engine alone; choose it too")
        if self.pseudoknots and self.engine == "vienna":
            raise UsageError("pseudoknots: the vienna engine has none; choose hybrid or model")
        if self.pseudoknots and self.engine == "model" and self.decoder != "nested":
            raise UsageError(f"pseudoknots: decoder {self.decoder!r} has none; choose 'nested'")
        if self.max_length is not None and not 1 <= self.max_length <= MAX_LENGTH:
            raise UsageError(f"max_length {self.max_length}; expected 1 to {MAX_LENGTH} nt")

    @property
    def needs_pair_probs(self) -> bool:
        """Whether `vienna` computes its ensemble."""
        return self.pair_probs or self.min_confidence > 0

    def longest(self, *, reads_windows: bool) -> int:
        """`max_length`, or the default.

        Args:
            reads_windows: whether the model is a pair network.
        """
        slow = self.engine == "model" and self.decoder == "tokens"
        default = DEFAULT_MAX_LENGTHS["hybrid" if slow else self.engine]
        return self.max_length or (MAX_LENGTH if reads_windows else default)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"{name} {value!r}; expected one of {', '.join(choices)}")
