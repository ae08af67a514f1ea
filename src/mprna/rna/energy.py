"""Free energies as the field writes them."""

from __future__ import annotations


def round_energy(energy: float) -> float:
    """Energies have steps of 0.01 kcal/mol; -0.0 becomes 0.0.

    >>> round_energy(-3.299999952316284), round_energy(-0.001)
    (-3.3, 0.0)
    """
    return round(energy, 2) + 0.0
