"""CONTRAfold 2's parameters (Do, Woods and Batzoglou 2006) as a parameter file of ViennaRNA.

    pip download --no-deps gpu-contrafold==0.1.0 && unzip gpu_contrafold-0.1.0-py3-none-any.whl
    python runs/contrafold_parameters.py gpu_contrafold/data/contrafold.params.complementary \
        -o src/mprna/folding/vienna/contrafold2.par

The input is a file of CONTRAfold's distribution (BSD licence). A score of 1 becomes -RT at 37 °C, whatever
the temperature, and the score of a pair is shared by the two loops that it ends. Stacks, 1 x 1, 1 x 2 and
2 x 2 loops, hairpins of 4 to 30 nt and multiloops have their scores. What ViennaRNA has no table for is
approximated: nucleotides beside bulges and in hairpins of 3 nt get means, other interior loops a score for
their length and one for each nucleotide of asymmetry, by least squares. Neighbours of a pair outside all
others that make it less likely are taken for 0, because ViennaRNA does so.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mprna.folding.parameters import parameter_sections
from mprna.folding.vienna import DEFAULT_MODEL, PAIR_TYPES, parameter_text

Scores = npt.NDArray[np.float64]

BASES = "ACGU"
SHARES = np.array([0.27, 0.27, 0.05, 0.05, 0.18, 0.18])
"""How often the pairs are met, where a score is a mean over them."""
LONGEST = 30
"""Loop whose length has a score of its own."""
RT = 61.632
"""At 37 °C, in 0.01 kcal/mol."""
MAX_ASYMMETRIES = (2, 3, 4, 5, 6, 8)
"""Tried as the asymmetry beyond which a loop costs no more."""
REVERSED = [1, 0, 3, 2, 5, 4]
"""Places of the same pairs, read from the other side."""


class Contrafold:
    """Scores by pair and bases. Pairs p and q are read from within the loop that they end, where x follows
    the first base and y stands before the second."""

    def __init__(self, path: Path) -> None:
        self._values = {name: float(value) for name, value in map(str.split, path.read_text().splitlines())}
        self.half_pair_p = np.array([self["base_pair_" + "".join(sorted(p))] for p in PAIR_TYPES]) / 2
        self.ending_p = np.array([self[f"helix_closing_{p}"] for p in PAIR_TYPES])
        self.stack_pq = np.array([[self._stack(p, q) for q in PAIR_TYPES] for p in PAIR_TYPES])
        self.mismatch_pxy = np.array(
            [[[self[f"terminal_mismatch_{p}{x}{y}"] for y in BASES] for x in BASES] for p in PAIR_TYPES]
        )
        self.after_px = np.array([[self[f"dangle_left_{p}{x}"] for x in BASES] for p in PAIR_TYPES])
        self.before_py = np.array([[self[f"dangle_right_{p}{y}"] for y in BASES] for p in PAIR_TYPES])
        self.one_by_one_xy = np.array(
            [[self["internal_1x1_nucleotides_" + "".join(sorted(x + y))] for y in BASES] for x in BASES]
        )
        self.one_bulged = np.mean([self[f"bulge_0x1_nucleotides_{x}"] for x in BASES])
        self.hairpin = self._by_length("hairpin_length", LONGEST)
        self.bulge = self._by_length("bulge_length", LONGEST)
        self._internal = self._by_length("internal_length", LONGEST)
        self._symmetric = self._by_length("internal_symmetric_length", LONGEST // 2)
        self._asymmetry = self._by_length("internal_asymmetry", LONGEST - 2)

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def interior(self, left: int, right: int) -> float:
        """Of the numbers of unpaired nucleotides alone, both at least 1."""
        score = self._internal[left + right] + self._asymmetry[abs(left - right)]
        score += self._symmetric[left] if left == right else 0.0
        few, many = sorted((left, right))
        return float(score + self._values.get(f"internal_explicit_{few}_{many}", 0.0))

    def _stack(self, p: str, q: str) -> float:
        """Both named from within, so that the second is read backwards."""
        same = (f"helix_stacking_{p}{q[::-1]}", f"helix_stacking_{q}{p[::-1]}")
        return next(self._values[name] for name in same if name in self._values)

    def _by_length(self, name: str, longest: int) -> Scores:
        """*Shape:* (longest + 1,)"""
        return np.cumsum([self._values.get(f"{name}_at_least_{n}", 0.0) for n in range(longest + 1)])


class Interior:
    """Interior loops as ViennaRNA counts them: by length, and by asymmetry up to a limit."""

    def __init__(self, scores: Contrafold) -> None:
        sizes = [(left, n - left) for n in range(6, LONGEST + 1) for left in range(2, n - 1)]
        lengths = np.array([sum(size) for size in sizes])
        asymmetries = np.array([abs(left - right) for left, right in sizes])
        wanted = np.array([scores.interior(*size) for size in sizes])
        weights = np.sqrt(1 / (1 + asymmetries) / lengths)
        by_length = lengths[:, None] == np.arange(6, LONGEST + 1)

        def fit(limit: int) -> tuple[float, int, Scores]:
            columns = np.column_stack([by_length, asymmetries.clip(max=limit)]) * weights[:, None]
            found = np.linalg.lstsq(columns, wanted * weights, rcond=None)[0]
            return float(((columns @ found - wanted * weights) ** 2).sum()), limit, found

        _, limit, found = min(map(fit, MAX_ASYMMETRIES), key=lambda fitted: fitted[0])
        self.asymmetry, self.most = found[-1], found[-1] * limit
        self.by_length = np.concatenate([np.full(6, found[0]), found[:-1]])

    def missing(self, scores: Contrafold, left: int, right: int) -> float:
        """Half of what the score of a size differs by, because both of its pairs get it."""
        asymmetry = max(self.asymmetry * abs(left - right), self.most)
        return (scores.interior(left, right) - self.by_length[left + right] - asymmetry) / 2


def vienna_scores(scores: Contrafold) -> dict[str, Scores]:
    """ViennaRNA's tables by the titles of their sections, as scores; further axes are in its order."""
    interior = Interior(scores)
    end_p = scores.ending_p + scores.half_pair_p
    end_pxy = end_p[:, None, None] + scores.mismatch_pxy
    end_pyx = end_pxy.swapaxes(1, 2)
    mean_p = end_pxy.mean((1, 2))
    weak = mean_p[4:].mean() - mean_p[:2].mean()  # ViennaRNA's terminal AU, which GU pays too
    branch_p = (end_p - weak * np.array([0, 0, 1, 1, 1, 1]))[REVERSED]  # read from without
    before_py, after_px = scores.before_py[REVERSED], scores.after_px[REVERSED]
    branch_pyx = branch_p[:, None, None] + before_py[:, :, None] + after_px[:, None, :]
    lowest = branch_pyx.min()  # ViennaRNA takes a mismatch that costs energy for 0
    stack_pq = scores.stack_pq + scores.half_pair_p[:, None] + scores.half_pair_p
    hairpin, bulge = scores.hairpin.copy(), scores.bulge.copy()
    hairpin[3] += mean_p[:2].mean()
    bulge[2:] += 2 * mean_p[:2].mean()
    bulge[1] += 2 * mean_p @ SHARES + scores.one_bulged - SHARES @ stack_pq @ SHARES  # where it stacks
    one_by_n = np.mean([interior.missing(scores, 1, n) for n in range(3, 9)])
    return {
        "stack": _with_other_pairs(stack_pq, 0, 1),
        "mismatch_hairpin": _whole(end_pxy),
        "mismatch_internal": _whole(end_pxy),
        "mismatch_internal_1n": _whole(end_pxy + one_by_n),
        "mismatch_internal_23": _whole(end_pxy + interior.missing(scores, 2, 3)),
        "mismatch_multi": _whole(branch_pyx - lowest),
        "mismatch_exterior": _whole(branch_pyx + scores["external_paired"]),
        "dangle5": _whole(branch_p[:, None] + before_py),
        "dangle3": _whole(branch_p[:, None] + after_px),
        "int11": _whole(
            end_pxy[:, None] + end_pyx + (scores.interior(1, 1) + scores.one_by_one_xy), num_pairs=2
        ),
        "int21": _whole(
            end_pxy[:, None, :, None, :] + end_pyx[:, :, :, None] + scores.interior(1, 2), num_pairs=2
        ),
        "int22": end_pxy[:, None, :, None, None, :] + end_pyx[:, None, :, :, None] + scores.interior(2, 2),
        "hairpin": hairpin,
        "bulge": bulge,
        "internal": interior.by_length,
        "ML_params": np.array(
            [scores["multi_unpaired"], scores["multi_base"], scores["multi_paired"] + lowest]
        ),
        "NINIO": np.array([interior.asymmetry, interior.most]),
        "Misc": np.array([weak]),
    }


SHORTEST = {"hairpin": 3, "bulge": 1, "internal": 2}
"""Shorter loops do not exist."""


def parameter_file(scores: Contrafold, model: str) -> str:
    """A parameter file with the sections of another, `model`."""
    tables = vienna_scores(scores)
    parts = ["## RNAfold parameter file v2.0\n/* CONTRAfold 2, by runs/contrafold_parameters.py */\n"]
    for title, body in parameter_sections(model):
        name = title.removesuffix("_enthalpies")  # the same energy at any temperature
        if title == "END":
            lines = []
        elif title.endswith("loops"):
            lines = [_hairpin_line(scores, line.split()[0]) for line in body.splitlines() if line.strip()]
        elif title == "ML_params":
            lines = [" ".join(f"{energy} {energy}" for energy in _energies(tables[name]))]
        elif title == "NINIO":
            one, most = _energies(tables[name])
            lines = [f"{one} {one} {most}"]
        elif title == "Misc":
            (weak,) = _energies(tables[name])
            lines = [" ".join([*body.split()[:2], weak, weak, *body.split()[4:]])]
        else:
            lines = list(_lines(tables[name], SHORTEST.get(name, 0)))
        parts.append("\n".join([f"\n# {title}", *lines]) + "\n")
    return "".join(parts)


def _hairpin_line(scores: Contrafold, hairpin: str) -> str:
    """A hairpin that ViennaRNA lists by its letters: here it is like any other."""
    pair, x, y = PAIR_TYPES.index(hairpin[0] + hairpin[-1]), BASES.index(hairpin[1]), BASES.index(hairpin[-2])
    score = scores.hairpin[len(hairpin) - 2] + scores.ending_p[pair] + scores.half_pair_p[pair]
    (energy,) = _energies(np.array([score + scores.mismatch_pxy[pair, x, y]]))
    return f"{hairpin} {energy} {energy}"


def _lines(table: Scores, shortest: int) -> Iterator[str]:
    """Rows along the last axis."""
    for row in table.reshape(-1, table.shape[-1]):
        energies = _energies(row)
        yield " ".join(["INF"] * shortest + energies[shortest:])


def _energies(scores: Scores) -> list[str]:
    return [str(energy) for energy in np.rint(-RT * scores).astype(int).tolist()]


def _whole(table: Scores, num_pairs: int = 1) -> Scores:
    """With the mean over the bases as the first of each axis of bases, and other pairs."""
    for axis in range(num_pairs, table.ndim):
        table = np.concatenate([table.mean(axis, keepdims=True), table], axis)
    return _with_other_pairs(table, *range(num_pairs))


def _with_other_pairs(table: Scores, *axes: int) -> Scores:
    """With the lowest score for pairs that are not canonical, the last of each axis of pairs."""
    for axis in axes:
        table = np.concatenate([table, table.min(axis, keepdims=True)], axis)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parameters", type=Path, help="CONTRAfold's contrafold.params.complementary")
    parser.add_argument("-o", "--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.write_text(parameter_file(Contrafold(args.parameters), parameter_text(DEFAULT_MODEL.parameters)))


if __name__ == "__main__":
    main()
