from __future__ import annotations

import hashlib
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.corpus.dedup import SmallestKeys, content_digest, in_share, sample_keys


def test_digest_is_128_bits_of_the_content() -> None:
    assert content_digest("ACGU") == hashlib.blake2b(b"ACGU", digest_size=16).digest()
    assert content_digest("ACGU") != content_digest("ACGUA")


def test_keys_depend_on_content_and_seed_only() -> None:
    digest = content_digest("ACGU")
    assert sample_keys(digest, seed=1) == sample_keys(digest, seed=1)
    assert len({*sample_keys(digest, seed=1), *sample_keys(digest, seed=2)}) == 4


def test_keys_are_uniform_and_independent() -> None:
    keys = [sample_keys(content_digest("ACGU" * i), seed=0) for i in range(4000)]
    share = np.array([[in_share(key, 0.25) for key in pair] for pair in keys])
    assert share.mean(axis=0) == pytest.approx([0.25, 0.25], abs=0.03)
    assert share.all(axis=1).mean() == pytest.approx(0.0625, abs=0.02)


@pytest.mark.parametrize(("share", "expected"), [(0.0, (False, False)), (1.0, (True, True))])
def test_share_of_nothing_and_of_everything(share: float, expected: tuple[bool, bool]) -> None:
    assert (in_share(0, share), in_share(2**64 - 1, share)) == expected


@given(st.lists(st.integers(0, 40)), st.integers(1, 12))
def test_smallest_keys_equals_sorting(keys: list[int], size: int) -> None:
    sample = SmallestKeys(size)
    accepted = [sample.offer(key) for key in keys]
    limit = sample.limit()
    assert {key for key in keys if key <= limit} == set(sorted(set(keys))[:size])
    assert all(accepted[i] for i, key in enumerate(keys) if key <= limit)


def test_smallest_keys_of_a_long_stream_in_little_memory() -> None:
    rng = random.Random(3)
    keys = [rng.getrandbits(64) for _ in range(50_000)]
    sample = SmallestKeys(100)
    accepted = sum(sample.offer(key) for key in keys)
    assert {key for key in keys if key <= sample.limit()} == set(sorted(keys)[:100])
    # 1,224 before the first limit, then about 1,124 per doubling of the limit's precision.
    assert accepted < 6_000


def test_without_a_size_everything_is_kept() -> None:
    sample = SmallestKeys(None)
    assert sample.offer(2**64 - 1)
    assert sample.limit() == 2**64 - 1
