"""What relatives say about which base stood at each nucleotide of an RNA.

How far the letter of a relative is believed depends on how many of its other letters are the same: of the
nearest ones, of those a multiple of three away, which in a reading frame are under the same constraint, and
of all.

Shape letters: L nucleotides, A aligned ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mprna.alphabet import NUCLEOTIDES
from mprna.homology.relatives import Relative
from mprna.rna.bases import UNKNOWN_BASE, base_ids
from mprna.softmax import sigmoid

Floats = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NEAR: Final = tuple(offset for step in range(1, 6) for offset in (-step, step))
IN_FRAME: Final = tuple(offset for step in range(3, 31, 3) for offset in (-step, step))

TRUST: Final = np.array([-1.105, 0.097, 0.526, 1.208])
"""Of a logistic regression on `identities` (`runs/relatives.py`): the constant, near, in frame, all."""

DEPENDENCE: Final = 0.75
"""What n relatives say is divided by n to this power: 0 if they were strangers to each other, 1 if all of
them said the same."""

TRANSITIONS: Final = 0.474
"""Share of A-G and C-U among the letters in which relatives differ."""


class BaseEvidence(NamedTuple):
    """What the relatives of one RNA say."""

    log_likelihood: Floats
    """Of each base, given their letters; 0 where there are none. *Shape:* (L, 4)"""
    num_relatives: IntArray
    """How many have a letter there. *Shape:* (L,)"""


def base_evidence(sequence: str, relatives: Sequence[Relative]) -> BaseEvidence:
    """Put together what relatives say of a clean sequence.

    Their log-likelihoods add up, but for what they say together (`DEPENDENCE`), since relatives of one RNA
    are relatives of each other too.
    """
    total = np.zeros((len(sequence), len(NUCLEOTIDES)))
    num_relatives = np.zeros(len(sequence), dtype=np.int64)
    bases = base_ids(sequence)
    for relative in relatives:
        own = bases[relative.alignment.first]
        letters = base_ids(relative.sequence)[relative.alignment.second]
        known = letters != UNKNOWN_BASE
        believed = letter_trust(letters == own, known & (own != UNKNOWN_BASE))
        places = relative.alignment.first[known]
        total[places] += _log_likelihood(letters[known], believed[known])
        num_relatives[places] += 1
    shared = np.maximum(num_relatives, 1.0) ** DEPENDENCE
    return BaseEvidence(total / shared[:, None], num_relatives)


def identities(same: Flags, known: Flags) -> Floats:
    """Log-odds of the share of other letters that are the same: near, in frame, all.

    Args:
        same: whether an aligned letter is the same in both RNAs. *Shape:* (A,)
        known: whether both are known; what is not does not count. *Shape:* (A,)

    *Shape:* (A, 3)
    """
    same = same & known
    everywhere = same.sum() - same, known.sum() - known
    alike = _neighbours(same, known, NEAR), _neighbours(same, known, IN_FRAME), everywhere
    return np.stack([np.log((num_same + 1.0) / (num - num_same + 0.5)) for num_same, num in alike], axis=1)


def letter_trust(same: Flags, known: Flags) -> Floats:
    """How probable it is that the letter of a relative is the base that stood there.

    Args:
        same, known: as of `identities`.

    *Shape:* (A,)
    """
    return sigmoid(TRUST[0] + identities(same, known) @ TRUST[1:])


def _neighbours(same: Flags, known: Flags, offsets: Sequence[int]) -> tuple[IntArray, IntArray]:
    """How many letters at these offsets are the same, and how many are known. *Shape:* (A,) each"""
    reach = max(offsets)
    places = reach + np.arange(len(same))[:, None] + np.array(offsets)
    num_same, num = (np.pad(flags.astype(np.int64), reach)[places].sum(axis=1) for flags in (same, known))
    return num_same, num


def _log_likelihood(letters: IntArray, believed: Floats) -> Floats:
    """Log-probability of the letters of a relative given each base. *Shape:* (A,) each, to (A, 4)"""
    base = np.arange(len(NUCLEOTIDES))
    same = letters[:, None] == base
    transition = (letters[:, None] + 2) % 4 == base  # A, C, G, U are 0, 1, 2, 3
    share = np.where(transition, TRANSITIONS, (1 - TRANSITIONS) / 2)
    return np.log(np.where(same, believed[:, None], (1 - believed[:, None]) * share))
