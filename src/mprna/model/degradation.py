"""Per-nucleotide reactivity and degradation from the bases and the pair probabilities of an ensemble.

Blocks of dilated convolutions along the sequence and one mixing along the pair probabilities, which carries
to a nucleotide what its likely partners see. Nothing depends on the position, so any length is read.

Shape letters: B sequences, L nucleotides, H hidden width, T targets, F features.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mprna.alphabet import NUCLEOTIDES
from mprna.errors import ModelError

NUM_NUCLEOTIDES = len(NUCLEOTIDES)
"""A C G U; an N (4) is none of them."""

NUM_TARGETS = 5
MIN_SD = 0.02
NUM_FEATURES = 2 * NUM_NUCLEOTIDES + 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DegradationConfig:
    """Sizes of an ensemble of networks.

    Raises:
        ModelError: a number below 1, or calibrations of another number of targets.
    """

    num_members: int = 10
    """Networks whose answers are averaged."""
    hidden_width: int = 128
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2, 4, 1)
    """Dilation of the convolution of each residual block."""
    kernel_size: int = 5
    max_length: int = 1_024
    """Longest sequence to be read in one piece, nucleotides; longer ones are read in windows."""
    sd_scale: tuple[float, ...] = (1.0,) * NUM_TARGETS
    """Calibration of the predicted standard deviations, one per target, from held-out parts of the data."""
    score_scale: float = 1.0
    """How much larger the error of a sum over nucleotides is than if their errors were independent."""

    def __post_init__(self) -> None:
        if min(self.num_members, self.hidden_width, self.kernel_size, *self.dilations) < 1:
            raise ModelError("config.json: a degradation network needs sizes of 1 or more")
        if len(self.sd_scale) != NUM_TARGETS:
            raise ModelError(f"config.json: {len(self.sd_scale)} sd_scale for {NUM_TARGETS} targets")

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DegradationConfig:
        """The inverse of `to_dict`; an unknown field is a `ModelError`."""
        try:
            tuples = {name: tuple(values[name]) for name in ("dilations", "sd_scale")}
            return cls(**{**values, **tuples})
        except (TypeError, KeyError) as error:
            raise ModelError(f"config.json does not describe a degradation network: {error}") from None


class DegradationNetwork(nn.Module):
    """One member of the ensemble."""

    def __init__(self, config: DegradationConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.input = nn.Linear(NUM_FEATURES, config.hidden_width)
        self.blocks = nn.ModuleList(
            Block(config.hidden_width, config.kernel_size, dilation, dropout) for dilation in config.dilations
        )
        self.norm = nn.LayerNorm(config.hidden_width)
        self.mean = nn.Linear(config.hidden_width, NUM_TARGETS)
        self.log_sd = nn.Linear(config.hidden_width, NUM_TARGETS)

    def forward(self, features_BLF: Tensor, probs_BLL: Tensor) -> tuple[Tensor, Tensor]:
        """Means and standard deviations, uncalibrated.

        *Shape:* (B, L, F) and (B, L, L) to twice (B, L, T)
        """
        x_BLH = self.input(features_BLF)
        for block in self.blocks:
            x_BLH = block(x_BLH, probs_BLL)
        x_BLH = functional.relu(self.norm(x_BLH))
        return self.mean(x_BLH), MIN_SD + functional.softplus(self.log_sd(x_BLH.detach()))


class Block(nn.Module):
    """x + mix(conv(norm x), P norm x)."""

    def __init__(self, width: int, kernel_size: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.along = nn.Conv1d(width, width, kernel_size, padding="same", dilation=dilation)
        self.across = nn.Linear(width, width)
        self.mix = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BLH: Tensor, probs_BLL: Tensor) -> Tensor:
        """*Shape:* (B, L, H) and (B, L, L) to (B, L, H)"""
        normed_BLH = self.norm(x_BLH)
        along_BLH = self.along(normed_BLH.transpose(1, 2)).transpose(1, 2)
        across_BLH = probs_BLL @ self.across(normed_BLH)
        changed_BLH: Tensor = self.mix(self.dropout(functional.relu(along_BLH + across_BLH)))
        return x_BLH + changed_BLH


class DegradationEnsemble(nn.Module):
    """The mean of its members; the spread between them adds to the error that they predict."""

    def __init__(self, config: DegradationConfig) -> None:
        super().__init__()
        self.config = config
        self.members = nn.ModuleList(DegradationNetwork(config) for _ in range(config.num_members))
        self.sd_scale: Tensor
        self.register_buffer("sd_scale", torch.tensor(config.sd_scale), persistent=False)

    def forward(self, bases: Tensor, probs: Tensor) -> tuple[Tensor, Tensor]:
        """Means and calibrated standard deviations of every target.

        Args:
            bases: 0-3 for A C G U, 4 for N. *Shape:* (B, L)
            probs: pair probabilities, symmetric. *Shape:* (B, L, L)

        Returns:
            *Shape:* twice (B, L, T)
        """
        features = node_features(bases, probs)
        outputs = [member(features, probs) for member in self.members]
        means = torch.stack([mean for mean, _ in outputs])
        variances = torch.stack([sd for _, sd in outputs]) ** 2
        mean = means.mean(0)
        spread = ((means - mean) ** 2).mean(0)
        return mean, self.sd_scale * torch.sqrt(variances.mean(0) + spread)


def node_features(bases: Tensor, probs: Tensor) -> Tensor:
    """The base, the expected base of the partner, the unpaired probability, the expected log-distance.

    *Shape:* (B, L) and (B, L, L) to (B, L, F)
    """
    one_hot = functional.one_hot(bases, NUM_NUCLEOTIDES + 1)[..., :NUM_NUCLEOTIDES].to(probs.dtype)
    position = torch.arange(bases.shape[1], device=bases.device, dtype=probs.dtype)
    distance = torch.log1p((position[:, None] - position).abs())
    paired = probs.sum(-1, keepdim=True)
    reach = (probs * distance).sum(-1, keepdim=True) / 4
    return torch.cat([one_hot, probs @ one_hot, 1 - paired, reach], dim=-1)
