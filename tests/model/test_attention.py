"""Attention against six lines of softmax."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from mprna.model.attention import attend_by_products
from mprna.model.config import ModelConfig
from mprna.model.network import MprnaModel
from mprna.model.rotary import rotary_angles, rotate

CPU = torch.device("cpu")


@pytest.fixture
def x(nano: ModelConfig) -> Tensor:
    return torch.randn(2, 17, nano.hidden_width)


@pytest.fixture
def angles(nano: ModelConfig) -> tuple[Tensor, Tensor]:
    return rotary_angles(17, nano.head_width, device=CPU)


def by_hand(model: MprnaModel, x: Tensor, key_mask: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
    """One head at a time."""
    attention = model.encoder.layers[0].attention
    query, key, value = attention.query_key_value(x).chunk(3, dim=-1)
    heads = []
    for q, k, v in zip(
        *(part.split(model.config.head_width, dim=-1) for part in (query, key, value)), strict=True
    ):
        scores = rotate(q, *angles) @ rotate(k, *angles).mT / model.config.head_width**0.5
        heads.append(scores.masked_fill(~key_mask, -torch.inf).softmax(-1) @ v)
    return attention.output(torch.cat(heads, dim=-1))


@torch.inference_mode()
@pytest.mark.parametrize("padding", [0, 6])
def test_softmax_by_hand(model: MprnaModel, x: Tensor, angles: tuple[Tensor, Tensor], padding: int) -> None:
    mask = torch.ones(2, 17, dtype=torch.bool)
    mask[1, 17 - padding :] = False
    expected = by_hand(model, x, mask[:, None, :], angles)
    given = model.encoder.layers[0].attention(x, mask[:, None, None, :], *angles)
    torch.testing.assert_close(given, expected, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_no_mask_is_a_mask_of_ones(model: MprnaModel, x: Tensor, angles: tuple[Tensor, Tensor]) -> None:
    attention = model.encoder.layers[0].attention
    ones = torch.ones(2, 1, 1, 17, dtype=torch.bool)
    torch.testing.assert_close(attention(x, None, *angles), attention(x, ones, *angles), atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_bfloat16_stays_bfloat16(model: MprnaModel, x: Tensor, angles: tuple[Tensor, Tensor]) -> None:
    attention = model.encoder.layers[0].attention
    exact = attention(x, None, *angles)
    rounded = attention.bfloat16()(x.bfloat16(), None, *angles)
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), exact, atol=0.05, rtol=0.05)


@pytest.mark.parametrize("at_once", [1, 2])
@pytest.mark.parametrize("padding", [0, 6])
def test_plain_products_are_the_fused_kernel_but_for_rounding(
    padding: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values and gradients in bfloat16, against float32; what is padded has no say."""
    monkeypatch.setattr("mprna.model.attention.SCORES_AT_ONCE", at_once * 4 * 40 * 40)
    parts = torch.randn(3, 3, 4, 40, 8)
    mask = torch.ones(3, 1, 1, 40, dtype=torch.bool)
    mask[1, ..., 40 - padding :] = False
    exact, rounded = (parts.clone().to(dtype).requires_grad_() for dtype in (torch.float32, torch.bfloat16))
    expected = scaled_dot_product_attention(*exact, attn_mask=mask, scale=1.0)
    given = attend_by_products(*rounded, mask)
    assert given.dtype == torch.bfloat16
    torch.testing.assert_close(given.float(), expected, atol=0.05, rtol=0.03)
    weights = torch.randn_like(expected)
    (expected * weights).sum().backward()
    (given * weights).sum().backward()
    assert exact.grad is not None
    assert rounded.grad is not None
    torch.testing.assert_close(rounded.grad.float(), exact.grad, atol=0.1, rtol=0.05)
    assert not rounded.grad[1:, 1, :, 40 - padding :].any()


def test_training_in_bfloat16_on_a_cpu_uses_plain_products(
    model: MprnaModel, x: Tensor, angles: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    fused = []
    monkeypatch.setattr(
        "torch.nn.functional.scaled_dot_product_attention", lambda *args, **kwargs: fused.append(1) or args[2]
    )
    attention = model.encoder.layers[0].attention
    with torch.autocast("cpu", torch.bfloat16):
        attention(x, None, *angles)
    assert not fused
    attention(x, None, *angles)
    assert fused
