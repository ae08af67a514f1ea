"""Structures that a sequence has instead of its target, and what they say about other sequences.

Whatever a sequence is, each structure that it can form takes its share of the ensemble. So the structures
that were seen before bound the cost, -RT ln of the target's probability, from below, at the price of energy
evaluations, which take a tenth to a thousandth of the time of a partition function.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mprna.alphabet import CANONICAL_PAIRS
from mprna.folding.vienna import EnergyModel, energies_of
from mprna.rna.structure import partners_of

_LARGEST: Final = 500.0
"""Exponent from which on a weight is as good as infinite."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A structure other than the target."""

    dot_bracket: str
    partners: list[int]
    """-1 where unpaired."""

    def without_illegal_pairs(self, sequence: str) -> str:
        """What is left of it in a sequence in which some of its pairs cannot form."""
        letters = list(self.dot_bracket)
        for i, j in enumerate(self.partners):
            if j > i and sequence[i] + sequence[j] not in CANONICAL_PAIRS:
                letters[i] = letters[j] = "."
        return "".join(letters)


class Rivals:
    """The rivals that were seen last.

    Args:
        target: nested, in round brackets.
    """

    def __init__(self, target: str, model: EnergyModel) -> None:
        self._target = target
        self._model = model
        self._memory: OrderedDict[str, Rival] = OrderedDict()
        self._capacity = 20 + len(target) // 2
        self._num_strongest = 8 + len(target) // 10

    def add(self, dot_brackets: Iterable[str]) -> None:
        for dot_bracket in dot_brackets:
            if dot_bracket != self._target:
                if dot_bracket not in self._memory:
                    self._memory[dot_bracket] = _rival(dot_bracket)
                self._memory.move_to_end(dot_bracket)
        while len(self._memory) > self._capacity:
            self._memory.popitem(last=False)

    def strongest(self, sequence: str) -> tuple[list[Rival], float]:
        """Those of the lowest energy, from it on, and how far that is below the target's, kcal/mol."""
        structures = self._distinct(sequence, list(self._memory.values()))
        energy, *others = energies_of(sequence, [self._target, *structures], self._model)
        ranked = sorted(zip(others, structures, strict=True))[: self._num_strongest]
        return [_rival(structure) for _, structure in ranked], energy - min(others, default=energy)

    def may_cost(self, sequence: str, rivals: list[Rival], limit: float, thermal_energy: float) -> bool:
        """Whether the rivals leave a sequence a cost of at most the limit, kcal/mol."""
        if limit / thermal_energy >= _LARGEST:
            return True
        most, total = math.exp(limit / thermal_energy), 1.0
        for some in (rivals[:4], rivals[4:]):  # most candidates fail at the strongest
            structures = self._distinct(sequence, some)
            energy, *others = energies_of(sequence, [self._target, *structures], self._model)
            total += sum(math.exp(min((energy - other) / thermal_energy, _LARGEST)) for other in others)
            if total > most:
                return False
        return True

    def _distinct(self, sequence: str, rivals: list[Rival]) -> list[str]:
        found = dict.fromkeys(rival.without_illegal_pairs(sequence) for rival in rivals)
        found.pop(self._target, None)
        return list(found)


def _rival(dot_bracket: str) -> Rival:
    return Rival(dot_bracket, partners_of(dot_bracket))
