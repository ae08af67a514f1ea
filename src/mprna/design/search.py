"""A search for sequences whose minimum free energy structure is the target.

The cost of a sequence is -RT ln p, p being the probability of the target in its ensemble. Unlike the distance
from the target to the minimum free energy structure, this cost has no plateaus. Computing it is slow, so
candidates are first compared with the rivals: structures that earlier sequences folded into instead. Only a
candidate that might be accepted (by Metropolis' rule) gets its ensemble computed. A long target is first cut
into parts, each of which is designed by a search of its own.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from random import Random
from typing import Final

from mprna.design.catalog import LoopLetters, catalog
from mprna.design.constraints import Rules, Unit
from mprna.design.parts import parts
from mprna.design.priors import Priors
from mprna.design.rivals import Rival, Rivals
from mprna.errors import DesignError
from mprna.folding.vienna import EnergyModel, energies_of, fold_mfe, sample_structures
from mprna.rna.structure import partners_of

_TEMPERATURE: Final = 0.35
"""Mean of the cost, in kcal/mol, by which an accepted step may be worse (exponentially distributed)."""

_HEATS: Final = (0.35, 1.0)
"""Factors of RT that climbs use in turn; the lower, the more the strongest rival alone counts."""

_WIDE: Final = 0.3
"""Chance that a change also includes one more neighbour."""

_ANYWHERE: Final = 0.1
"""Chance that a change is made anywhere, even where the samples agree with the target."""

_UNIFORM: Final = 0.3
"""Chance that a change draws all letters alike, instead of preferring those that usually work."""

_WHOLE_LOOP: Final = 0.3
"""Chance that a change replaces the letters of a whole loop, if the position is in one of the catalog."""

_NUM_SAMPLES: Final = 6
"""Structures drawn from each ensemble."""

_MAX_CANDIDATES: Final = 300
"""Candidates that are compared with the rivals before one is folded although it is known to be worse."""

_STALE_FOLDS: Final = 5
"""Folds per nucleotide without progress before the search starts anew."""

_STALE_PART: Final = 1
"""The same for a part of the target."""

_PROGRESS: Final = 1e-3
"""kcal/mol that count as progress."""

_REPAIRS: Final = 200
"""Draws per nucleotide to meet the constraints before the search gives up."""

_TIE: Final = 0.05
"""kcal/mol by which a gap exceeds the target's distance in energy, so that none is 0 where the target shares
the minimum free energy with another structure."""


@dataclass(frozen=True, slots=True)
class State:
    """A sequence and how it folds."""

    sequence: str
    dot_bracket: str
    """Structure of minimum free energy."""
    gap: float
    """0 if the sequence folds into the target; else the target's energy above the minimum, and 0.05, in
    kcal/mol."""


@dataclass(slots=True)
class Budget:
    """Time and folds that the search may still use."""

    deadline: float
    """When to stop, as `clock` counts."""
    folds: int
    """Sequences that may still be folded, each of them more than once."""
    clock: Callable[[], float] = time.monotonic

    @property
    def is_spent(self) -> bool:
        return self.folds <= 0 or self.is_late

    @property
    def is_late(self) -> bool:
        return self.clock() > self.deadline


@dataclass(frozen=True, slots=True)
class _Point:
    """The sequence where the search is now."""

    sequence: str
    cost: float
    """-RT ln of the target's probability, kcal/mol."""
    samples: list[str]
    """Structures drawn from its ensemble."""


class Search:
    """A search for sequences that fold into one target.

    Args:
        target: a nested structure in round brackets.
        rules: the constraints of this target.
    """

    def __init__(self, target: str, rules: Rules, model: EnergyModel, rng: Random) -> None:
        self._target = target
        self._partners = partners_of(target)
        self._rules = rules
        self._priors = Priors(target, rules)
        self._loops = catalog(target, rules, model)
        self._loops_at: dict[int, list[LoopLetters]] = {}
        for loop in self._loops:
            for position in (*loop.closing, *loop.positions):
                self._loops_at.setdefault(position, []).append(loop)
        self._model = model
        self._rng = rng
        self._unit_at: dict[int, Unit] = {k: unit for unit in rules.units for k in unit}
        self._rivals = Rivals(target, model)
        self._heats = cycle(_HEATS)
        self._heat = 1.0

    def run(self, budget: Budget) -> State:
        """A solution (gap 0); or, when the budget is spent, the sequence that came closest.

        Raises:
            DesignError: no sequence was found that meets the constraints.
        """
        best = self._climb(budget)
        while best.gap and not budget.is_spent:
            best = min(best, self._climb_or(best, budget), key=lambda state: state.gap)
        return best

    def _climb_or(self, known: State, budget: Budget) -> State:
        """The result of another climb; `known` if no sequence was found that this could begin with."""
        try:
            return self._climb(budget)
        except DesignError:
            return known

    def _climb(self, budget: Budget, *, is_part: bool = False) -> State:
        """Improve a fresh sequence until it folds into the target or makes no more progress."""
        self._heat = 1.0 if is_part else next(self._heats)
        best = point = self._point(self._fresh_sequence(budget), budget)
        rivals, gap = self._rivals.strongest(point.sequence)
        places, stale = self._places(point.samples), 0
        most_stale = len(self._target) * (_STALE_PART if is_part else _STALE_FOLDS)
        while stale < most_stale and not budget.is_spent:
            if gap <= 0 and (state := self._fold(point.sequence)).gap == 0:
                return state
            sequence, threshold = self._next_candidate(point, places, rivals, budget)
            candidate = self._point(sequence, budget)
            stale += 1
            if candidate.cost > threshold:
                gap = math.inf
                continue
            point, places = candidate, self._places(candidate.samples)
            rivals, gap = self._rivals.strongest(sequence)
            if point.cost < best.cost - _PROGRESS:
                best, stale = point, 0
        return min(self._fold(best.sequence), self._fold(point.sequence), key=lambda state: state.gap)

    def _next_candidate(
        self, point: _Point, places: list[int], rivals: list[Rival], budget: Budget
    ) -> tuple[str, float]:
        """A changed sequence, and the cost up to which it is accepted."""
        sequence, threshold = point.sequence, point.cost
        thermal_energy = self._heat * self._model.thermal_energy
        for _ in range(_MAX_CANDIDATES):
            threshold = point.cost + _TEMPERATURE * self._rng.expovariate(1.0)
            changed = self._changed(point.sequence, places)
            if changed == point.sequence or self._rules.violations(changed):
                continue
            sequence = changed
            if self._rivals.may_cost(sequence, rivals, threshold, thermal_energy) or budget.is_late:
                break
        return sequence, threshold

    def _fresh_sequence(self, budget: Budget) -> str:
        """A sequence that meets the constraints: designed parts, and letters from the priors in between."""
        letters = [""] * len(self._target)
        for unit in self._rules.units:
            self._draw(unit, letters)
        for loop in self._loops:
            loop.draw(letters, self._rng)
        budget.folds -= 1  # kept for the whole
        for part in parts(self._target):
            letters[part] = self._designed(part, budget) or letters[part]
        budget.folds += 1
        return self._repaired(letters, budget)

    def _designed(self, part: slice, budget: Budget) -> str | None:
        """The result of one climb, solved or not; None if there is no budget left for it, or if the part
        cannot meet the constraints by itself."""
        if budget.is_spent:
            return None
        try:
            rules = self._rules.part(self._target, part)
            search = Search(self._target[part], rules, self._model, self._rng)
            return search._climb(budget, is_part=True).sequence
        except DesignError:
            return None

    def _repaired(self, letters: list[str], budget: Budget) -> str:
        """Draw letters that violate a constraint again until none does.

        Raises:
            DesignError: some still do after many draws, or when the time is over.
        """
        sequence = "".join(letters)
        faults, places = self._rules.violations(sequence), self._rules.faulty(sequence)
        for _ in range(_REPAIRS * len(letters)):
            if not faults or budget.is_late:
                break
            unit = self._rng.choice(self._rules.units if self._rng.random() < _ANYWHERE else places)
            changed = list(sequence)
            for position, letter in zip(unit, self._rng.choice(self._rules.choices[unit]), strict=True):
                changed[position] = letter
            candidate = "".join(changed)
            if candidate != sequence and (after := self._rules.violations(candidate)) <= faults:
                sequence, faults, places = candidate, after, self._rules.faulty(candidate)
        if faults:
            in_time = " in time" if budget.is_late else ""
            raise DesignError(
                f"no sequence was found{in_time} that meets the constraints; the best breaks {faults}"
            )
        return sequence

    def _changed(self, sequence: str, places: list[int]) -> str:
        """The sequence with new letters for a loop or for a few units, at or near one of the places."""
        rng, letters = self._rng, list(sequence)
        anywhere = not places or rng.random() < _ANYWHERE
        place = rng.randrange(len(letters)) if anywhere else rng.choice(places)
        if place in self._loops_at and rng.random() < _WHOLE_LOOP:
            loop = rng.choice(self._loops_at[place])
            if rng.random() < 0.5:
                self._draw(loop.closing, letters)
            loop.draw(letters, rng)
            return "".join(letters)
        units = {self._unit_at[place]}
        while rng.random() < _WIDE:
            position = rng.choice(sorted(k for unit in units for k in unit)) + rng.choice((-1, 1))
            if 0 <= position < len(letters):
                units.add(self._unit_at[position])
        is_uniform = rng.random() < _UNIFORM
        for unit in sorted(units):
            self._draw(unit, letters, is_uniform=is_uniform)
        return "".join(letters)

    def _draw(self, unit: Unit, letters: list[str], *, is_uniform: bool = False) -> None:
        """Draw the letters of a unit from the priors, or from all that the rules allow."""
        any_of = self._rules.choices[unit]
        drawn = self._rng.choice(any_of) if is_uniform else self._priors.draw(unit, self._rng)
        for position, letter in zip(unit, drawn, strict=True):
            letters[position] = letter

    def _point(self, sequence: str, budget: Budget) -> _Point:
        budget.folds -= 1
        cost, samples = sample_structures(
            sequence,
            self._target,
            self._model,
            num_samples=_NUM_SAMPLES,
            seed=self._rng.getrandbits(31),
            heat=self._heat,
        )
        self._rivals.add(samples)
        return _Point(sequence, cost, samples)

    def _places(self, samples: list[str]) -> list[int]:
        """Positions near disagreements of the samples with the target, once for each sample that has one."""
        counts = Counter(samples)
        return [k for sample, count in counts.items() for k in self._disagreement(sample) * count]

    def _disagreement(self, dot_bracket: str) -> list[int]:
        """Positions that do not pair as in the target, their wrong and right partners, and all neighbours."""
        found = set()
        for position, (wrong, right) in enumerate(zip(partners_of(dot_bracket), self._partners, strict=True)):
            if wrong != right:
                found |= {position, wrong, right}
        near = found | {position - 1 for position in found} | {position + 1 for position in found}
        return sorted(position for position in near if 0 <= position < len(self._target))

    def _fold(self, sequence: str) -> State:
        dot_bracket, mfe = fold_mfe(sequence, self._model)
        if dot_bracket == self._target:
            return State(sequence, dot_bracket, 0.0)
        self._rivals.add([dot_bracket])
        (energy,) = energies_of(sequence, [self._target], self._model)
        return State(sequence, dot_bracket, max(energy - mfe, 0.0) + _TIE)
