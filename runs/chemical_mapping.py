"""What chemical mapping says of a structure: reactive nucleotides are likely to be unpaired.

Reactivities are turned into log-likelihood ratios, unpaired against paired, by histograms per base. Nobody
knows which of the measured nucleotides pair, so the histograms are fitted by expectation maximisation from
the probabilities of an ensemble (the idea is EternaFold's; Wayment-Steele et al., Nature Methods 2022).

Shape letters: B sequences, L nucleotides.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from mprna.alphabet import clean_sequence

EDGES = np.linspace(0.0, 2.5, 26)
"""Of the bins of a histogram; the first and the last are open."""
PSEUDOCOUNT, NUM_ITERATIONS = 5, 10
MIN_PROB = 0.02
"""Of being unpaired, and of being paired, in the ensemble."""
MAX_LOG_RATIO = 3.0
HELD_OUT_FOLD = 0
"""The similarity fold of OpenVaccine that is not learned from."""

FloatArray = npt.NDArray[np.float32]


class Profile(NamedTuple):
    sequence: str
    reactivity: FloatArray
    """Of the first nucleotides, at most L."""


def read_profiles(paths: Iterable[Path]) -> tuple[list[Profile], list[Profile]]:
    """To learn from, and held out; neither those of low quality nor those of RGB's test split."""
    learned, held_out = [], []
    for path in paths:
        with gzip.open(path, "rt") as stream:
            rows = [json.loads(line) for line in stream]
        for row in rows:
            if row.get("SN_filter", 1) != 1 or row.get("in_rgb_mrna_test"):
                continue
            profile = Profile(clean_sequence(row["sequence"]), np.array(row["reactivity"], np.float32))
            (held_out if row.get("kfold") == HELD_OUT_FOLD else learned).append(profile)
    return learned, held_out


def fit_log_ratios(profiles: list[Profile], unpaired: list[FloatArray]) -> FloatArray:
    """Log-likelihood ratios by base and bin of reactivity.

    Args:
        unpaired: probabilities that nucleotides are unpaired in an ensemble, at least of those measured.

    Returns:
        *Shape:* (4, 27)
    """
    base, bin_, prior = (
        np.concatenate(parts) for parts in zip(*_observations(profiles, unpaired), strict=True)
    )
    cell = base * (len(EDGES) + 1) + bin_
    prior_log_odds = np.log(prior / (1 - prior))
    posterior = prior
    for _ in range(NUM_ITERATIONS):
        log_ratio = np.log(_histograms(cell, posterior) / _histograms(cell, 1 - posterior))
        posterior = 1 / (1 + np.exp(-(log_ratio.flatten()[cell] + prior_log_odds)))
    return log_ratio.clip(-MAX_LOG_RATIO, MAX_LOG_RATIO).astype(np.float32)


def log_ratios_of(profile: Profile, by_bin: FloatArray) -> FloatArray:
    """Of every nucleotide; 0 where nothing was measured. *Shape:* (L,)"""
    ratios = np.zeros(len(profile.sequence), dtype=np.float32)
    base, bin_ = _bins(profile)
    ratios[: len(base)] = by_bin[base, bin_]
    return ratios


def mapping_loss(log_odds: Tensor, counted: Tensor, log_ratios: Tensor) -> Tensor:
    """Negative log-likelihood of the reactivities, summed; nucleotides of ratio 0 add nothing.

    Args:
        log_odds: of every pair. *Shape:* (B, L, L)
        counted: pairs that could be, i < j. *Shape:* (B, L, L)
        log_ratios: *Shape:* (B, L)
    """
    either_way = counted | counted.transpose(1, 2)
    unpaired = (functional.logsigmoid(-log_odds.float()) * either_way).sum(2).exp()
    return -torch.log1p(unpaired * torch.expm1(log_ratios)).sum()


def _bins(profile: Profile) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Base and bin of the measured nucleotides."""
    measured = profile.sequence[: len(profile.reactivity)]
    return np.array(["ACGU".index(base) for base in measured]), np.digitize(profile.reactivity, EDGES)


def _observations(
    profiles: list[Profile], unpaired: list[FloatArray]
) -> Iterable[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], FloatArray]]:
    for profile, probs in zip(profiles, unpaired, strict=True):
        base, bin_ = _bins(profile)
        yield base, bin_, probs[: len(base)].clip(MIN_PROB, 1 - MIN_PROB)


def _histograms(cell: npt.NDArray[np.int64], weights: FloatArray) -> npt.NDArray[np.float64]:
    """*Shape:* (4, 27)"""
    num_bins = len(EDGES) + 1
    counts = np.bincount(cell, weights, minlength=4 * num_bins).reshape(4, num_bins) + PSEUDOCOUNT
    shares: npt.NDArray[np.float64] = counts / counts.sum(1, keepdims=True)
    return shares
