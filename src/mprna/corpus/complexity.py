"""Which slices are of low complexity: repeats of a few nucleotides, poly(A), and the like.

The measure is the DUST score (Morgulis et al., J. Comput. Biol. 13:1028, 2006) with the whole slice as its
window: sum of c_t (c_t - 1) / 2 / (l - 1), where triplet t occurs c_t times among l. As in PRINSEQ (Schmieder
and Edwards, Bioinformatics 27:863, 2011) it is scaled so that a homopolymer has 100, whatever its length, and
a score above 7 is low complexity. Random letters have 1.6.

Shape letters: S sequences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.rna.kmers import kmers_of

MAX_DUST: Final = 7.0
_NUM_TRIPLETS: Final = 64


def is_low_complexity(sequences: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Whether the DUST score of a clean sequence is above `MAX_DUST`. *Shape:* (S,)"""
    return dust_scores(sequences) > MAX_DUST


def dust_scores(sequences: Sequence[str]) -> npt.NDArray[np.float64]:
    """DUST score of every clean sequence, 0..100; triplets with N do not count. *Shape:* (S,)"""
    triplets = kmers_of(sequences, 3)
    bins = triplets.codes.astype(np.int64)
    bins += _NUM_TRIPLETS * triplets.owners()
    counts = np.bincount(bins[triplets.valid], minlength=_NUM_TRIPLETS * len(sequences))
    counts = counts.reshape(len(sequences), _NUM_TRIPLETS)
    present = counts.sum(axis=1)
    # sum / (l - 1) * 100 / (l / 2); nothing can repeat where there is one triplet or none
    repeats, most = (counts * (counts - 1)).sum(axis=1), present * (present - 1)
    return np.asarray(100 * repeats / np.maximum(most, 1))
