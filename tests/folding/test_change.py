"""What a mutation does to an ensemble, against the enumeration of all structures."""

from __future__ import annotations

import numpy as np
import pytest
import RNA

from mprna.folding.change import ensemble_change
from mprna.folding.vienna import DEFAULT_MODEL, energies_of, fold_ensemble
from mprna.rna.structure import pairs_from_dot_bracket

HAIRPIN = "GGCGCGAAAGCGCC"


def enumerated(sequence: str) -> tuple[float, float, np.ndarray]:
    """Free energy, minimum free energy and pair probabilities from a list of all structures."""
    structures = [s.structure for s in RNA.fold_compound(sequence).subopt(6_000)]
    energies = np.array(energies_of(sequence, structures))
    weights = np.exp(-energies / DEFAULT_MODEL.thermal_energy)
    probs = np.zeros((len(sequence),) * 2)
    for structure, weight in zip(structures, weights / weights.sum(), strict=True):
        i, j = pairs_from_dot_bracket(structure).T
        probs[i, j] += weight
        probs[j, i] += weight
    return -DEFAULT_MODEL.thermal_energy * np.log(weights.sum()), energies.min(), probs


@pytest.mark.parametrize("mutant", ["GGCGCGAAAGCGCU", "GGCACGAAAGCGCC", "GGCGCGAGAGCGCC", "AGCGCGAAAGCGCC"])
def test_agrees_with_enumeration(mutant):
    found = ensemble_change(fold_ensemble(HAIRPIN), fold_ensemble(mutant))
    (energy, mfe, probs), (new_energy, new_mfe, new_probs) = enumerated(HAIRPIN), enumerated(mutant)
    assert found.delta_ensemble_energy == pytest.approx(new_energy - energy, abs=1e-3)
    assert found.delta_mfe == pytest.approx(new_mfe - mfe, abs=1e-6)
    assert found.pair_distance == pytest.approx(np.triu(np.abs(new_probs - probs)).sum(), abs=1e-3)
    unpaired = np.abs(new_probs.sum(axis=1) - probs.sum(axis=1)).sum()
    assert found.unpaired_distance == pytest.approx(unpaired, abs=1e-3)


def test_the_same_ensemble_has_not_changed():
    ensemble = fold_ensemble(HAIRPIN)
    found = ensemble_change(ensemble, ensemble)
    assert (found.delta_ensemble_energy, found.delta_mfe) == (0.0, 0.0)
    assert (found.pair_distance, found.unpaired_distance) == (0.0, 0.0)
    assert (found.helices_lost, found.helices_gained) == ((), ())


def test_lost_helices_come_back_as_gained():
    broken = "GGCCCGAAAGCGCC"
    there = ensemble_change(fold_ensemble(HAIRPIN), fold_ensemble(broken))
    back = ensemble_change(fold_ensemble(broken), fold_ensemble(HAIRPIN))
    assert [helix.tolist() for helix in there.helices_lost] == [[[k, 13 - k] for k in range(5)]]
    assert [h.tolist() for h in there.helices_lost] == [h.tolist() for h in back.helices_gained]
