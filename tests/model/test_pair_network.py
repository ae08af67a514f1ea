"""The pair network: what must hold for any weights."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from mprna.errors import ModelError
from mprna.model.config import ModelConfig
from mprna.model.pair_network import PAD_BASE, PairConfig, PairNetwork
from mprna.tokenizer import Tokenizer

SIZES = {"num_layers": 1, "hidden_width": 16, "num_heads": 2, "feed_forward_width": 16}
SMALL = PairConfig(**SIZES, cell_width=8)
PRETRAINED = PairConfig(**SIZES, cell_width=8, pretrained=ModelConfig(**SIZES))


@pytest.fixture(params=[SMALL, PRETRAINED], ids=["small", "pretrained"])
def network(request, shuffled) -> PairNetwork:
    return shuffled(PairNetwork(request.param))


def example(length: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Bases and a symmetric prior."""
    generator = torch.Generator().manual_seed(seed)
    prior = torch.randn(1, length, length, generator=generator)
    return torch.randint(0, 5, (1, length), generator=generator), prior + prior.transpose(1, 2)


def padded(bases: Tensor, prior: Tensor, padding: int) -> tuple[Tensor, Tensor]:
    return (
        functional.pad(bases, (0, padding), value=PAD_BASE),
        functional.pad(prior, (0, padding, 0, padding), value=-7.0),
    )


@torch.no_grad()
def test_log_odds_are_symmetric_and_finite(network):
    bases, prior = example(30)
    log_odds = network(bases, prior, torch.ones(1))
    assert log_odds.shape == (1, 30, 30)
    assert log_odds.isfinite().all()
    torch.testing.assert_close(log_odds, log_odds.transpose(1, 2))


@torch.no_grad()
@pytest.mark.parametrize(("length", "padding"), [(30, 2), (30, 26), (29, 27)])
def test_padding_changes_nothing(network, length, padding):
    bases, prior = padded(*example(length), length % 2)  # the shortest even length
    expected = network(bases, prior, torch.ones(1))
    found = network(*padded(bases, prior, padding - length % 2), torch.ones(1))
    torch.testing.assert_close(found[:, :length, :length], expected[:, :length, :length])


@torch.no_grad()
def test_a_prior_counts_where_it_is_given_and_nowhere_else(network):
    (bases, prior), (_, other) = example(20), example(20, seed=1)
    both = bases.expand(2, -1)
    given = torch.tensor([0.0, 1.0])
    one = network(both, prior.expand(2, -1, -1), given)
    two = network(both, other.expand(2, -1, -1), given)
    torch.testing.assert_close(one[0], two[0], rtol=0, atol=0)
    assert (one[1] - two[1]).abs().max() > 0.01


@torch.no_grad()
def test_the_scale_is_for_rnas_without_a_prior():
    network, (bases, prior) = PairNetwork(SMALL), example(20)
    scaled = PairNetwork(dataclasses.replace(SMALL, alone_scale=1.5))
    scaled.load_state_dict(network.state_dict())
    given = bases.expand(2, -1), prior.expand(2, -1, -1), torch.tensor([0.0, 1.0])
    alone, beside = network(*given)
    torch.testing.assert_close(scaled(*given), torch.stack([1.5 * alone, beside]), rtol=0, atol=0)


@pytest.mark.parametrize("scale", [0, -1.0, 1e-320, 10**400, float("nan"), float("inf"), True, "1", None])
def test_a_scale_that_is_none_is_told(scale):
    with pytest.raises(ModelError, match=r"config\.json: alone_scale .*; expected 0\.01 to 100"):
        PairConfig.from_dict({"dilations": [1], "alone_scale": scale})


@torch.no_grad()
def test_every_parameter_counts(network):
    bases, prior = example(20)
    before = network(bases, prior, torch.ones(1))
    generator = torch.Generator().manual_seed(0)
    for name, parameter in network.named_parameters():
        kept = parameter.clone()
        parameter.add_(torch.randn(parameter.shape, generator=generator))
        change = (network(bases, prior, torch.ones(1)) - before).abs().max()
        parameter.copy_(kept)
        # A constant added to every key changes no attention.
        assert change > 0 or name.endswith("key.bias"), name


@torch.no_grad()
def test_a_pretrained_encoder_reads_what_it_was_pretrained_on(shuffled):
    network, seen = shuffled(PairNetwork(PRETRAINED)), []
    network.pretrained.encoder.register_forward_pre_hook(lambda _, given: seen.append(given))
    bases = torch.tensor([[0, 1, 2, 3, 4, PAD_BASE], [3, 2, 1, 0, 4, 0]])
    network(bases, torch.zeros(2, 6, 6), torch.zeros(2))
    ((tokens, mask),) = seen
    expected = [Tokenizer().encode(text).tolist() for text in ("ACGUN", "UGCANA")]
    assert [row[row_mask].tolist() for row, row_mask in zip(tokens, mask, strict=True)] == expected
    assert mask.sum(1).tolist() == [7, 8]


@torch.no_grad()
def test_a_new_pretrained_encoder_changes_nothing():
    network, (bases, prior) = PairNetwork(PRETRAINED), example(20)
    alone = PairNetwork(SMALL)
    alone.load_state_dict(network.state_dict(), strict=False)
    given = bases, prior, torch.ones(1)
    torch.testing.assert_close(network(*given), alone(*given), rtol=0, atol=0)


def test_the_configuration_makes_a_round_trip():
    config = PairConfig(cell_width=8, dilations=(1, 3))
    assert PairConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize("values", [{}, {"dilations": [1], "colour": 3}])
def test_another_configuration_is_told(values):
    with pytest.raises(ModelError, match=r"config\.json does not describe a pair network"):
        PairConfig.from_dict(values)


@pytest.mark.parametrize("value", ["x", -1, 0, 1.0, ["a"], True, None])
def test_sizes_that_are_none_are_told(value):
    for damage in ({"dilations": [1], "hidden_width": value}, {"dilations": [1, value]}):
        with pytest.raises(ModelError, match=r"sizes that are whole numbers of 1 or more"):
            PairConfig.from_dict(damage)
