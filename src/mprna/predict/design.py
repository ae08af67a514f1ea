"""Structures to sequences."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil
from random import Random
from typing import Final

from mprna.design.certificate import Certificate, certify
from mprna.design.constraints import Constraints, Rules
from mprna.design.search import Budget, Search, State
from mprna.errors import DataError, DesignError, FoldingError, StructureError, UsageError
from mprna.folding.vienna import EnergyModel
from mprna.predict.parallel import map_ordered
from mprna.rna.canonical import check_hairpin
from mprna.rna.pseudoknots import has_pseudoknot
from mprna.rna.structure import dot_bracket_from_pairs, pairs_from_dot_bracket

__all__ = [
    "Constraints",
    "Design",
    "DesignOptions",
    "EnergyModel",
    "Target",
    "design",
    "design_targets",
    "nested_target",
]

MAX_TARGET: Final = 2_000
"""Longest target, nt; one fold of it takes seconds."""

_UNLIMITED: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Target:
    """A structure to design for."""

    name: str
    dot_bracket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignOptions:
    """How to design.

    Raises:
        UsageError: a number out of range.
    """

    constraints: Constraints = field(default_factory=Constraints)
    """What sequences must and must not contain."""

    num_solutions: int = 1
    """Sequences per target."""

    min_distance: float = 0.2
    """Least share of positions in which two solutions of a target differ."""

    unlike: tuple[str, ...] = ()
    """Sequences, clean letters, from which solutions of their length differ as from each other."""

    time_limit: float = 60.0
    """Seconds of search per target, for all of its solutions."""

    max_folds: int | None = None
    """Most folds per solution. Where this ends the search and not the time, the same seed gives the same
    answer on any machine."""

    seed: int = 0
    """Of the random numbers; those of a solution depend on its number too, and on nothing else."""

    energy_model: EnergyModel = field(default_factory=EnergyModel)
    """What the search folds with."""

    def __post_init__(self) -> None:
        if not isinstance(self.unlike, tuple):  # a str would be sequences of one letter
            raise UsageError(f"unlike {self.unlike!r:.40}; expected a tuple of sequences")
        if self.num_solutions < 1:
            raise UsageError(f"{self.num_solutions} solutions; expected 1 or more")
        if not 0 <= self.min_distance <= 1:
            raise UsageError(f"min_distance {self.min_distance}; expected 0 to 1")
        if not self.time_limit > 0:
            raise UsageError(f"time limit of {self.time_limit} s; expected more than 0")
        if self.max_folds is not None and self.max_folds < 1:
            raise UsageError(f"max_folds {self.max_folds}; expected 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One sequence for a target, or the reason why there is none."""

    name: str
    """Name of the target."""
    solution: int
    """Number of this solution of the target, from 1."""
    target: str
    sequence: str | None = None
    """Where there is an `error` too: the one that came closest."""
    certificate: Certificate | None = None
    folds: int = 0
    """Sequences that were folded for it."""
    seconds: float = 0.0
    """Time of the search, without that of the certificate."""
    error: str | None = None


def design(dot_bracket: str, options: DesignOptions | None = None) -> list[Design]:
    """Sequences whose minimum free energy structure is the target.

    Returns:
        `num_solutions` designs; one that was not found in time has its reason in `error`.

    Raises:
        StructureError: no dot-bracket, a hairpin that is too short, or a pseudoknot.
        DesignError: constraints that no sequence meets, or a target that is too long.
    """
    return list(_Designer(options or DesignOptions()).solutions(Target("target_1", dot_bracket)))


def design_targets(
    targets: Iterable[Target], options: DesignOptions | None = None, *, jobs: int = 1
) -> Iterator[Design]:
    """`num_solutions` designs per target, in order; one design with the reason for an impossible target.

    Args:
        jobs: processes; each works on one target.
    """
    make_designer = partial(_Designer, options or DesignOptions())
    for designs in map_ordered(make_designer, targets, jobs=jobs, on_kill=_failed):
        yield from designs


def nested_target(dot_bracket: str) -> str:
    """The target in round brackets.

    >>> nested_target("[[[...]]]")
    '(((...)))'

    Raises:
        StructureError: no dot-bracket, empty, a sequence, a hairpin of fewer than three nucleotides, or a
            pseudoknot.
    """
    if not dot_bracket:
        raise StructureError("empty structure")
    if dot_bracket.isalpha():
        raise StructureError("letters only, as in a sequence; expected a dot-bracket such as ((((....))))")
    pairs = pairs_from_dot_bracket(dot_bracket)
    if has_pseudoknot(pairs):
        raise StructureError(
            "the target has a pseudoknot, which the energy model cannot fold; leave out the pairs that cross"
        )
    for i, j in pairs.tolist():
        check_hairpin(i, j)
    return dot_bracket_from_pairs(pairs, len(dot_bracket))


class _Designer:
    def __init__(self, options: DesignOptions) -> None:
        self._options = options

    def __call__(self, target: Target) -> list[Design]:
        try:
            return list(self.solutions(target))
        except DataError as error:
            return _failed(target, str(error))

    def solutions(self, target: Target) -> Iterator[Design]:
        structure = nested_target(target.dot_bracket)
        if len(structure) > MAX_TARGET:
            raise DesignError(f"target of {len(structure)} nt; up to {MAX_TARGET} nt are designed")
        options, found = self._options, list[str]()
        rules = Rules(structure, options.constraints)
        start = time.monotonic()
        given = [sequence for sequence in options.unlike if len(sequence) == len(structure)]
        for number in range(1, options.num_solutions + 1):
            share = options.time_limit * number / options.num_solutions
            result = self._solution(target, structure, rules, number, start + share, given + found)
            found += [result.sequence] if result.sequence and not result.error else []
            yield result

    def _solution(
        self, target: Target, structure: str, rules: Rules, number: int, deadline: float, found: list[str]
    ) -> Design:
        """One more solution, unlike those that were found; best effort until the deadline."""
        options, start = self._options, time.monotonic()
        limit = options.max_folds or _UNLIMITED
        budget = Budget(deadline=deadline, folds=limit)
        empty = Design(name=target.name, solution=number, target=target.dot_bracket)
        try:
            self._check_distance(rules, found)
            search = Search(structure, rules, options.energy_model, Random(f"{options.seed}:{number}"))
            state = self._search(search, budget, found)
            seconds = round(time.monotonic() - start, 2)
            certificate = certify(state.sequence, structure, options.energy_model)
        except (DesignError, FoldingError) as error:
            seconds = round(time.monotonic() - start, 2)
            return replace(empty, folds=limit - budget.folds, seconds=seconds, error=str(error))
        return replace(
            empty,
            sequence=state.sequence,
            certificate=certificate,
            folds=limit - budget.folds,
            seconds=seconds,
            error=self._complaint(state, certificate, found),
        )

    def _search(self, search: Search, budget: Budget, found: list[str]) -> State:
        """A new solution, else one that is not new, else what came closest."""
        best = state = search.run(budget)
        while not budget.is_spent and not state.gap and not self._is_new(state.sequence, found):
            try:
                state = search.run(budget)
            except DesignError:  # no time for another legal sequence
                break
            best = state if state.gap <= best.gap else best
        return best

    def _complaint(self, state: State, certificate: Certificate, found: list[str]) -> str | None:
        if not state.gap:
            is_new = self._is_new(state.sequence, found)
            return (
                None if is_new else f"no solution within {self._limits()} that differs enough from the others"
            )
        closest = f"the closest has a gap of {certificate.gap:.2f} kcal/mol"
        if not certificate.gap:
            closest = "the closest shares the minimum free energy with another structure"
        return f"not solved within {self._limits()}: {closest}"

    def _check_distance(self, rules: Rules, found: list[str]) -> None:
        """Whether the pattern leaves enough positions free."""
        for other in found:
            least = ceil(self._least_distance(other))
            if (most := rules.largest_distance(other)) < least:
                raise DesignError(
                    f"solutions are to differ at {least} of {len(other)} nt or more; the pattern lets them "
                    f"differ at {most} from one that is given or was found"
                )

    def _is_new(self, sequence: str, found: list[str]) -> bool:
        least = self._least_distance(sequence)
        return all(sum(a != b for a, b in zip(sequence, other, strict=True)) >= least for other in found)

    def _least_distance(self, sequence: str) -> float:
        return self._options.min_distance * len(sequence) - 1e-9

    def _limits(self) -> str:
        folds = self._options.max_folds
        return f"{self._options.time_limit:g} s" + (f" or {folds:,} folds" if folds else "")


def _failed(target: Target, reason: str) -> list[Design]:
    return [Design(name=target.name, solution=1, target=target.dot_bracket, error=reason)]
