"""Energies as the field writes them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mprna.rna.energy import round_energy


@given(st.integers(-99999, 99999))
def test_energies_have_two_decimals(hundredths: int) -> None:
    as_float32 = float(np.float32(hundredths / 100))
    assert round_energy(as_float32) == hundredths / 100


def test_there_is_no_negative_zero() -> None:
    assert f"{round_energy(-0.001):6.2f}" == "  0.00"
