"""Slices that are nearly equal to another one, such as the rRNAs of related species.

Two slices are near-duplicates where the Jaccard index of their sets of 14-mers, estimated by MinHash (Broder,
1997), exceeds a share; datasketch's index finds who may be near. Slices are met in the order of their
digests, and one stays if it is near none that stayed before. So the result depends neither on the order of
the input nor on the number of processes; it does depend on the set of slices, as every greedy clustering.

Unlike everything else in a build, memory grows with the slices that stay: docs/corpus.md says how much.
Slices are compared as they were cut: the same transcript with another 5' end is cut at other places, and is
found only in part. Strands are as for exact duplicates.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from mprna.corpus.buckets import NUM_BUCKETS, Candidate, read_bucket
from mprna.corpus.dedup import DIGEST_BYTES, sample_keys
from mprna.errors import MissingExtraError
from mprna.files import replacing
from mprna.rna.kmers import WORD, kmers_of

_NUM_HASHES: Final = 64
_SCHEME: Final = "affine32"
_LEAST_FOUND: Final = 0.98
"""Of pairs at the share, by the index; what it finds is compared with the share itself."""

RULE_VERSION: Final = "2"
"""Goes up with every change of the rule that changes who stays."""


def write_near_duplicates(path: Path, buckets_dir: Path, *, key_limit: int, seed: int, share: float) -> None:
    """Write the digests of all slices that are to be left out, one after the other; whole or not at all.

    Args:
        path: the file to write.
        buckets_dir: written by the scan.
        key_limit: candidates with a larger sampling key are no part of the corpus.
        seed: of the sampling keys.
        share: Jaccard index above which two slices are near-duplicates, 0..1.

    Raises:
        MissingExtraError: datasketch is not installed.
    """
    index = _Index(share)
    with replacing(path) as partial, partial.open("wb") as file:
        for candidate in _distinct(buckets_dir, key_limit, seed):
            if not index.keeps(candidate.sequence):
                file.write(candidate.digest)


def read_near_duplicates(path: Path) -> frozenset[bytes]:
    """The digests that `write_near_duplicates` wrote."""
    content = path.read_bytes()
    return frozenset(content[i : i + DIGEST_BYTES] for i in range(0, len(content), DIGEST_BYTES))


def datasketch_version() -> str:
    """Version of the library whose hashes decide.

    Raises:
        MissingExtraError: it is not installed.
    """
    return str(_datasketch().__version__)


class _Index:
    """The slices that stayed, by their MinHash."""

    def __init__(self, share: float) -> None:
        datasketch = _datasketch()
        self._share = share
        self._lsh = datasketch.MinHashLSH(num_perm=_NUM_HASHES, params=_bands(share))
        self._empty = datasketch.MinHash(num_perm=_NUM_HASHES, scheme=_SCHEME, hashfunc=int)
        self._kept: list[Any] = []

    def keeps(self, sequence: str) -> bool:
        """Whether a clean sequence is near none before it; it is remembered then."""
        kmers = kmers_of([sequence], WORD)
        words = np.unique(kmers.codes[kmers.valid])
        if not len(words):
            return True
        minhash = self._empty.copy()
        minhash.update_batch(words.tolist())
        for key in self._lsh.query(minhash):
            if np.mean(self._kept[key] == minhash.hashvalues) > self._share:
                return False
        self._lsh.insert(len(self._kept), minhash)
        self._kept.append(minhash.hashvalues)
        return True


def _bands(share: float) -> tuple[int, int]:
    """How many bands the index has, and how many hashes each: the most that still find nearly all.

    Two slices meet in a band if all its hashes are equal, so b bands of r hashes find a pair of Jaccard index
    s with probability 1 - (1 - s^r)^b: few hashes find more, many give fewer candidates to compare.

    >>> _bands(0.8), _bands(0.95)
    ((12, 5), (5, 11))
    """
    for rows in range(_NUM_HASHES // 2, 1, -1):  # the index takes two bands or more
        bands = _NUM_HASHES // rows
        if 1 - (1 - share**rows) ** bands >= _LEAST_FOUND:
            return bands, rows
    return _NUM_HASHES, 1


def _distinct(buckets_dir: Path, key_limit: int, seed: int) -> Iterator[Candidate]:
    """Distinct candidates of the sample in the order of their digests; one bucket is in memory."""
    for bucket in range(NUM_BUCKETS):
        candidates = {candidate.digest: candidate for candidate in read_bucket(buckets_dir, bucket)}
        for digest in sorted(candidates):
            if sample_keys(digest, seed=seed)[0] <= key_limit:
                yield candidates[digest]


def _datasketch() -> Any:
    try:
        import datasketch
    except ImportError:
        raise MissingExtraError("leaving out near-duplicates", "dedup") from None
    return datasketch
