"""The schedule's corner points, and which parameters decay."""

from __future__ import annotations

import dataclasses

import pytest
from torch import nn

from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS
from mprna.train.optim import learning_rate_at, make_optimizer
from mprna.train.recipes import smoke

CONFIG = dataclasses.replace(smoke(), num_steps=110, warmup_steps=10, learning_rate=1.0)


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 0.1), (4, 0.5), (9, 1.0), (10, 1.0), (60, 0.5), (109, 0.01), (110, 0.0)]
)
def test_linear_warm_up_then_linear_decay(step: int, expected: float) -> None:
    assert learning_rate_at(step, CONFIG) == pytest.approx(expected)


def test_only_matrices_of_linear_layers_decay() -> None:
    model = MprnaModel(PRESETS["nano"])
    decayed, others = make_optimizer(model, CONFIG).param_groups
    names = {id(p): name for name, p in model.named_parameters()}
    assert decayed["weight_decay"] == CONFIG.weight_decay
    assert others["weight_decay"] == 0
    linear = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    # The decoder is tied to the embedding, goes by its name, and does not decay.
    assert {names[id(p)] for p in decayed["params"]} == linear & set(names.values())
    assert len(decayed["params"]) + len(others["params"]) == len(names)
