"""Rotary positions against complex multiplication, and what follows from it."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mprna.model.rotary import rotary_angles, rotary_frequencies, rotate

CPU = torch.device("cpu")
WIDTH = 20


def test_frequencies() -> None:
    frequencies = rotary_frequencies(8, device=CPU)
    torch.testing.assert_close(frequencies, torch.tensor([1.0, 0.1, 0.01, 0.001]))


def test_rotation_is_multiplication_by_a_complex_unit() -> None:
    states = torch.randn(3, 50, WIDTH)
    cos, sin = rotary_angles(50, WIDTH, device=CPU)
    assert cos.shape == sin.shape == (50, WIDTH)
    exponents = torch.arange(WIDTH // 2, dtype=torch.float64) * 2 / WIDTH
    turns = torch.outer(torch.arange(50, dtype=torch.float64), 10_000.0**-exponents)
    numbers = torch.complex(*states.double().chunk(2, dim=-1)) * torch.polar(torch.ones_like(turns), turns)
    expected = torch.cat([numbers.real, numbers.imag], dim=-1).float()
    torch.testing.assert_close(rotate(states, cos, sin), expected, atol=1e-5, rtol=0)


def test_position_zero_is_left_alone() -> None:
    states = torch.randn(1, WIDTH)
    torch.testing.assert_close(rotate(states, *rotary_angles(1, WIDTH, device=CPU)), states)


def test_lengths_are_kept() -> None:
    states = torch.randn(2, 4, 300, WIDTH)
    rotated = rotate(states, *rotary_angles(300, WIDTH, device=CPU))
    torch.testing.assert_close(rotated.norm(dim=-1), states.norm(dim=-1))


@given(first=st.integers(0, 900), second=st.integers(0, 900), shift=st.integers(0, 100))
def test_products_depend_on_the_distance_only(first: int, second: int, shift: int) -> None:
    cos, sin = rotary_angles(1001, WIDTH, device=CPU)
    query, key = torch.randn(2, WIDTH)

    def at(states: Tensor, position: int) -> Tensor:
        return rotate(states, cos[position], sin[position])

    near = at(query, first) @ at(key, second)
    far = at(query, first + shift) @ at(key, second + shift)
    torch.testing.assert_close(near, far, atol=2e-3, rtol=0)


def test_angles_do_not_depend_on_the_number_of_tokens() -> None:
    short, long = (rotary_angles(n, WIDTH, device=CPU)[0] for n in (10, 1026))
    assert torch.equal(short, long[:10])
