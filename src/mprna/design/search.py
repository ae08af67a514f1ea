"""A search for sequences whose minimum free energy structure is the target.

The cost of a sequence is its gap: the energy of the target less the minimum free energy, at least 0. A
misfold that was seen before gives a lower bound of the gap of any other sequence, at the price of an energy
evaluation, which is far cheaper than folding. So candidates are drawn and weighed against all misfolds in
memory until one might be accepted (Metropolis' rule); only that one is folded.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from mprna.design.constraints import Rules, Unit
from mprna.design.priors import Priors
from mprna.errors import DesignError
from mprna.folding.vienna import EnergyModel, energies_of, fold_mfe
from mprna.rna.structure import pairs_from_dot_bracket, partners_from_pairs

MEMORY: Final = 24
"""Misfolds that candidates are weighed against."""

_TEMPERATURE: Final = 0.35
"""kcal/mol by which a step may make things worse, on average."""

_WIDE: Final = 0.3
"""Chance that a change takes in one more neighbour."""

_ANYWHERE: Final = 0.1
"""Chance that a change is made where the fold agrees with the target."""

_MAX_CANDIDATES: Final = 400
"""Candidates that are weighed before one is folded although it is known to be worse."""

_STALE_FOLDS: Final = 3
"""Folds per nucleotide without progress before the search starts anew."""

_CANDIDATE_COST: Final = 0.02
"""What weighing a candidate counts, in folds."""

_REPAIRS: Final = 200
"""Draws per nucleotide to meet the constraints before the search gives up."""

_TIE: Final = 0.05
"""Gap in kcal/mol of a target that shares the minimum with another structure."""


@dataclass(frozen=True, slots=True)
class State:
    """A sequence and how it folds."""

    sequence: str
    dot_bracket: str
    """Of minimum free energy."""
    gap: float
    """kcal/mol; 0 where the target is the minimum."""


@dataclass(slots=True)
class Budget:
    """When to stop."""

    deadline: float
    """By the clock."""
    folds: int
    """How many are left."""
    clock: Callable[[], float] = time.monotonic

    @property
    def is_spent(self) -> bool:
        return self.folds <= 0 or self.is_late

    @property
    def is_late(self) -> bool:
        return self.clock() > self.deadline


class Search:
    """Looks for sequences of one target, with one generator of random numbers.

    Args:
        target: nested, in round brackets.
        rules: those of this target.
    """

    def __init__(self, target: str, rules: Rules, model: EnergyModel, rng: Random) -> None:
        self._target = target
        self._partners = _partners(target)
        self._rules = rules
        self._priors = Priors(target, rules)
        self._model = model
        self._rng = rng
        self._unit_at: dict[int, Unit] = {k: unit for unit in rules.units for k in unit}
        self._misfolds: OrderedDict[str, None] = OrderedDict()

    def run(self, budget: Budget) -> State:
        """A solution, whose gap is 0, or the sequence that came closest when the budget was spent.

        Raises:
            DesignError: no sequence was found that meets the constraints.
        """
        best = self._climb(budget)
        while best.gap and not budget.is_spent:
            best = min(best, self._climb(budget), key=lambda state: state.gap)
        return best

    def _climb(self, budget: Budget) -> State:
        """From a fresh sequence until it is solved or there is no progress."""
        state = best = self._fold(self._fresh_sequence(), budget)
        stale = 0.0
        while best.gap and stale < _STALE_FOLDS * len(self._target) and not budget.is_spent:
            sequence, threshold, weighed = self._next_candidate(state, budget)
            candidate = self._fold(sequence, budget)
            stale += 1 + _CANDIDATE_COST * weighed
            if candidate.gap <= threshold:
                state = candidate
            if candidate.gap < best.gap:
                best, stale = candidate, 0.0
        return best

    def _next_candidate(self, state: State, budget: Budget) -> tuple[str, float, int]:
        """A changed sequence, the gap up to which it is accepted, and how many were weighed."""
        places = self._disagreement(state.dot_bracket)
        sequence, threshold = state.sequence, state.gap
        for weighed in range(1, _MAX_CANDIDATES + 1):
            threshold = state.gap + _TEMPERATURE * self._rng.expovariate(1.0)
            changed = self._changed(state.sequence, places)
            if changed == state.sequence or self._rules.violations(changed):
                continue
            sequence = changed
            if self._may_be_within(sequence, threshold) or budget.is_late:
                return sequence, threshold, weighed
        return sequence, threshold, _MAX_CANDIDATES

    def _fresh_sequence(self) -> str:
        """A legal sequence, drawn from the priors; faults are drawn again until there are none."""
        letters = [""] * len(self._target)
        for unit in self._rules.units:
            self._draw(unit, letters)
        faults = self._rules.violations("".join(letters))
        for _ in range(_REPAIRS * len(letters)):
            if not faults:
                return "".join(letters)
            changed = list(letters)
            unit = self._rng.choice(self._rules.units)
            for position, letter in zip(unit, self._rng.choice(self._rules.choices[unit]), strict=True):
                changed[position] = letter
            if (after := self._rules.violations("".join(changed))) <= faults:
                letters, faults = changed, after
        raise DesignError(f"no sequence was found that meets the constraints; the best breaks {faults}")

    def _changed(self, sequence: str, places: list[int]) -> str:
        """New letters for one or a few units near a place."""
        rng = self._rng
        anywhere = not places or rng.random() < _ANYWHERE
        units = {self._unit_at[rng.randrange(len(sequence)) if anywhere else rng.choice(places)]}
        while rng.random() < _WIDE:
            position = rng.choice(sorted(k for unit in units for k in unit)) + rng.choice((-1, 1))
            if 0 <= position < len(sequence):
                units.add(self._unit_at[position])
        letters = list(sequence)
        for unit in sorted(units):
            self._draw(unit, letters)
        return "".join(letters)

    def _draw(self, unit: Unit, letters: list[str]) -> None:
        for position, letter in zip(unit, self._priors.draw(unit, self._rng), strict=True):
            letters[position] = letter

    def _disagreement(self, dot_bracket: str) -> list[int]:
        """Positions that pair otherwise than in the target, both wrong and right partners, and neighbours."""
        found = set()
        for position, (wrong, right) in enumerate(zip(_partners(dot_bracket), self._partners, strict=True)):
            if wrong != right:
                found |= {position, wrong, right} - {-1}
        near = {position + step for position in found for step in (-1, 0, 1)}
        return sorted(position for position in near if 0 <= position < len(self._target))

    def _may_be_within(self, sequence: str, threshold: float) -> bool:
        """Whether no misfold in memory proves a larger gap."""
        newest_first = list(reversed(self._misfolds))
        for misfolds in (newest_first[:2], newest_first[2:]):  # most fail at the misfold that they come from
            energy, *others = energies_of(sequence, [self._target, *misfolds], self._model)
            if others and energy - min(others) > threshold:
                return False
        return True

    def _fold(self, sequence: str, budget: Budget) -> State:
        budget.folds -= 1
        dot_bracket, mfe = fold_mfe(sequence, self._model)
        if dot_bracket == self._target:
            return State(sequence, dot_bracket, 0.0)
        self._remember(dot_bracket)
        (energy,) = energies_of(sequence, [self._target], self._model)
        return State(sequence, dot_bracket, max(energy - mfe, 0.0) + _TIE)

    def _remember(self, misfold: str) -> None:
        self._misfolds[misfold] = None
        self._misfolds.move_to_end(misfold)
        if len(self._misfolds) > MEMORY:
            self._misfolds.popitem(last=False)


def _partners(dot_bracket: str) -> list[int]:
    partners: list[int] = partners_from_pairs(pairs_from_dot_bracket(dot_bracket), len(dot_bracket)).tolist()
    return partners
