"""The heads: from hidden states to tokens, original bases, structure labels and pairing partners.

Shape letters: B sequences, T tokens, H hidden width, R rank of the partner scores.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mprna.alphabet import (
    CANONICAL_PAIRS,
    CLS_ID,
    NUCLEOTIDE_IDS,
    NUCLEOTIDES,
    PAD_ID,
    STRUCTURE_SYMBOLS,
    VOCABULARY,
)
from mprna.model.config import ModelConfig
from mprna.model.encoder import LAYER_NORM_EPS

MIN_PAIR_SPAN = 4
"""Smallest j - i of a pair: a hairpin has at least three unpaired bases."""


class TokenHead(nn.Module):
    """ESM's language-model head: linear, GELU, norm, and a decoder tied to the embedding."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_width, config.hidden_width)
        self.norm = nn.LayerNorm(config.hidden_width, eps=LAYER_NORM_EPS)
        self.decoder = nn.Linear(config.hidden_width, config.vocab_size)

    def forward(self, x: Tensor) -> Tensor:
        """*Shape:* (..., H) to (..., 24)"""
        logits: Tensor = self.decoder(self.norm(functional.gelu(self.dense(x))))
        return logits


class RepairHead(nn.Module):
    """Logits over `A C G U`: which base stood at each position before it was substituted."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_width, config.hidden_width)
        self.norm = nn.LayerNorm(config.hidden_width, eps=LAYER_NORM_EPS)
        self.classifier = nn.Linear(config.hidden_width, len(NUCLEOTIDES))

    def forward(self, x: Tensor) -> Tensor:
        """*Shape:* (..., H) to (..., 4)"""
        logits: Tensor = self.classifier(self.norm(functional.gelu(self.dense(x))))
        return logits


class StructureHead(nn.Module):
    """Logits over `( ) .` per nucleotide; two linear layers without activation, as in the published model."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_width, config.hidden_width)
        self.classifier = nn.Linear(config.hidden_width, len(STRUCTURE_SYMBOLS))

    def forward(self, x: Tensor) -> Tensor:
        """*Shape:* (..., H) to (..., 3)"""
        logits: Tensor = self.classifier(self.dense(x))
        return logits


class PairHead(nn.Module):
    """Logits over the partners of each nucleotide: a low-rank bilinear score plus a score of the stem.

    Column 0, the `<cls>` token, stands for "unpaired", so that a softmax over a row is the
    distribution of that nucleotide's partner.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.query = nn.Linear(config.hidden_width, config.pair_width)
        self.key = nn.Linear(config.hidden_width, config.pair_width)
        self.stem = StemScore()

    def forward(self, x_BTH: Tensor, input_ids: Tensor) -> Tensor:
        """Partner logits; those of impossible partners (too close, special tokens) are the lowest float.

        *Shape:* (B, T, H) and (B, T) to (B, T, T)
        """
        query_BTR, key_BTR = self.query(x_BTH), self.key(x_BTH)
        scores_BTT: Tensor = query_BTR @ key_BTR.transpose(1, 2) * query_BTR.shape[-1] ** -0.5
        scores_BTT = scores_BTT + self.stem(input_ids)
        scores_BTT = (scores_BTT + scores_BTT.transpose(1, 2)).float()
        return scores_BTT.masked_fill(~_possible_partners(input_ids), torch.finfo(torch.float32).min)


class StemScore(nn.Module):
    """A score of the pair (i, j) from letters alone: the bases around i against the bases around j.

    Each channel is a bilinear form over two windows of one-hot bases, so that it can count the pairs
    stacked on (i, j), mismatches and bulges; a sum of rectified channels is the score.
    """

    num_channels = 16
    reach = 4
    num_classes = 5
    """A C G U, and everything else."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = nn.Parameter(_initial_stack(self.num_channels, self.reach, self.num_classes))
        self.bias = nn.Parameter(torch.zeros(self.num_channels, 1, 1))
        self.score = nn.Parameter(torch.full((self.num_channels, 1, 1), 1 / self.num_channels))

    def forward(self, input_ids: Tensor) -> Tensor:
        """*Shape:* (B, T) to (B, T, T)"""
        windows_B1TW = self._windows(input_ids)[:, None]
        channels_BCTT = windows_B1TW @ self.stack @ windows_B1TW.transpose(2, 3)
        scores_BTT = (functional.relu(channels_BCTT + self.bias) * self.score).sum(1)
        # "Unpaired" has no stem: the window of <cls> holds the first bases, which say nothing of i.
        nucleotide_BT = _is_nucleotide(input_ids)
        return scores_BTT * (nucleotide_BT[:, :, None] & nucleotide_BT[:, None, :])

    def _windows(self, input_ids: Tensor) -> Tensor:
        """One-hot bases at i - reach … i + reach, zeros beyond the ends. *Shape:* (B, T) to (B, T, W)"""
        one_hot_BTC = functional.one_hot(_base_classes(input_ids), self.num_classes).to(self.stack.dtype)
        # Padding looks like the space beyond the ends, so that it cannot change a score.
        one_hot_BTC = one_hot_BTC * (input_ids != PAD_ID)[..., None]
        padded = functional.pad(one_hot_BTC, (0, 0, self.reach, self.reach))
        tokens = input_ids.shape[1]
        return torch.cat([padded[:, k : k + tokens] for k in range(2 * self.reach + 1)], dim=-1)


def _base_classes(input_ids: Tensor) -> Tensor:
    """0-3 for A C G U, 4 for every other token."""
    table = torch.full((len(VOCABULARY),), len(NUCLEOTIDES), device=input_ids.device)
    table[list(NUCLEOTIDE_IDS)] = torch.arange(len(NUCLEOTIDES), device=input_ids.device)
    return table[input_ids]


def _initial_stack(num_channels: int, reach: int, num_classes: int) -> Tensor:
    """Noise, plus 1 for canonical and -1 for other pairs along the stem, fading with the distance."""
    steps = 2 * reach + 1
    stack = torch.randn(num_channels, steps, num_classes, steps, num_classes) * 0.1
    for k in range(-reach, reach + 1):
        for a, first in enumerate(NUCLEOTIDES):
            for b, second in enumerate(NUCLEOTIDES):
                sign = 1.0 if first + second in CANONICAL_PAIRS else -1.0
                stack[:, reach + k, a, reach - k, b] += sign / (1 + abs(k))
    return stack.view(num_channels, steps * num_classes, steps * num_classes)


def _possible_partners(input_ids: Tensor) -> Tensor:
    """True where column token j can be the partner of row token i; `<cls>` always can."""
    positions = torch.arange(input_ids.shape[1], device=input_ids.device)
    far_TT = (positions[:, None] - positions[None, :]).abs() >= MIN_PAIR_SPAN
    nucleotide_BT = _is_nucleotide(input_ids)
    unpaired_BT = input_ids == CLS_ID
    return (far_TT[None] & nucleotide_BT[:, None, :]) | unpaired_BT[:, None, :]


def _is_nucleotide(input_ids: Tensor) -> Tensor:
    """True for letters and `<mask>`: everything but `<cls> <pad> <eos> <unk>` and structure symbols."""
    letters = [i for i, token in enumerate(VOCABULARY) if token.isalpha() or token == "<mask>"]
    table = torch.zeros(len(VOCABULARY), dtype=torch.bool, device=input_ids.device)
    table[letters] = True
    return table[input_ids]
