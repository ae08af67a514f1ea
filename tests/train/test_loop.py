"""What one step reports of its batches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from mprna.objectives.objective import LossSum
from mprna.train.config import LoopConfig
from mprna.train.loop import _compute_gradients, _sigterm


class Constant:
    """A learner whose losses are the numbers in its batches, times a weight of 1."""

    def __init__(self) -> None:
        self.model = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.ones_(self.model.weight)
        self.weights = {"always": 1.0, "seldom": 0.5, "never": 2.0}

    def losses(self, batch: Any) -> dict[str, LossSum]:
        one = self.model.weight.sum()
        return {
            name: LossSum(one * total, torch.tensor(scored), torch.tensor(0.0))
            for name, (total, scored) in batch.parts.items()
        }


def test_losses_are_per_scored_token_of_all_batches() -> None:
    """A batch without labels for an objective takes nothing from what is reported of it."""
    mask = torch.tensor([[1, 1, 1, 0]])
    batches: list[Any] = [
        SimpleNamespace(parts={"always": (6.0, 3.0), "seldom": (8.0, 2.0)}, attention_mask=mask),
        SimpleNamespace(parts={"always": (4.0, 1.0)}, attention_mask=mask),
    ]
    config = LoopConfig(num_steps=1, learning_rate=1.0, accumulate_batches=2, bfloat16=False)
    metrics = _compute_gradients(Constant(), batches, config)  # type: ignore[arg-type]
    assert metrics == {
        "loss": pytest.approx((2 + 0.5 * 4 + 4) / 2),
        "always_loss": pytest.approx(10 / 4),
        "seldom_loss": pytest.approx(4),
        "tokens": 6,
        "padding": pytest.approx(0.25),
        "gradient_norm": pytest.approx(4),
    }


def test_a_batch_in_which_nothing_is_scored_teaches_nothing() -> None:
    mask = torch.tensor([[1, 1]])
    nothing: Any = SimpleNamespace(parts={"always": (0.0, 0.0)}, attention_mask=mask)
    something: Any = SimpleNamespace(parts={"always": (6.0, 3.0)}, attention_mask=mask)
    config = LoopConfig(num_steps=1, learning_rate=1.0, accumulate_batches=2, bfloat16=False)
    metrics = _compute_gradients(Constant(), [nothing, something], config)  # type: ignore[arg-type]
    assert (metrics["loss"], metrics["always_loss"], metrics["tokens"]) == (1, 2, 4)
    metrics = _compute_gradients(Constant(), [nothing, nothing], config)  # type: ignore[arg-type]
    assert metrics == {"loss": 0, "tokens": 4, "padding": 0, "gradient_norm": 0}


def test_a_thread_trains_without_hearing_of_signals() -> None:
    def signals() -> list[int]:
        with _sigterm() as received:
            return received

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(signals).result() == []
