"""Which letters to try where, before anything is folded.

Two things hold for the nearest-neighbour model whatever the target is: G-C pairs at the ends of a helix keep
loops from growing into it, and A pairs least by accident. A few mismatches beside a closing pair stabilise
hairpins and interior loops (Turner 2004: GA, GG).
"""

from __future__ import annotations

from itertools import accumulate
from random import Random
from typing import Final

from mprna.design.constraints import Rules, Unit
from mprna.rna.loops import Loop, loops

Weights = dict[str, float]

_HELIX: Final[Weights] = {"GC": 0.33, "CG": 0.33, "AU": 0.14, "UA": 0.14, "GU": 0.03, "UG": 0.03}
_END: Final[Weights] = {"GC": 0.44, "CG": 0.44, "AU": 0.05, "UA": 0.05, "GU": 0.01, "UG": 0.01}
_UNPAIRED: Final[Weights] = {"A": 0.88, "G": 0.05, "U": 0.04, "C": 0.03}
_MISMATCH: Final[Weights] = {"G": 0.7, "A": 0.24, "U": 0.05, "C": 0.01}
_FLOOR: Final = 1e-3
"""For letters that constraints leave and no table names."""


class Priors:
    """Draws letters for the units of a target.

    Args:
        dot_bracket: nested.
        rules: what each unit may be.
    """

    def __init__(self, dot_bracket: str, rules: Rules) -> None:
        weights = _weights(loops(dot_bracket))
        self._tables = {
            unit: (choices, list(accumulate(weights[unit].get(choice, _FLOOR) for choice in choices)))
            for unit, choices in rules.choices.items()
        }

    def draw(self, unit: Unit, rng: Random) -> str:
        """Letters of one unit."""
        choices, cumulative = self._tables[unit]
        return rng.choices(choices, cum_weights=cumulative)[0]


def _weights(faces: list[Loop]) -> dict[Unit, Weights]:
    weights: dict[Unit, Weights] = {}
    for face in faces:
        weights |= {(k,): _UNPAIRED for k in face.unpaired}
        for i, j in face.border:
            unit = (min(i, j), max(i, j))
            is_end = face.kind != "stack" or weights.get(unit) is _END
            weights[unit] = _END if is_end else _HELIX
        weights |= {(k,): _MISMATCH for k in _stabilising(face)}
    return weights


def _stabilising(face: Loop) -> list[int]:
    """Unpaired positions where a G may stabilise the loop: 3' of a border pair's first nucleotide."""
    if face.kind == "hairpin" and len(face.unpaired) > 3:
        return [face.border[0][0] + 1]
    if face.kind == "interior" and (min(face.sides) > 1 or face.sides == (1, 1)):
        return [i + 1 for i, _ in face.border]
    return []
