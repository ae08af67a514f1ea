"""ViennaRNA counts with the converted parameters what CONTRAfold's own rules say, for made-up scores."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from mprna.errors import UsageError
from mprna.folding.vienna import CONTRAFOLD, DEFAULT_MODEL, EnergyModel, pair_probs, parameter_text
from mprna.folding.vienna.library import LOCK, viennarna
from mprna.rna.structure import pairs_from_dot_bracket

sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))
from contrafold_parameters import RT, Contrafold, parameter_file

BASES = "ACGU"
PAIRS = ("CG", "GC", "GU", "UG", "AU", "UA")
LENGTHS = {
    "hairpin_length": range(31),
    "bulge_length": range(1, 31),
    "internal_length": range(2, 31),
    "internal_symmetric_length": range(1, 16),
    "internal_asymmetry": range(1, 29),
}
ONCE = ("multi_base", "multi_unpaired", "multi_paired", "external_unpaired", "external_paired")
# Stacks, an interior loop of each size that has a table, hairpins, a multiloop, pairs side by side.
STRUCTURES = (
    ".((((.....)))).",
    ".((.((....)).)).",
    ".((.((....))..)).",
    ".((..((.....)).)).",
    ".((..((......))..)).",
    ".((.((....))..(((.....))).)).",
    ".((....)).((((....))))..",
)


def made_up_scores(rng: np.random.Generator) -> dict[str, float]:
    names = [f"base_pair_{x}{y}" for x in BASES for y in BASES if x <= y]
    names += [f"internal_1x1_nucleotides_{x}{y}" for x in BASES for y in BASES if x <= y]
    names += [f"helix_closing_{x}{y}" for x in BASES for y in BASES]
    names += [f"terminal_mismatch_{''.join(four)}" for four in product(BASES, repeat=4)]
    names += [
        f"dangle_{side}_{''.join(three)}" for side in ("left", "right") for three in product(BASES, repeat=3)
    ]
    names += [f"bulge_0x1_nucleotides_{x}" for x in BASES]
    names += [f"internal_explicit_{few}_{many}" for few in range(1, 5) for many in range(few, 5)]
    names += [f"{name}_at_least_{n}" for name, numbers in LENGTHS.items() for n in numbers]
    for p, q in product(PAIRS, PAIRS):  # CONTRAfold's file has one of the two names of a stack
        name, same = f"helix_stacking_{p}{q}", f"helix_stacking_{q[::-1]}{p[::-1]}"
        names += [] if same in names else [name]
    scores = {name: float(rng.normal(0, 0.5)) for name in (*names, *ONCE)}
    # So that all neighbours of all pairs make them more likely: ViennaRNA takes the others for 0.
    return {name: score + 3 * name.startswith("helix_closing") for name, score in scores.items()}


def contrafold_score(scores: dict[str, float], sequence: str, dot_bracket: str) -> float:
    """By the rules of the paper's program, loop by loop; unpaired nucleotides outside all pairs left out."""
    partner = {}
    for i, j in pairs_from_dot_bracket(dot_bracket).tolist():
        partner[i], partner[j] = j, i

    def ends(i: int, j: int) -> str:
        return sequence[i] + sequence[j]

    def cumulated(name: str, length: int) -> float:
        return sum(scores.get(f"{name}_at_least_{n}", 0.0) for n in range(length + 1))

    def pair(i: int, j: int) -> float:
        return scores["base_pair_" + "".join(sorted(ends(i, j)))]

    def closed(i: int, j: int) -> float:  # a pair that closes a hairpin or interior loop
        return (
            scores[f"helix_closing_{ends(i, j)}"]
            + scores[f"terminal_mismatch_{ends(i, j)}{sequence[i + 1]}{sequence[j - 1]}"]
        )

    def branch(i: int, j: int) -> float:  # a pair at a multiloop, or outside
        kind = ends(i, j)
        dangles = (
            scores[f"dangle_left_{kind}{sequence[i + 1]}"] + scores[f"dangle_right_{kind}{sequence[j - 1]}"]
        )
        return scores[f"helix_closing_{kind}"] + dangles

    def within(start: int, end: int) -> list[tuple[int, int]]:
        found, at = [], start
        while at < end:
            if at in partner:
                found.append((at, partner[at]))
                at = partner[at]
            at += 1
        return found

    def interior(i: int, j: int, p: int, q: int) -> float:
        left, right = p - i - 1, j - q - 1
        if left == right == 0:
            name = f"helix_stacking_{ends(i, j)}{ends(p, q)}"
            return scores.get(name, scores.get(f"helix_stacking_{ends(q, p)}{ends(j, i)}", np.nan))
        total = closed(i, j) + closed(q, p) + cumulated("internal_length", left + right)
        total += cumulated("internal_asymmetry", abs(left - right))
        total += cumulated("internal_symmetric_length", left) if left == right else 0.0
        total += scores[f"internal_explicit_{min(left, right)}_{max(left, right)}"]
        if left == right == 1:
            total += scores["internal_1x1_nucleotides_" + "".join(sorted(sequence[i + 1] + sequence[j - 1]))]
        return total

    def loop(i: int, j: int) -> float:
        inner = within(i + 1, j)
        total = sum(pair(p, q) + loop(p, q) for p, q in inner)
        if not inner:
            return total + closed(i, j) + cumulated("hairpin_length", j - i - 1)
        if len(inner) == 1:
            return total + interior(i, j, *inner[0])
        unpaired = j - i - 1 - sum(q - p + 1 for p, q in inner)
        total += scores["multi_base"] + scores["multi_paired"] * (len(inner) + 1)
        total += branch(i, j) + sum(branch(q, p) for p, q in inner)
        return total + scores["multi_unpaired"] * unpaired

    return sum(
        pair(i, j) + branch(j, i) + scores["external_paired"] + loop(i, j)
        for i, j in within(0, len(sequence))
    )


def random_sequence(dot_bracket: str, rng: np.random.Generator) -> str:
    letters = rng.choice(list(BASES), len(dot_bracket))
    for i, j in pairs_from_dot_bracket(dot_bracket).tolist():
        letters[i], letters[j] = rng.choice(PAIRS)
    return "".join(letters)


@pytest.fixture(scope="module")
def made_up() -> dict[str, float]:
    return made_up_scores(np.random.default_rng(0))


@pytest.fixture
def converted(made_up, tmp_path):
    """What ViennaRNA says with the made-up parameters."""
    written = tmp_path / "scores"
    written.write_text("".join(f"{name} {value}\n" for name, value in made_up.items()))
    text = parameter_file(Contrafold(written), parameter_text(DEFAULT_MODEL.parameters))
    library = viennarna()
    with LOCK:
        assert library.params_load_from_string(text, "made up")

        def energy(sequence: str, dot_bracket: str) -> float:
            details = library.md()
            details.dangles = 2
            return library.fold_compound(sequence, details).eval_structure(dot_bracket)

        yield energy
        library.params_load_RNA_Turner2004()


@pytest.mark.parametrize("dot_bracket", STRUCTURES)
def test_vienna_counts_what_contrafold_scores(made_up, converted, dot_bracket):
    rng = np.random.default_rng(len(dot_bracket))
    for _ in range(50):
        sequence = random_sequence(dot_bracket, rng)
        expected = -RT / 100 * contrafold_score(made_up, sequence, dot_bracket)
        assert converted(sequence, dot_bracket) == pytest.approx(expected, abs=0.12), (
            sequence
        )  # rounded terms


def test_scores_are_the_same_at_any_temperature():
    """Where there is one structure with pairs, RT times the logarithm of its odds is its energy."""
    energies = []
    for model in (EnergyModel(), EnergyModel(temperature=20.0)):
        prob = pair_probs("GAAAAC", model, parameters=(CONTRAFOLD,))[0, 5]
        energies.append(-model.thermal_energy * np.log(prob / (1 - prob)))
    assert energies[0] == pytest.approx(energies[1], abs=1e-4)


def test_it_is_no_energy_model():
    with pytest.raises(UsageError, match="unknown energy parameters 'contrafold2'"):
        EnergyModel(parameters=CONTRAFOLD)
