"""Ensemble energies of all substitutions, against folding every mutant."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mprna.folding import ensemble_parts
from mprna.folding.substitutions import SubstitutionEnergies
from mprna.folding.vienna import fold_ensemble, fold_mfe

SRC = Path(__file__).parents[2] / "src"
TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"


def text(length: int, seed: int, letters: str = "ACGU") -> str:
    return "".join(np.random.default_rng(seed).choice(list(letters), size=length))


def differences(sequence: str, every: int = 1) -> np.ndarray:
    """Found less folded, for all substitutions at every so many-th position."""
    energies, reference = SubstitutionEnergies(sequence), fold_ensemble(sequence).energy
    found = []
    for position in range(0, len(sequence), every):
        for alt in "ACGU".replace(sequence[position], ""):
            mutant = sequence[:position] + alt + sequence[position + 1 :]
            expected = fold_ensemble(mutant).energy - reference
            found.append(energies.delta(position, alt) - expected)
    return np.array(found)


@pytest.mark.parametrize(
    "sequence",
    [
        "GGGGAAAACCCC",  # tetraloop with an energy of its own
        "GGCACAGUGCUGUGCC",
        "GGGAACCCAAGGGAACCC",  # two branches outside
        "GGGCUUCGCCAAGCGAAAGCUUCCC",  # a multiloop
        "GGAGACCAACGGAAGGAACUCC",
        text(40, 0),
        text(40, 1, "GC"),
        text(40, 2, "GU"),
        "A" * 20,
        "ACGU",
        "G",
    ],
)
def test_exact_when_no_pair_is_left_out(sequence, monkeypatch):
    monkeypatch.setattr(ensemble_parts, "MIN_REFERENCE_PROB", 1e-30)
    assert np.abs(differences(sequence)).max() < 2e-4


def test_a_multiloop_of_four_helices():
    """As good at every fifth position, in stems, loops and between helices, at both ends."""
    assert fold_mfe(TRNA)[0].count("(") > 15
    found = differences(TRNA, every=5)
    assert np.abs(found).max() < 0.01
    assert np.abs(found).mean() < 0.001


def test_a_longer_rna():
    """Beyond 250 nt sums over structures are scaled."""
    found = differences(text(260, 3), every=100)
    assert np.abs(found).max() < 0.1


def test_an_rna_that_has_countless_structures():
    """A change brings together many pairs that are improbable in the reference, one by one."""
    rng = random.Random(2)
    sequence = "".join(rng.choice("GC") for _ in range(301))
    reference, mutant = (
        fold_ensemble(one).energy for one in (sequence, sequence[:160] + "G" + sequence[161:])
    )
    assert SubstitutionEnergies(sequence).delta(160, "G") == pytest.approx(mutant - reference, abs=1e-3)


def test_n_never_pairs():
    known = SubstitutionEnergies("GGGNAAAACCCCNGGGAAANCC")
    mutant = fold_ensemble("GGGNAAGACCCCNGGGAAANCC").energy - fold_ensemble("GGGNAAAACCCCNGGGAAANCC").energy
    assert known.delta(6, "G") == pytest.approx(mutant, abs=1e-3)


THREADS = """
import numpy as np
from mprna.folding.substitutions import SubstitutionEnergies
sequence = "".join(np.random.default_rng(5).choice(list("ACGU"), size=150))
energies = SubstitutionEnergies(sequence)
print([energies.delta(position, "ACGU".replace(sequence[position], "")[0]) for position in range(0, 150, 25)])
"""


def test_does_not_depend_on_the_number_of_threads():
    found = set()
    for threads in ("1", "4"):
        names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
        environment = os.environ | dict.fromkeys(names, threads) | {"PYTHONPATH": str(SRC)}
        command = [sys.executable, "-c", THREADS]
        found.add(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
    assert len(found) == 1


def test_does_not_depend_on_what_was_asked_before():
    one, other = SubstitutionEnergies(TRNA), SubstitutionEnergies(TRNA)
    first = [one.delta(position, "A") for position in (1, 30, 50)]
    assert [other.delta(position, "A") for position in (50, 30, 1)][::-1] == first
