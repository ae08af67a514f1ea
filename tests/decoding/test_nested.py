"""The sparse dynamic program against every structure, one by one."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.decoding.nested import best_nested, decode_nested
from mprna.rna.canonical import check_structure
from mprna.rna.pseudoknots import has_pseudoknot
from mprna.rna.structure import check_pairs, pairs_from_dot_bracket

NOTHING = np.zeros(0, dtype=np.int64)


def score_of(pairs, gain_of, unpaired):
    paired = {position for pair in pairs for position in pair}
    return sum(gain_of[pair] for pair in pairs) + sum(
        value for position, value in enumerate(unpaired) if position not in paired
    )


def random_candidates(rng, length, density, *, integers):
    """Candidates of all spans; integers make many ties, real numbers make rounding."""
    i, j = np.nonzero(np.triu(rng.random((length, length)) < density, 1))
    draw = (lambda size: rng.integers(-2, 4, size).astype(float)) if integers else rng.normal
    return i, j, draw(size=len(i)) + 1, draw(size=length)


@pytest.mark.parametrize("integers", [True, False], ids=["ties", "reals"])
@pytest.mark.parametrize("seed", range(60))
def test_equals_brute_force(seed, integers, nested_structures):
    rng = np.random.default_rng(seed)
    length = int(rng.integers(1, 10))
    i, j, gains, unpaired = random_candidates(rng, length, rng.uniform(0.2, 1.0), integers=integers)
    gain_of = dict(zip(zip(i.tolist(), j.tolist(), strict=True), gains.tolist(), strict=True))
    may_pair = np.zeros((length, length), dtype=bool)
    may_pair[i, j] = True
    shuffled = rng.permutation(len(i))

    pairs = best_nested(i[shuffled], j[shuffled], gains[shuffled], unpaired, length=length)

    best = max(score_of(s, gain_of, unpaired) for s in nested_structures(may_pair, 0, length))
    assert score_of(list(map(tuple, pairs.tolist())), gain_of, unpaired) == pytest.approx(best, abs=1e-12)
    assert np.array_equal(check_pairs(pairs, length), pairs)
    assert not has_pseudoknot(pairs)


@pytest.mark.parametrize("max_span", range(1, 18))
def test_no_pair_is_longer_than_the_span(max_span):
    probs = np.zeros((16, 16), dtype=np.float32)
    for i in range(6):
        probs[i, 15 - i] = probs[15 - i, i] = 0.9
    short = [i for i in range(6) if 16 - 2 * i <= max_span]
    left = "".join("(" if i in short else "." for i in range(6))
    found = decode_nested("GGGGGGAAAACCCCCC", probs, max_span=max_span)
    assert found == f"{left}....{left[::-1].replace('(', ')')}"


@pytest.mark.parametrize("seed", range(4))
def test_equals_dense_dynamic_program(seed):
    """Long enough for deep nesting, many domains and every branch of the sparsification."""
    rng = np.random.default_rng(seed)
    length = 90
    i, j, gains, unpaired = random_candidates(rng, length, 0.15, integers=False)
    pairs = best_nested(i, j, gains, unpaired, length=length)
    gain_of = dict(zip(zip(i.tolist(), j.tolist(), strict=True), gains.tolist(), strict=True))
    reference = nussinov(gain_of, unpaired)
    assert score_of(list(map(tuple, pairs.tolist())), gain_of, unpaired) == pytest.approx(reference, abs=1e-9)


def nussinov(gain_of, unpaired):
    """The textbook recursion over dense tables, with no pruning of any kind."""
    length = len(unpaired)
    best = np.zeros((length + 1, length + 1))  # best[s, e]: positions s..e-1
    for s in range(length - 1, -1, -1):
        for e in range(s + 1, length + 1):
            options = [unpaired[s] + best[s + 1, e]]
            options += [
                gain_of[s, k] + best[s + 1, k] + best[k + 1, e] for k in range(s + 1, e) if (s, k) in gain_of
            ]
            best[s, e] = max(options)
    return best[0, length]


def test_nothing_to_pair():
    pairs = best_nested(NOTHING, NOTHING, np.zeros(0), np.zeros(5), length=5)
    assert pairs.shape == (0, 2)
    assert pairs.dtype == np.int64
    assert best_nested(NOTHING, NOTHING, np.zeros(0), np.zeros(0), length=0).shape == (0, 2)


def test_memory_and_time_grow_with_span_not_with_length():
    """20,000 nt of 50-nt stem loops; a full table would take 3 GB."""
    length, period = 20_000, 50
    starts = np.arange(0, length, period)
    i = np.concatenate([starts + shift for shift in range(20)])
    j = np.concatenate([starts + period - 1 - shift for shift in range(20)])
    begin = time.perf_counter()
    pairs = best_nested(i, j, np.ones(len(i)), np.zeros(length), length=length)
    assert len(pairs) == len(i)
    assert time.perf_counter() - begin < 10


def expected_accuracy(pairs, probs, gamma):
    """The MEA objective as written in the literature."""
    paired = {position for pair in pairs for position in pair}
    alone = [max(0.0, 1 - float(probs[p].sum(dtype=float))) for p in range(len(probs)) if p not in paired]
    return 2 * gamma * sum(float(probs[i, j]) for i, j in pairs) + sum(alone)


@pytest.mark.parametrize("gamma", [0.25, 1.0, 6.0])
@pytest.mark.parametrize("seed", range(25))
def test_decode_nested_is_the_most_accurate_structure(seed, gamma, valid_structures, symmetric_probs):
    rng = np.random.default_rng(seed)
    sequence = "".join(rng.choice(list("ACGUN"), p=[0.2, 0.25, 0.25, 0.25, 0.05], size=14))
    probs = symmetric_probs(rng, 14, sharpness=4.0)
    dot_bracket = decode_nested(sequence, probs, gamma=gamma)
    found = expected_accuracy(pairs_from_dot_bracket(dot_bracket).tolist(), probs, gamma)
    best = max(expected_accuracy(s, probs, gamma) for s in valid_structures(sequence))
    assert found == pytest.approx(best, abs=1e-9)


@given(sequence=st.text("ACGUN", min_size=1, max_size=60), seed=st.integers(0, 2**32 - 1))
def test_decode_nested_is_always_valid(sequence, seed, symmetric_probs):
    probs = symmetric_probs(np.random.default_rng(seed), len(sequence), sharpness=5.0)
    check_structure(sequence, decode_nested(sequence, probs, gamma=4.0))


@given(sequence=st.text("ACGUN", min_size=1, max_size=40), p=st.sampled_from([0.0, 0.5, 1.0]))
def test_probabilities_that_are_none_still_give_a_structure(sequence, p):
    """Rows may sum to far more than 1, where ViennaRNA's own MEA gives up without a word."""
    check_structure(sequence, decode_nested(sequence, np.full((len(sequence),) * 2, p, dtype=np.float32)))


def test_gamma_trades_pairs_for_unpaired():
    sequence = "GGGGAAAACCCC"
    probs = np.zeros((12, 12))
    for i in range(4):
        probs[i, 11 - i] = probs[11 - i, i] = 0.4
    assert decode_nested(sequence, probs, gamma=1.0) == "." * 12
    assert decode_nested(sequence, probs, gamma=2.0) == "((((....))))"
    assert decode_nested(sequence, probs, gamma=2.0, max_span=8) == "..((....)).."


@pytest.mark.parametrize(
    ("probs", "gamma", "message"),
    [
        (np.zeros((3, 4)), 1.0, "shape"),
        (np.full((4, 4), np.nan), 1.0, "outside"),
        (np.full((4, 4), 1.5), 1.0, "outside"),
        (np.full((4, 4), -1.0), 1.0, "outside"),
        (np.zeros((4, 4)), -1.0, "gamma"),
        (np.zeros((4, 4)), np.nan, "gamma"),
    ],
)
def test_bad_input(probs, gamma, message):
    with pytest.raises(ValueError, match=message):
        decode_nested("ACGU", probs, gamma=gamma)
