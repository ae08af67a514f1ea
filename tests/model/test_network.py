"""The network as a whole: shapes, initial values, gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mprna.alphabet import PAD_ID
from mprna.model.config import ModelConfig
from mprna.model.network import INITIAL_STD, MprnaModel

Batch = tuple[Tensor, Tensor]


@torch.inference_mode()
def test_shapes(model: MprnaModel, batch: Batch) -> None:
    output = model(*batch)
    rows, tokens = batch[0].shape
    widths = (model.config.hidden_width, 24, 4, 3, tokens)
    assert [tuple(tensor.shape) for tensor in output] == [(rows, tokens, width) for width in widths]
    assert all(tensor.dtype == torch.float32 for tensor in output)
    assert torch.equal(output.hidden_states, model.encode(*batch))


@torch.inference_mode()
def test_padding_changes_no_output(model: MprnaModel, batch: Batch) -> None:
    input_ids, attention_mask = batch
    output = model(input_ids, attention_mask)
    for row, length in enumerate(attention_mask.sum(1).tolist()):
        alone = model(input_ids[row : row + 1, :length])
        for padded, exact in zip(output[:-1], alone[:-1], strict=True):
            torch.testing.assert_close(padded[row, :length], exact[0], atol=1e-5, rtol=1e-5)
        partners = output.partner_logits[row, :length]
        torch.testing.assert_close(partners[:, :length], alone.partner_logits[0], atol=1e-5, rtol=1e-5)
        assert (partners[:, length:] == torch.finfo(torch.float32).min).all()


def test_gradients_reach_every_parameter(model: MprnaModel, batch: Batch) -> None:
    output = model(*batch)
    partners = output.partner_logits.log_softmax(-1)
    real = partners > -1e4
    loss = partners[real].square().sum()
    for logits in (output.lm_logits, output.repair_logits, output.structure_logits):
        loss = loss + (logits.log_softmax(-1) * torch.randn_like(logits)).sum()
    loss.backward()
    dead = [
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is None or not parameter.grad.isfinite().all() or not parameter.grad.any()
    ]
    assert dead == []


def test_initial_values(nano: ModelConfig) -> None:
    network = MprnaModel(nano)
    assert network.lm_head.decoder.weight is network.encoder.embedding.weight
    assert (network.encoder.embedding.weight[PAD_ID] == 0).all()
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            assert (parameter == 0).all(), name
        elif "norm" in name:
            assert (parameter == 1).all(), name
        elif not name.startswith("pair_head.stem"):
            assert parameter.std().item() == pytest.approx(INITIAL_STD, rel=0.15), name


def test_same_seed_same_network(nano: ModelConfig) -> None:
    networks = []
    for _ in range(2):
        torch.manual_seed(5)
        networks.append(MprnaModel(nano).state_dict())
    assert all(torch.equal(tensor, networks[1][name]) for name, tensor in networks[0].items())


def test_one_step_of_bfloat16_autocast(model: MprnaModel, batch: Batch) -> None:
    exact = model(*batch)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = model(*batch)
    torch.testing.assert_close(rounded.hidden_states, exact.hidden_states, atol=0.15, rtol=0.1)
    assert rounded.partner_logits.dtype == torch.float32
