"""What `repair.py` is tested on: rows of RGB, and windows of a species held out with kinds of nucleotides."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))
from repair import HELD_OUT, substitute, training_pools, transcript_paths, transcripts, windows

from mprna.alphabet import clean_sequence
from mprna.folding.vienna import fold_mfe
from mprna.homology.relatives import Relatives
from mprna.rna.kmers import kmers_of

RATES = (0.001, 0.005, 0.01, 0.02, 0.05)
"""Of substitutions, simulated in the species held out."""
N_SHARE = 0.02
"""Of nucleotides made N."""
FLANK = 4
MIN_CODONS = 100
"""Of a reading frame."""


def rgb_rows(data_dir: Path, split: str) -> list[tuple[str, str]]:
    """Originals, and what became of them."""
    with gzip.open(data_dir / "rgb" / "RNA-SNMD" / f"{split}.jsonl.gz", "rt") as stream:
        rows = [json.loads(line) for line in stream]
    return [(clean_sequence(row["seq"]), clean_sequence(row["mut"])) for row in rows]


def words_of_32(sequences: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Words as numbers, and the sequence of each."""
    halves = kmers_of(sequences, 16)
    codes = (halves.codes[:-16].astype(np.uint64) << np.uint64(32)) | halves.codes[16:]
    valid = halves.valid[:-16] & halves.valid[16:]
    owner = np.searchsorted(halves.starts, np.arange(len(codes)), side="right") - 1
    return codes[valid], owner[valid]


def seen_in_pretraining(originals: list[str], data_dir: Path) -> np.ndarray:
    """Rows that share a 32-mer with the transcripts that `mini` was drawn from."""
    words, owner = words_of_32(originals)
    low_bits = np.uint64(2**24 - 1)
    maybe = np.zeros(2**24, dtype=bool)  # most words are told apart by these bits, without a search
    maybe[words & low_bits] = True
    shared = np.zeros(len(originals), dtype=bool)
    for path in transcript_paths(data_dir):
        pool = transcripts([path], lambda name: HELD_OUT not in name)
        if pool:
            found, _ = words_of_32(pool)
            shared[owner[np.isin(words, found[maybe[found & low_bits]])]] = True
    return shared


def other_genes(originals: list[str], data_dir: Path) -> Relatives:
    """The transcripts that `mini` was drawn from, without those that share a 32-mer with a row."""
    pool = training_pools(data_dir)[0]
    words, _ = words_of_32(originals)
    found, owner = words_of_32(pool)
    shared = np.zeros(len(pool), dtype=bool)
    shared[owner[np.isin(found, words)]] = True
    kept = np.flatnonzero(~shared).tolist()
    return Relatives([str(number) for number in kept], [pool[number] for number in kept])


class Places(NamedTuple):
    """Windows of the species held out, and what kind of nucleotide each is."""

    pairs: list[tuple[str, str, float]]
    classes: dict[str, np.ndarray]


def held_out_places(data_dir: Path, num_windows: int, length: int) -> Places:
    """`num_windows` at each of `RATES`."""
    rng = np.random.default_rng(1)
    pool = transcripts(transcript_paths(data_dir), lambda name: HELD_OUT in name)
    draws = windows(pool, length, rng)
    pairs, parts = [], []
    for rate in RATES:
        for _ in range(num_windows):
            sequence, start, original = next(draws)
            pairs.append((original, substitute(original, rate, rng, N_SHARE), rate))
            here = slice(start, start + len(original))
            parts.append((codon_positions(sequence)[here], is_paired(original), is_repeated(original)))
    codon, paired, repeated = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Places(
        pairs,
        {
            "codon position 1": codon == 1,
            "codon position 2": codon == 2,
            "codon position 3": codon == 3,
            "outside the reading frame": codon == 0,
            "paired": paired,
            "unpaired": ~paired,
            "repeated in the window": repeated,
            "not repeated": ~repeated,
        },
    )


def codon_positions(sequence: str) -> np.ndarray:
    """1-3 in the longest frame from AUG to a stop of at least `MIN_CODONS`, else 0. *Shape:* (L,)"""
    positions = np.zeros(len(sequence), dtype=np.int64)
    best = (MIN_CODONS - 1, 0)
    for frame in range(3):
        first = None
        for start in range(frame, len(sequence) - 2, 3):
            codon = sequence[start : start + 3]
            if codon == "AUG" and first is None:
                first = start
            elif codon in ("UAA", "UAG", "UGA") and first is not None:
                best = max(best, ((start - first) // 3, first))
                first = None
    num_codons, first = best
    if num_codons >= MIN_CODONS:
        positions[first : first + 3 * num_codons] = np.arange(3 * num_codons) % 3 + 1
    return positions


def is_paired(sequence: str) -> np.ndarray:
    """In ViennaRNA's structure. *Shape:* (L,)"""
    return np.array([symbol != "." for symbol in fold_mfe(sequence)[0]])


def is_repeated(sequence: str) -> np.ndarray:
    """Whether its `FLANK` neighbours on either side stand elsewhere in the sequence too. *Shape:* (L,)"""
    flanks = [
        sequence[max(i - FLANK, 0) : i] + " " + sequence[i + 1 : i + 1 + FLANK] for i in range(len(sequence))
    ]
    counts: dict[str, int] = {}
    for flank in flanks:
        counts[flank] = counts.get(flank, 0) + 1
    return np.array([counts[flank] > 1 for flank in flanks])
