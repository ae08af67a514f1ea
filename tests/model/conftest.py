"""Networks whose every parameter counts: the zero biases and unit norms of fresh ones hide mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mprna.alphabet import MASK_ID
from mprna.model.config import ModelConfig
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS
from mprna.tokenizer import Tokenizer


@pytest.fixture(autouse=True)
def _same_numbers() -> Iterator[None]:
    """Every test starts from one random state and leaves the global one as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(20240811)
        yield


@pytest.fixture(scope="session")
def shuffled() -> Callable[[nn.Module], nn.Module]:
    """Gives every parameter of a network new random values, in place."""

    def shuffle(module: nn.Module) -> nn.Module:
        generator = torch.Generator().manual_seed(7)
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                parameter.normal_(std=0.08, generator=generator)
                if "norm" in name.lower() and name.endswith("weight"):
                    parameter.add_(1.0)
        return module.eval()

    return shuffle


@pytest.fixture
def nano() -> ModelConfig:
    return PRESETS["nano"]


@pytest.fixture
def model(nano: ModelConfig, shuffled: Callable[[nn.Module], nn.Module]) -> MprnaModel:
    network = MprnaModel(nano)
    shuffled(network)
    return network


@pytest.fixture(scope="session")
def batch() -> tuple[Tensor, Tensor]:
    """Three sequences of unequal length, two of them with `<mask>` tokens: `input_ids`, `attention_mask`."""
    rng = np.random.default_rng(3)
    rows = [Tokenizer().encode("".join(rng.choice(list("ACGUN"), length))) for length in (61, 40, 7)]
    rows[0][[2, 9, 10, 33]] = MASK_ID
    rows[1][5] = MASK_ID
    input_ids, attention_mask = Tokenizer.pad(rows)
    return torch.from_numpy(input_ids), torch.from_numpy(attention_mask)
