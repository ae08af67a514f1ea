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

Floats = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

NEAR: Final = tuple(offset for step in range(1, 6) for offset in (-step, step))
IN_FRAME: Final = tuple(offset for step in range(3, 31, 3) for offset in (-step, step))

TRUST: Final = np.array([-1.105, 0.097, 0.526, 1.208])
"""Of a logistic regression on `identities` (`runs/relatives.py`): the constant, near, in frame, all."""

DEPENDENCE: Final = 0.75
"""What n relatives say is divided by n to this power: 0 if they were strangers to each other, 1 if all of
them said the same."""

TRANSITIONS: Final = 0.474
"""Share of A-G and C-U among the letters in which relatives differ."""

_OTHER_LETTER: Final = 4
_CODES: Final = np.full(256, _OTHER_LETTER)
_CODES[np.frombuffer(NUCLEOTIDES.encode(), dtype=np.uint8)] = range(4)


class BaseEvidence(NamedTuple):
    """The word of the relatives of one RNA."""

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
    codes = _codes(sequence)
    for relative in relatives:
        letters = _codes(relative.sequence)[relative.alignment.second]
        believed = trust(letters == codes[relative.alignment.first])
        known = letters != _OTHER_LETTER
        places = relative.alignment.first[known]
        total[places] += _log_likelihood(letters[known], believed[known])
        num_relatives[places] += 1
    shared = np.maximum(num_relatives, 1.0) ** DEPENDENCE
    return BaseEvidence(total / shared[:, None], num_relatives)


def identities(same: npt.NDArray[np.bool_]) -> Floats:
    """Log-odds of the share of other letters that are the same: near, in frame, all.

    Args:
        same: whether an aligned letter is the same in both RNAs. *Shape:* (A,)

    *Shape:* (A, 3)
    """
    everywhere = same.sum() - same, np.full(len(same), len(same) - 1)
    alike = _neighbours(same, NEAR), _neighbours(same, IN_FRAME), everywhere
    return np.stack([np.log((num_same + 1.0) / (num - num_same + 0.5)) for num_same, num in alike], axis=1)


def trust(same: npt.NDArray[np.bool_]) -> Floats:
    """How probable it is that the letter of a relative is the base that stood there. *Shape:* (A,)"""
    return np.asarray(1 / (1 + np.exp(-(TRUST[0] + identities(same) @ TRUST[1:]))))


def _neighbours(same: npt.NDArray[np.bool_], offsets: Sequence[int]) -> tuple[IntArray, IntArray]:
    """How many letters at these offsets are the same, and how many there are. *Shape:* (A,) each"""
    reach = max(offsets)
    padded, exists = (np.pad(values.astype(np.int64), reach) for values in (same, np.ones_like(same)))
    places = reach + np.arange(len(same))[:, None] + np.array(offsets)
    return padded[places].sum(axis=1), exists[places].sum(axis=1)


def _log_likelihood(letters: IntArray, believed: Floats) -> Floats:
    """Log-probability of the letters of a relative given each base. *Shape:* (A,) each, to (A, 4)"""
    base = np.arange(len(NUCLEOTIDES))
    same = letters[:, None] == base
    transition = (letters[:, None] + 2) % 4 == base  # A, C, G, U are 0, 1, 2, 3
    share = np.where(transition, TRANSITIONS, (1 - TRANSITIONS) / 2)
    return np.log(np.where(same, believed[:, None], (1 - believed[:, None]) * share))


def _codes(sequence: str) -> IntArray:
    return np.asarray(_CODES[np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)])
