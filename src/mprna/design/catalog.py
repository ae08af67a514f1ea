"""Letters of whole loops, weighed by what the loop costs.

A helix of one or two pairs holds only between the cheapest of loops: a special tetraloop, G opposite G, GA
opposite AG. Such letters go together, so that changing one at a time does not find them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, product
from random import Random
from typing import Final

from mprna.alphabet import CANONICAL_PAIRS, NUCLEOTIDES
from mprna.design.constraints import Rules
from mprna.folding.vienna import EnergyModel, hairpin_energy, interior_energy
from mprna.rna.loops import Loop, loops

_SPREAD: Final = 0.5
"""kcal/mol by which letters that are drawn cost more than the best, on average."""

_OTHER_THAN_A: Final = 0.1
"""kcal/mol that an unpaired C, G or U counts, because it pairs by accident more often."""

_LEAST: Final = 1e-3
"""Weight, relative to the best, below which letters are left out."""

_MAX_SIDE: Final = 4
"""Sides that are longer cost what their length costs, whatever the letters are."""

Weighed = list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class LoopLetters:
    """One loop of a target."""

    closing: tuple[int, int]
    positions: tuple[int, ...]
    """Positions of the letters that are drawn."""
    choices: dict[str, tuple[list[str], list[float]]]
    """What may be drawn, and cumulative weights, by the letters of the closing pair."""

    def draw(self, letters: list[str], rng: Random) -> None:
        """New letters, given those of the closing pair."""
        i, j = self.closing
        if found := self.choices.get(letters[i] + letters[j]):
            drawn = rng.choices(found[0], cum_weights=found[1])[0]
            for position, letter in zip(self.positions, drawn, strict=True):
                letters[position] = letter


def catalog(dot_bracket: str, rules: Rules, model: EnergyModel) -> list[LoopLetters]:
    """The hairpins and interior loops of a target, from the outermost inwards, as far as letters matter."""
    return [_loop_letters(face, rules, model) for face in loops(dot_bracket) if _is_listed(face)]


def _is_listed(face: Loop) -> bool:
    return face.kind == "interior" or (face.kind == "hairpin" and len(face.unpaired) > 3)


def _loop_letters(face: Loop, rules: Rules, model: EnergyModel) -> LoopLetters:
    assert face.closing is not None
    (i, j), size = face.closing, len(face.unpaired)
    if face.branches:
        ((start, end),) = face.branches
        positions = (*_ends(i + 1, start, 2), start, end, *_ends(end + 1, j, 2))
        left, right = (min(side, _MAX_SIDE) for side in face.sides)
        weighed = {pair: _interiors(pair, left, right, model) for pair in sorted(CANONICAL_PAIRS)}
    else:
        positions = _ends(i + 1, j, 4)
        weighed = {pair: _hairpins(pair, min(size, 5), model) for pair in sorted(CANONICAL_PAIRS)}
    choices = {}
    for pair, options in weighed.items():
        legal = [option for option in options if _is_legal(option[0], positions, rules)]
        if legal:
            choices[pair] = [text for text, _ in legal], list(accumulate(weight for _, weight in legal))
    return LoopLetters((i, j), positions, choices)


def _ends(start: int, stop: int, most: int) -> tuple[int, ...]:
    """Positions of one side, or its first and last where it is longer than `most`."""
    return tuple(range(start, stop)) if stop - start <= most else (start, stop - 1)


def _is_legal(letters: str, positions: tuple[int, ...], rules: Rules) -> bool:
    return all(letter in rules.options[k] for k, letter in zip(positions, letters, strict=True))


@lru_cache(maxsize=256)
def _hairpins(pair: str, size: int, model: EnergyModel) -> Weighed:
    """All letters of a tetraloop; the first and the last of a longer one."""
    energies = {}
    for inside in map("".join, product(NUCLEOTIDES, repeat=4 if size == 4 else 2)):
        energies[inside] = hairpin_energy(pair[0] + _filled(inside, size) + pair[1], model) + _surcharge(
            inside
        )
    return _weighed(energies)


@lru_cache(maxsize=1024)
def _interiors(pair: str, left: int, right: int, model: EnergyModel) -> Weighed:
    """Letters beside the closing pair and the inner pair, and of the latter."""
    energies = {}
    for before in map("".join, product(NUCLEOTIDES, repeat=min(left, 2))):
        for after in map("".join, product(NUCLEOTIDES, repeat=min(right, 2))):
            surcharge = _surcharge(before + after)
            for inner in sorted(CANONICAL_PAIRS):
                sides = pair[0] + _filled(before, left) + inner[0], inner[1] + _filled(after, right) + pair[1]
                energies[before + inner + after] = surcharge + interior_energy(*sides, model)
    return _weighed(energies)


def _filled(letters: str, size: int) -> str:
    return letters if len(letters) == size else letters[0] + "A" * (size - 2) + letters[1]


def _surcharge(unpaired: str) -> float:
    return _OTHER_THAN_A * (len(unpaired) - unpaired.count("A"))


def _weighed(energies: dict[str, float]) -> Weighed:
    best = min(energies.values())
    weights = ((letters, math.exp((best - energy) / _SPREAD)) for letters, energy in energies.items())
    return [(letters, weight) for letters, weight in weights if weight >= _LEAST]
