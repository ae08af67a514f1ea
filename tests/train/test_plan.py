"""Every slice as often as its weight says, whatever the ranks and wherever their number changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.train.plan import SORT_WINDOW, EpochPlan, plan_epoch, slice_copies


def plan_of(
    lengths: list[int], copies: list[int] | None = None, *, batch_tokens: int = 300, epoch: int = 2
) -> EpochPlan:
    return plan_epoch(
        np.array(lengths),
        np.arange(len(lengths)) % 2 == 0,
        np.array(copies or [1] * len(lengths)),
        joint_share=0.3,
        batch_tokens=batch_tokens,
        seed=5,
        epoch=epoch,
    )


@given(
    st.lists(st.tuples(st.integers(1, 120), st.integers(0, 3)), min_size=1, max_size=60),
    st.sampled_from([1, 100, 300, 10_000]),
)
def test_batches_hold_every_copy_within_the_budget(slices: list[tuple[int, int]], batch_tokens: int) -> None:
    lengths, copies = (list(part) for part in zip(*slices, strict=True))
    plan = plan_of(lengths, copies, batch_tokens=batch_tokens)
    batches = [plan[number] for number in range(len(plan))]
    held = [index for batch in batches for index in batch.indices.tolist()]
    assert np.bincount(held, minlength=len(lengths)).tolist() == copies
    for batch in batches:
        tokens = [
            2 * lengths[i] + 3 if joint else lengths[i] + 2
            for i, joint in zip(batch.indices.tolist(), batch.joint.tolist(), strict=True)
        ]
        assert len(tokens) == 1 or len(tokens) * max(tokens) <= batch_tokens


def test_batches_are_as_full_as_the_budget_allows_and_little_padded() -> None:
    lengths = np.random.default_rng(0).integers(50, 1_024, 3 * SORT_WINDOW).tolist()
    plan = plan_of(lengths, batch_tokens=16_384)
    # 15 % of the slices (0.3 of the annotated half) are joint streams of twice the length.
    assert len(plan) * 16_384 < 1.1 * sum(1.15 * n + 2 for n in lengths)


def test_a_batch_may_fill_the_budget_exactly() -> None:
    plan = plan_epoch(
        np.full(6, 98), np.zeros(6, bool), np.ones(6, int), joint_share=0, batch_tokens=300, seed=0, epoch=0
    )
    assert [len(plan[number].indices) for number in range(len(plan))] == [3, 3]


def test_an_epoch_is_the_same_each_time_and_no_other() -> None:
    first, again, other = (plan_of([20] * 100, epoch=epoch) for epoch in (2, 2, 3))
    assert np.array_equal(first.indices, again.indices)
    assert np.array_equal(first.joint, again.joint)
    assert (first.indices != other.indices).any()
    assert (first.joint != other.joint).any()


def test_only_annotated_slices_are_joint_in_their_share() -> None:
    plan = plan_of([20] * 2_000)
    joint = np.concatenate([plan[number].indices[plan[number].joint] for number in range(len(plan))])
    assert (joint % 2 == 0).all()
    assert 0.25 < len(joint) / 1_000 < 0.35


def test_batches_of_long_and_short_slices_are_mixed() -> None:
    plan = plan_of(list(range(10, 110)) * 10)
    longest = [max(plan[number].indices % 100) for number in range(len(plan))]
    assert abs(np.corrcoef(longest, range(len(longest)))[0, 1]) < 0.3


@given(st.integers(1, 50), st.floats(0.01, 5.0), st.integers(1, 12))
def test_a_corpus_is_seen_as_often_as_its_weight_says(size: int, weight: float, num_epochs: int) -> None:
    epochs = [slice_copies([size], [weight], seed=1, epoch=epoch) for epoch in range(num_epochs)]
    seen = np.sum(epochs, axis=0)
    expected = num_epochs * weight
    assert set(seen.tolist()) <= {int(np.floor(expected)), int(np.ceil(expected))}
    assert abs(seen.sum() - size * expected) <= 1
    for copies in epochs:  # never a whole copy more or less in one epoch than in another
        assert abs(copies.sum() - size * weight) <= 1


def test_weights_of_two_corpora() -> None:
    first, second = (slice_copies([10, 40], [2.0, 0.5], seed=1, epoch=epoch) for epoch in (0, 1))
    assert first[:10].tolist() == second[:10].tolist() == [2] * 10
    assert first[10:].sum() == second[10:].sum() == 20
    assert (first[10:] + second[10:]).tolist() == [1] * 40
    assert first[10:30].sum() not in (0, 20)  # a random half


@pytest.mark.parametrize("weight", [1.0, 3.0])
def test_whole_weights_are_whole_copies(weight: float) -> None:
    for epoch in range(50):
        assert set(slice_copies([1_000], [weight], seed=7, epoch=epoch).tolist()) == {weight}
