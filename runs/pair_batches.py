"""Batches of a pair network, made of an `RnaSet` on its device by tensor operations alone.

What is random about a batch is drawn first, so that the rest can be compared with a count by hand.

Shape letters: B sequences, L nucleotides (an even number), K known pairs of the batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from pair_set import FLOOR, RnaSet
from torch import Tensor

from mprna.alphabet import CANONICAL_PAIRS
from mprna.model.pair_network import PAD_BASE
from mprna.rna.bases import LETTERS
from mprna.rna.canonical import MIN_HAIRPIN
from mprna.runtime.pair_engine import MIN_PRIOR

MUTATED, MAX_MUTATED = 0.5, 0.4
"""Share of the known RNAs without prior that are changed, and most of their nucleotides that are."""
PAIRED_LETTERS = ("GC", "CG", "GC", "CG", "AU", "UA", "AU", "UA", "GU", "UG")
WINDOW, WINDOW_BATCHES = 512, 40
"""RNAs of a window: so many, or those of so many batches where batches are large."""
TYPICAL_CELLS = 20_000
"""Of an RNA, its length squared."""

IntArray = npt.NDArray[np.int64]


class Batch(NamedTuple):
    bases: Tensor  # (B, L)
    prior: Tensor  # (B, L, L), log-odds; of no meaning where there is none
    has_prior: Tensor  # (B,)
    paired: Tensor  # (B, L, L)
    counted: Tensor  # (B, L, L), pairs that could be, i < j
    log_ratios: Tensor  # (B, L), 0 where nothing was measured
    is_mapped: bool
    """Whether anything was measured."""


class Draws(NamedTuple):
    """What chance says of a batch."""

    share: Tensor  # (B,), of the first energy model in the prior
    shown: Tensor  # (B,), whether there is a prior
    rate: Tensor  # (B,), of changes
    chance: Tensor  # (B, L), an unpaired nucleotide changes where this is below the rate
    letters: Tensor  # (B, L), into what
    pair_chance: Tensor  # (K,), a known pair changes where this is below the rate
    pair_letters: Tensor  # (K,), into which of PAIRED_LETTERS


def draw(rnas: RnaSet, chosen: IntArray, size: int, prior_dropout: float, soft_prior_dropout: float) -> Draws:
    """By torch's global generators: the mixture of the prior, whether there is one, and the changes.

    Args:
        prior_dropout, soft_prior_dropout: share without a prior, with a known structure and without one.
    """
    num, num_known, device = len(chosen), int(rnas.num_known[chosen].sum()), rnas.device
    known = rnas.to_device(rnas.has_known[chosen].astype(np.int64)).bool()
    share, prior, changed, rate = torch.rand(4, num, device=device)
    shown = prior < 1 - torch.where(known, prior_dropout, soft_prior_dropout)
    return Draws(
        share,
        shown,
        MAX_MUTATED * rate * (known & ~shown & (changed < MUTATED)),
        torch.rand(num, size, device=device),
        torch.randint(4, (num, size), device=device),
        torch.rand(num_known, device=device),
        torch.randint(len(PAIRED_LETTERS), (num_known,), device=device),
    )


def no_draws(rnas: RnaSet, chosen: IntArray, size: int, *, with_prior: bool) -> Draws:
    """The even mixture or no prior, and no changes."""
    num, num_known, device = len(chosen), int(rnas.num_known[chosen].sum()), rnas.device
    nothing = torch.zeros(num, size, device=device)
    nowhere = torch.zeros(num_known, device=device)
    shown = torch.full((num,), with_prior, device=device)
    half, never = torch.full((num,), 0.5, device=device), torch.zeros(num, device=device)
    return Draws(half, shown, never, nothing, nothing.long(), nowhere, nowhere.long())


def make_batch(rnas: RnaSet, chosen: IntArray, size: int, draws: Draws) -> Batch:
    """The chosen RNAs, padded so that what stands beyond an end never counts."""
    starts, lengths = rnas.to_device(np.stack([rnas.starts[chosen], rnas.lengths[chosen]]))
    position = torch.arange(size, device=rnas.device)
    inside = position < lengths[:, None]
    place = (starts[:, None] + position).clamp(max=len(rnas.bases) - 1)
    bases = rnas.bases[place].long().masked_fill(~inside, PAD_BASE)
    known_row, known_flat = _entries(rnas, rnas.known_starts[chosen], rnas.num_known[chosen])
    known = rnas.known[known_flat].long()
    bases = _changed(bases, inside, known_row, known, draws)
    pair_row, pair_flat = _entries(rnas, rnas.pair_starts[chosen], rnas.num_pairs[chosen])
    i, j = rnas.pairs[pair_flat].long().T
    first, second = rnas.probs[pair_flat].T
    share = draws.share[pair_row]
    log_odds = torch.logit((share * first + (1 - share) * second).clamp(MIN_PRIOR, 1 - MIN_PRIOR))
    prior = torch.full((len(chosen), size, size), FLOOR, device=rnas.device)
    prior[pair_row, i, j] = log_odds
    prior[pair_row, j, i] = log_odds
    is_known = rnas.to_device(rnas.has_known[chosen].astype(np.int64))
    paired = torch.zeros_like(prior)
    paired[pair_row, i, j] = (1 - is_known)[pair_row] * (first + second) / 2
    paired[known_row, known[:, 0], known[:, 1]] = torch.ones(len(known), device=rnas.device)
    return Batch(
        bases,
        prior,
        draws.shown.float(),
        paired,
        _could_pair(bases, bases) & (position - position[:, None] > MIN_HAIRPIN),
        rnas.log_ratios[place] * inside,
        bool(rnas.is_mapped[chosen].any()),
    )


def _entries(rnas: RnaSet, starts: IntArray, counts: IntArray) -> tuple[Tensor, Tensor]:
    """Row in the batch and place in the set of every pair of the chosen RNAs."""
    total = int(counts.sum())
    shift, count = rnas.to_device(np.stack([starts - (np.cumsum(counts) - counts), counts]))
    row = torch.arange(len(counts), device=rnas.device).repeat_interleave(count, output_size=total)
    return row, torch.arange(total, device=rnas.device) + shift[row]


def _changed(bases: Tensor, inside: Tensor, row: Tensor, known: Tensor, draws: Draws) -> Tensor:
    """Other sequences for the same structures: canonical pairs become other ones. *Shape:* (B, L)"""
    i, j = known.T
    unpaired = inside.clone()
    unpaired[row, i] = unpaired[row, j] = torch.zeros_like(row, dtype=torch.bool)
    free = unpaired & (draws.chance < draws.rate[:, None])
    changed = torch.where(free, draws.letters, bases)
    first, second = bases[row, i], bases[row, j]
    other = (draws.pair_chance < draws.rate[row]) & _could_pair(first[:, None], second[:, None])[:, 0, 0]
    new = _tables(bases.device)[2][draws.pair_letters]
    changed[row, i] = torch.where(other, new[:, 0], first)
    changed[row, j] = torch.where(other, new[:, 1], second)
    return changed


def _could_pair(rows: Tensor, columns: Tensor) -> Tensor:
    """Whether letters are canonical pairs. *Shape:* (B, I) and (B, J) to (B, I, J)"""
    partners, bits, _ = _tables(rows.device)
    return (partners[rows][:, :, None] & bits[columns][:, None, :]) != 0


@cache
def _tables(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """By base: a set of the bases it pairs with, as bits, and its own bit; then PAIRED_LETTERS as bases."""
    bits = [1 << n if letter != "N" else 0 for n, letter in enumerate(LETTERS)] + [0]
    partners = [
        sum(bits[LETTERS.index(y)] for y in LETTERS if x + y in CANONICAL_PAIRS) for x in LETTERS + " "
    ]
    letters = [[LETTERS.index(base) for base in pair] for pair in PAIRED_LETTERS]
    return (
        torch.tensor(partners, dtype=torch.uint8, device=device),
        torch.tensor(bits, dtype=torch.uint8, device=device),
        torch.tensor(letters, device=device),
    )


def padded(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple


def batches(
    lengths: IntArray, rng: np.random.Generator, max_cells: int, multiple: int
) -> Iterator[tuple[IntArray, int]]:
    """Endless: RNAs of like length, out of windows in random order, and what they are padded to."""
    window = max(WINDOW, WINDOW_BATCHES * max_cells // TYPICAL_CELLS)
    while True:
        order = rng.permutation(len(lengths))
        groups: list[IntArray] = []
        for first in range(0, len(order), window):
            groups += like_length(order[first : first + window], lengths, max_cells, multiple)
        for number in rng.permutation(len(groups)):
            yield groups[number], padded(int(lengths[groups[number]].max()), multiple)


def like_length(chosen: IntArray, lengths: IntArray, max_cells: int, multiple: int) -> list[IntArray]:
    """Groups from the shortest to the longest, each of at most so many cells, or of one RNA."""
    ordered = chosen[np.argsort(lengths[chosen], kind="stable")]
    groups: list[list[int]] = [[]]
    for n in ordered.tolist():
        if groups[-1] and (len(groups[-1]) + 1) * padded(int(lengths[n]), multiple) ** 2 > max_cells:
            groups.append([])
        groups[-1].append(n)
    return [np.array(group) for group in groups]
