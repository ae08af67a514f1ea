"""What padding, batches and `<mask>` do to hidden states. Equality with transformers is in test_hf.py."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from mprna.alphabet import MASK_ID, PAD_ID
from mprna.model.config import ModelConfig
from mprna.model.encoder import Encoder
from mprna.model.network import MprnaModel

Batch = tuple[Tensor, Tensor]


@torch.inference_mode()
def test_padding_changes_nothing(model: MprnaModel, batch: Batch) -> None:
    input_ids, attention_mask = batch
    hidden = model.encode(input_ids, attention_mask)
    for row, length in enumerate(attention_mask.sum(1).tolist()):
        alone = model.encode(input_ids[row : row + 1, :length])
        torch.testing.assert_close(hidden[row, :length], alone[0], atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_what_stands_on_padding_is_not_read(model: MprnaModel, batch: Batch) -> None:
    input_ids, attention_mask = batch
    scribbled = torch.where(attention_mask, input_ids, 5)
    real = attention_mask
    assert torch.equal(model.encode(input_ids, real)[real], model.encode(scribbled, real)[real])


@torch.inference_mode()
def test_batch_size_changes_nothing(model: MprnaModel, batch: Batch) -> None:
    one = batch[0][:1]
    alone = model.encode(one)
    for copies in (2, 5, 16):
        for hidden in model.encode(one.repeat(copies, 1)):
            torch.testing.assert_close(hidden, alone[0], atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_token_dropout_by_hand(nano: ModelConfig) -> None:
    encoder = Encoder(nano)
    input_ids = torch.tensor([[0, 4, MASK_ID, 6, 9, 2, PAD_ID, PAD_ID]])
    attention_mask = input_ids != PAD_ID
    embedded = encoder._embed(input_ids, attention_mask)[0]
    # One of six real tokens is a <mask>.
    expected = encoder.embedding.weight[input_ids[0]] * 0.88 / (1 - 1 / 6)
    expected[2] = 0
    torch.testing.assert_close(embedded[:6], expected[:6])
    assert (embedded[6:] == 0).all()


@torch.inference_mode()
def test_token_dropout_can_be_switched_off(nano: ModelConfig, batch: Batch) -> None:
    encoder = Encoder(dataclasses.replace(nano, token_dropout=False))
    embedded = encoder._embed(*batch)
    expected = encoder.embedding(batch[0]) * batch[1][..., None]
    assert torch.equal(embedded, expected)


@torch.inference_mode()
def test_every_token_sees_every_other(model: MprnaModel, batch: Batch) -> None:
    input_ids = batch[0][:1]
    changed = input_ids.clone()
    changed[0, -2] = 4 if input_ids[0, -2] != 4 else 5
    moved = (model.encode(input_ids) - model.encode(changed)).abs().amax(-1)
    assert (moved > 1e-6).all()
