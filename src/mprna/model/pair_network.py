"""The pair network: which nucleotides pair, from the bases and, where given, from a thermodynamic ensemble.

A small encoder reads the sequence; every cell of a map at half resolution, 2 x 2 nucleotide pairs, starts
from what the encoder says of its rows and columns, from the bases themselves, their distance, and the prior.
Dilated convolutions over that map let stems, which lie along antidiagonals, support each other. Half
resolution costs a quarter of a full map's time: the four pairs of a cell are channels of it. A pretrained
encoder may stand beside the small one; it is seven times as large, and slower than all of the rest.

Shape letters: B sequences, L nucleotides (an even number), T = L + 2 tokens, M = L / 2 cells, H hidden width,
C channels of a cell.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mprna.alphabet import CLS_ID, EOS_ID, NUCLEOTIDE_IDS, PAD_ID, VOCABULARY
from mprna.errors import ModelError
from mprna.model.config import ModelConfig
from mprna.model.encoder import LAYER_NORM_EPS, Encoder, EncoderLayer
from mprna.model.rotary import rotary_angles

NUM_BASES = 5
"""A C G U, and N."""

PAD_BASE = 5
"""What stands beyond the end of a sequence."""

TOKENS = (*NUCLEOTIDE_IDS, VOCABULARY.index("N"), PAD_ID)
"""The token of each base, for a pretrained encoder."""

NUM_DISTANCES = 12
"""Bumps over log(1 + distance in cells) that tell the map how far apart i and j are."""

CELL = 2
"""Nucleotides per side of a cell."""


@dataclass(frozen=True, kw_only=True)
class PairConfig:
    """Sizes of a pair network, as written to `config.json`.

    Raises:
        ModelError: a size that is no whole number of 1 or more.
    """

    num_layers: int = 4
    """Transformer layers of the sequence encoder."""
    hidden_width: int = 128
    """Width of the sequence encoder."""
    num_heads: int = 4
    """Attention heads of the sequence encoder."""
    feed_forward_width: int = 256
    """Width between its two feed-forward projections."""
    cell_width: int = 32
    """Channels of the map."""
    product_rank: int = 16
    """Channels that hold products of row and column features."""
    dilations: tuple[int, ...] = (1, 2, 4, 1, 2, 4)
    """Dilation of each residual block of the pair map."""
    max_length: int = 3_000
    """Longest sequence to be read in one piece, nucleotides; memory grows with its square (2 GB at 3,000)."""
    pretrained: ModelConfig | None = None
    """The pretrained encoder beside the sequence encoder, where there is one."""
    alone_scale: float = 1.0
    """What log-odds are multiplied by where there is no prior, so that they are as true as with one."""

    def __post_init__(self) -> None:
        if type(self.alone_scale) not in (int, float) or not 0.01 <= self.alone_scale <= 100:
            raise ModelError(f"config.json: alone_scale {self.alone_scale!r:.40}; expected 0.01 to 100")
        sizes = [self.num_layers, self.hidden_width, self.num_heads, self.feed_forward_width]
        sizes += [self.cell_width, self.product_rank, self.max_length, *self.dilations]
        if not all(type(size) is int and size >= 1 for size in sizes):
            raise ModelError("config.json: a pair network needs sizes that are whole numbers of 1 or more")

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> PairConfig:
        """The inverse of `to_dict`; an unknown field is a `ModelError`."""
        try:
            pretrained = values.get("pretrained")
            own_types = {
                "dilations": tuple(values["dilations"]),
                "pretrained": None if pretrained is None else ModelConfig.from_dict(pretrained),
            }
            return cls(**values | own_types)
        except (TypeError, KeyError) as error:
            raise ModelError(f"config.json does not describe a pair network: {error}") from None


class PairNetwork(nn.Module):
    """Log-odds of all pairs of a batch of sequences."""

    def __init__(self, config: PairConfig) -> None:
        super().__init__()
        self.config = config
        self.in_batch = True
        """Mask cells beyond the end of a shorter sequence; False saves time where there is one alone."""
        self.trunk = Trunk(config)
        self.pretrained = PretrainedEncoder(config.pretrained, config) if config.pretrained else None
        self.cells = CellFeatures(config)
        self.blocks = nn.ModuleList(ResidualBlock(config.cell_width, d) for d in config.dilations)
        self.output = nn.Conv2d(config.cell_width, CELL * CELL, 1)
        self.prior_weight = nn.Parameter(torch.tensor(0.5))
        self.bias = nn.Parameter(torch.tensor(-3.0))

    def forward(self, bases: Tensor, prior: Tensor, has_prior: Tensor) -> Tensor:
        """Log-odds of every pair, symmetric; what is not canonical or too close is for the caller to mask.

        Args:
            bases: 0-3 for A C G U, 4 for N, 5 beyond the end. *Shape:* (B, L)
            prior: log-odds of every pair in an ensemble of thermodynamics. *Shape:* (B, L, L)
            has_prior: 1 where `prior` counts, 0 where it is to be ignored. *Shape:* (B,)

        Returns:
            *Shape:* (B, L, L)
        """
        prior_BLL = prior * has_prior[:, None, None]
        known_BLL = self.prior_weight * prior_BLL
        mask_B1MM = _mask_cells(bases) if self.in_batch else None
        hidden_BLH = self.trunk(bases)
        if self.pretrained is None:
            x_BCMM = self.cells(hidden_BLH, bases, prior_BLL, has_prior)
        else:
            more_BLH, scores_BLL = self.pretrained(bases)
            x_BCMM = self.cells(hidden_BLH + more_BLH, bases, prior_BLL, has_prior)
            x_BCMM = x_BCMM + self.pretrained.mix(_cell_channels(scores_BLL))
            known_BLL = known_BLL + self.pretrained.weight * scores_BLL
        x_BCMM = _masked(x_BCMM, mask_B1MM)
        for block in self.blocks:
            x_BCMM = block(x_BCMM, mask_B1MM)
        learned_BLL = functional.pixel_shuffle(self.output(functional.relu(x_BCMM)), CELL)[:, 0]
        log_odds_BLL = learned_BLL + known_BLL
        scale_B = 1 + (self.config.alone_scale - 1) * (1 - has_prior)
        return ((log_odds_BLL + log_odds_BLL.transpose(1, 2)) / 2 + self.bias) * scale_B[:, None, None]


class Trunk(nn.Module):
    """Bases to hidden states: two convolutions, then transformer layers."""

    def __init__(self, config: PairConfig) -> None:
        super().__init__()
        layer = ModelConfig(
            num_layers=config.num_layers,
            hidden_width=config.hidden_width,
            num_heads=config.num_heads,
            feed_forward_width=config.feed_forward_width,
        )
        self.head_width = layer.head_width
        self.embedding = nn.Embedding(NUM_BASES + 1, config.hidden_width, padding_idx=PAD_BASE)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(config.hidden_width, config.hidden_width, 7, padding=3) for _ in range(2)
        )
        self.layers = nn.ModuleList(EncoderLayer(layer) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.hidden_width, eps=LAYER_NORM_EPS)

    def forward(self, bases: Tensor) -> Tensor:
        """*Shape:* (B, L) to (B, L, H)"""
        present_BL = bases != PAD_BASE
        mask_BL1 = present_BL[..., None].float()
        x_BLH = self.embedding(bases) * mask_BL1
        for convolution in self.convolutions:
            local_BHL = functional.relu(convolution(x_BLH.transpose(1, 2)))
            x_BLH = (x_BLH + local_BHL.transpose(1, 2)) * mask_BL1
        cos, sin = rotary_angles(bases.shape[1], self.head_width, device=bases.device)
        for layer in self.layers:
            x_BLH = layer(x_BLH, present_BL[:, None, None, :], cos, sin)
        hidden_BLH: Tensor = self.norm(x_BLH) * mask_BL1
        return hidden_BLH


class PretrainedEncoder(nn.Module):
    """What pretraining has learned of nucleotides and of their pairs; at first the network ignores it."""

    def __init__(self, encoder: ModelConfig, config: PairConfig) -> None:
        super().__init__()
        self.encoder = Encoder(encoder)
        self.query = nn.Linear(encoder.hidden_width, encoder.pair_width)
        self.key = nn.Linear(encoder.hidden_width, encoder.pair_width)
        self.hidden = nn.Linear(encoder.hidden_width, config.hidden_width)
        self.mix = nn.Conv2d(CELL * CELL, config.cell_width, 1)
        self.weight = nn.Parameter(torch.zeros(()))
        for parameter in (*self.hidden.parameters(), *self.mix.parameters()):
            nn.init.zeros_(parameter)

    def forward(self, bases: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden states, and scores of all pairs as those of `heads.PairHead` without its score of the stem.

        *Shape:* (B, L) to (B, L, H) and (B, L, L)
        """
        tokens_BT = _tokens(bases)
        states = self.encoder(tokens_BT, tokens_BT != PAD_ID)[:, 1:-1]
        states = states * (bases != PAD_BASE)[..., None]
        query_BLR, key_BLR = self.query(states), self.key(states)
        scores_BLL = query_BLR @ key_BLR.transpose(1, 2) * query_BLR.shape[-1] ** -0.5
        return self.hidden(states), scores_BLL + scores_BLL.transpose(1, 2)


def _tokens(bases: Tensor) -> Tensor:
    """`<cls>`, the letters, `<eos>`. *Shape:* (B, L) to (B, T)"""
    letters_BL = torch.tensor(TOKENS, device=bases.device)[bases]
    begun_BT = functional.pad(letters_BL, (1, 0), value=CLS_ID)
    tokens_BT = functional.pad(begun_BT, (0, 1), value=PAD_ID)
    before_BT = functional.pad(begun_BT, (1, 0), value=PAD_ID)
    return tokens_BT.masked_fill((tokens_BT == PAD_ID) & (before_BT != PAD_ID), EOS_ID)


class CellFeatures(nn.Module):
    """What a cell of the map starts from."""

    def __init__(self, config: PairConfig) -> None:
        super().__init__()
        width, rank, wide = config.cell_width, config.product_rank, CELL * config.hidden_width
        self.row, self.column = nn.Linear(wide, width), nn.Linear(wide, width)
        self.row_factor, self.column_factor = nn.Linear(wide, rank), nn.Linear(wide, rank)
        self.base_pairs = nn.Parameter(0.1 * torch.randn(CELL * NUM_BASES, width, CELL * NUM_BASES))
        self.mix = nn.Conv2d(rank + NUM_DISTANCES + CELL * CELL + 1, width, 1)

    def forward(self, hidden_BLH: Tensor, bases: Tensor, prior_BLL: Tensor, has_prior: Tensor) -> Tensor:
        """*Shape:* (B, L, H), (B, L), (B, L, L) and (B,) to (B, C, M, M)"""
        hidden_BMK = _in_cells(hidden_BLH).flatten(2)
        mix, given = self.mix.weight[:, :-1], self.mix.weight[:, -1, 0, 0]
        row_BMC = self.row(hidden_BMK) + has_prior[:, None, None] * given
        features_BCMM = _outer_sum(row_BMC, self.column(hidden_BMK)) + self._base_pair_scores(bases)
        products_BRMM = _outer_product(self.row_factor(hidden_BMK), self.column_factor(hidden_BMK))
        distances = _distance_bumps(hidden_BMK.shape[1], hidden_BMK).expand(len(bases), -1, -1, -1)
        prior_B4MM = _cell_channels(prior_BLL)
        # A sum, written as a convolution: ONNX Runtime then keeps its own layout from here to the output.
        parts = torch.cat([features_BCMM, products_BRMM, distances, prior_B4MM], dim=1)
        same = torch.eye(len(mix), device=mix.device, dtype=mix.dtype)[..., None, None]
        return functional.conv2d(parts, torch.cat([same, mix], dim=1), self.mix.bias)

    def _base_pair_scores(self, bases: Tensor) -> Tensor:
        """A bilinear form over the bases of rows and columns. *Shape:* (B, L) to (B, C, M, M)"""
        one_hot = functional.one_hot(bases, NUM_BASES + 1)[..., :NUM_BASES].float()
        cells_BMK = _in_cells(one_hot).flatten(2)
        rows_BMCK = torch.unflatten(cells_BMK @ self.base_pairs.flatten(1), 2, self.base_pairs.shape[1:])
        return rows_BMCK.transpose(1, 2) @ cells_BMK[:, None].transpose(2, 3)


PRIOR_SCALE = 4.0
"""Log-odds run from about -7 to 7; divided by this they are of the size of the other features."""


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(relu(x)))), the first convolution dilated; starts as the identity.

    Cells beyond the end are zero after either convolution, as if the map ended there.
    """

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.wide = nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation)
        self.narrow = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.narrow.weight)

    def forward(self, x_BCMM: Tensor, mask_B1MM: Tensor | None) -> Tensor:
        wide_BCMM = _masked(functional.relu(self.wide(functional.relu(x_BCMM))), mask_B1MM)
        changed_BCMM: Tensor = self.narrow(wide_BCMM)
        return _masked(x_BCMM + changed_BCMM, mask_B1MM)


def _mask_cells(bases: Tensor) -> Tensor:
    """1 where a cell holds a nucleotide of both its rows and its columns. *Shape:* (B, L) to (B, 1, M, M)"""
    present_BM = _in_cells(bases != PAD_BASE).any(-1).float()
    return (present_BM[:, :, None] * present_BM[:, None, :])[:, None]


def _masked(x: Tensor, mask: Tensor | None) -> Tensor:
    return x if mask is None else x * mask.to(x.dtype)


def _cell_channels(scores_BLL: Tensor) -> Tensor:
    """Log-odds of the four pairs of each cell, scaled. *Shape:* (B, L, L) to (B, 4, M, M)"""
    cells = torch.unflatten(torch.unflatten(scores_BLL, 2, (-1, CELL)), 1, (-1, CELL))
    return cells.permute(0, 2, 4, 1, 3).flatten(1, 2) / PRIOR_SCALE


def _in_cells(x: Tensor) -> Tensor:
    """*Shape:* (B, L, ...) to (B, M, 2, ...)"""
    return torch.unflatten(x, 1, (-1, CELL))


def _outer_sum(rows_BMC: Tensor, columns_BMC: Tensor) -> Tensor:
    """*Shape:* (B, C, M, M)"""
    return rows_BMC.transpose(1, 2)[:, :, :, None] + columns_BMC.transpose(1, 2)[:, :, None, :]


def _outer_product(rows_BMR: Tensor, columns_BMR: Tensor) -> Tensor:
    """*Shape:* (B, R, M, M)"""
    return rows_BMR.transpose(1, 2)[:, :, :, None] * columns_BMR.transpose(1, 2)[:, :, None, :]


def _distance_bumps(num_cells: int, like: Tensor) -> Tensor:
    """Gaussian bumps over the logarithm of the distance. *Shape:* (12, M, M)"""
    position = torch.arange(num_cells, device=like.device, dtype=like.dtype)
    log_distance_MM = torch.log1p((position[:, None] - position).abs())
    centre = torch.linspace(0.5, 7.0, NUM_DISTANCES, device=like.device, dtype=like.dtype)
    return torch.exp(-3.0 * (log_distance_MM - centre[:, None, None]) ** 2)
