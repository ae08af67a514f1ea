"""RNAs as flat tensors, of which batches are made on the device by indices alone, and their file.

A packed file holds training and validation RNAs in a twentieth of the space of `ensembles.sqlite`, so that it
can be carried to a machine without ViennaRNA: every pair of either ensemble once, ordered along
antidiagonals, where stems lie, with its log-odds in steps of 0.1.

Letters: T nucleotides, K known pairs and P pairs of ensembles of all RNAs together, N RNAs.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from pair_data import Rna
from torch import Tensor

from mprna.files import replacing
from mprna.rna.bases import base_ids
from mprna.runtime.pair_engine import MIN_PRIOR

PACK_FORMAT = "mprna-pair-set 1"
STEP = 0.1
"""Of packed log-odds, in natural units."""
MIN_PACKED = 2e-3
"""Pairs that are less likely in both ensembles are not packed: they are a log-odds of 0.7 above nothing."""
FLOOR = float(np.log(MIN_PRIOR / (1 - MIN_PRIOR)))

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]


class Arrays(NamedTuple):
    """RNAs one after the other; positions count from the start of their RNA."""

    bases: npt.NDArray[np.uint8]  # (T,)
    log_ratios: FloatArray  # (T,), 0 where nothing was measured
    ends: IntArray  # (N,), of nucleotides
    known: npt.NDArray[np.int16]  # (K, 2)
    known_ends: IntArray  # (N,)
    pairs: npt.NDArray[np.int16]  # (P, 2), those of either ensemble, along antidiagonals
    probs: FloatArray  # (P, 2), by either energy model
    pair_ends: IntArray  # (N,)
    has_known: npt.NDArray[np.bool_]  # (N,)
    sources: npt.NDArray[np.str_]  # (N,), see `Rna.source`


class RnaSet:
    """RNAs on a device; what decides the shapes of a batch stays on the host, so that nothing waits."""

    def __init__(self, arrays: Arrays, device: torch.device) -> None:
        self.device = device
        self.sources = arrays.sources
        self.starts, self.lengths = _spans(arrays.ends)
        self.known_starts, self.num_known = _spans(arrays.known_ends)
        self.pair_starts, self.num_pairs = _spans(arrays.pair_ends)
        self.has_known = arrays.has_known
        ratio_sums = np.add.reduceat(np.abs(arrays.log_ratios), self.starts)
        self.is_mapped: npt.NDArray[np.bool_] = ratio_sums > 0
        self.bases, self.log_ratios, self.known, self.pairs, self.probs = (
            torch.from_numpy(array).to(device)
            for array in (arrays.bases, arrays.log_ratios, arrays.known, arrays.pairs, arrays.probs)
        )

    def __len__(self) -> int:
        return len(self.lengths)

    def to_device(self, array: IntArray) -> Tensor:
        """Without waiting for what the device is doing."""
        host = torch.from_numpy(array)
        if self.device.type == "cuda":
            host = host.pin_memory()
        return host.to(self.device, non_blocking=True)


def flatten(rnas: list[Rna]) -> Arrays:
    """The RNAs in their order."""
    known = [np.zeros((0, 2), np.int64) if rna.known is None else rna.known.positions for rna in rnas]
    pairs, probs, pair_ends = _both_ensembles(rnas)
    ratios = [
        np.zeros(len(rna.sequence), np.float32) if rna.log_ratios is None else rna.log_ratios for rna in rnas
    ]
    return Arrays(
        bases=np.concatenate([base_ids(rna.sequence) for rna in rnas]).astype(np.uint8),
        log_ratios=np.concatenate(ratios),
        ends=np.cumsum([len(rna.sequence) for rna in rnas]),
        known=np.concatenate(known).astype(np.int16),
        known_ends=np.cumsum([len(positions) for positions in known]),
        pairs=pairs,
        probs=probs,
        pair_ends=pair_ends,
        has_known=np.array([rna.known is not None for rna in rnas]),
        sources=np.array([rna.source for rna in rnas]),
    )


def only(arrays: Arrays, sources: list[str]) -> Arrays:
    """The RNAs of some sources.

    Raises:
        SystemExit: a source that none is of.
    """
    if missing := set(sources) - set(arrays.sources.tolist()):
        have = ", ".join(sorted(set(arrays.sources.tolist())))
        raise SystemExit(f"--only {' '.join(sorted(missing))}: no such source; there are {have}")
    kept = np.isin(arrays.sources, sources)

    def part(values: npt.NDArray[np.generic], ends: IntArray) -> npt.NDArray[np.generic]:
        return values[np.repeat(kept, _spans(ends)[1])]

    return Arrays(
        part(arrays.bases, arrays.ends),
        part(arrays.log_ratios, arrays.ends),
        _ends_of(arrays.ends, kept),
        part(arrays.known, arrays.known_ends),
        _ends_of(arrays.known_ends, kept),
        part(arrays.pairs, arrays.pair_ends),
        part(arrays.probs, arrays.pair_ends),
        _ends_of(arrays.pair_ends, kept),
        arrays.has_known[kept],
        arrays.sources[kept],
    )


def pack(sets: dict[str, Arrays], path: Path) -> None:
    """Write named sets into one file, rounded as the head of this file says."""
    columns = {
        f"{name}.{column}": values
        for name, arrays in sets.items()
        for column, values in _packed(arrays).items()
    }
    with replacing(path) as partial, partial.open("wb") as stream:
        np.savez_compressed(stream, format=np.array(PACK_FORMAT), **columns)


def unpack(path: Path) -> dict[str, Arrays]:
    """The inverse of `pack`, up to the rounding.

    Raises:
        SystemExit: a file of another format.
    """
    with np.load(path) as saved:
        if "format" not in saved or saved["format"].item() != PACK_FORMAT:
            raise SystemExit(f"{path}: not of format {PACK_FORMAT!r}; write it with --pack")
        columns = {name: saved[name] for name in saved.files if name != "format"}
    names = dict.fromkeys(name.split(".")[0] for name in columns)
    return {
        name: _unpacked({key.split(".")[1]: v for key, v in columns.items() if key.startswith(f"{name}.")})
        for name in names
    }


def _packed(arrays: Arrays) -> dict[str, npt.NDArray[np.generic]]:
    likely = (arrays.probs >= MIN_PACKED).any(1)
    pairs, probs = arrays.pairs[likely], arrays.probs[likely].astype(np.float64)
    clipped = probs.clip(MIN_PRIOR, 1 - MIN_PRIOR)
    codes = np.rint((np.log(clipped / (1 - clipped)) - FLOOR) / STEP).astype(np.uint8)
    values, ratio_codes = np.unique(arrays.log_ratios, return_inverse=True)
    sources, source_codes = np.unique(arrays.sources, return_inverse=True)
    return {
        "bases": arrays.bases,
        "log_ratio_values": values,
        "log_ratios": ratio_codes.astype(np.uint16),
        "ends": arrays.ends.astype(np.uint32),
        "known": arrays.known,
        "known_ends": arrays.known_ends.astype(np.uint32),
        "sums": np.diff(pairs.sum(1, dtype=np.int16), prepend=np.int16(0)),
        "firsts": np.diff(pairs[:, 0], prepend=np.int16(0)),
        "first_probs": codes[:, 0],
        "second_probs": codes[:, 1],
        "pair_ends": np.cumsum([0, *likely])[arrays.pair_ends].astype(np.uint32),
        "has_known": arrays.has_known,
        "source_names": sources,
        "sources": source_codes.astype(np.uint8),
    }


def _unpacked(columns: dict[str, npt.NDArray[np.generic]]) -> Arrays:
    firsts = np.cumsum(columns["firsts"], dtype=np.int16)
    sums = np.cumsum(columns["sums"], dtype=np.int16)
    codes = np.stack([columns["first_probs"], columns["second_probs"]], axis=1)
    probs = 1 / (1 + np.exp(-(np.arange(256) * STEP + FLOOR)))
    probs[0] = 0.0
    return Arrays(
        columns["bases"],
        columns["log_ratio_values"][columns["log_ratios"]],
        columns["ends"].astype(np.int64),
        columns["known"],
        columns["known_ends"].astype(np.int64),
        np.stack([firsts, sums - firsts], axis=1),
        probs.astype(np.float32)[codes],
        columns["pair_ends"].astype(np.int64),
        columns["has_known"],
        columns["source_names"][columns["sources"]],
    )


def _both_ensembles(rnas: list[Rna]) -> tuple[npt.NDArray[np.int16], FloatArray, IntArray]:
    """Pairs of either ensemble, their probabilities in both, and where those of an RNA end."""
    pairs, probs, counts = [], [], []
    for rna in rnas:
        positions = np.concatenate([ensemble.positions for ensemble in rna.ensembles])
        key = (positions.sum(1) << 16) | positions[:, 0]
        distinct, place = np.unique(key, return_inverse=True)
        by_model = np.zeros((len(distinct), 2), np.float32)
        model = np.repeat([0, 1], [len(ensemble.probs) for ensemble in rna.ensembles])
        by_model[place, model] = np.concatenate([ensemble.probs for ensemble in rna.ensembles])
        first = distinct & 0xFFFF
        pairs.append(np.stack([first, (distinct >> 16) - first], axis=1).astype(np.int16))
        probs.append(by_model)
        counts.append(len(distinct))
    return np.concatenate(pairs), np.concatenate(probs), np.cumsum(counts)


def _spans(ends: IntArray) -> tuple[IntArray, IntArray]:
    """Starts and lengths."""
    lengths = np.diff(ends, prepend=0)
    return ends - lengths, lengths


def _ends_of(ends: IntArray, kept: npt.NDArray[np.bool_]) -> IntArray:
    chosen: IntArray = np.cumsum(_spans(ends)[1][kept])
    return chosen
