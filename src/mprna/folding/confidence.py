"""How probable a structure is, nucleotide by nucleotide, in an ensemble.

Shape letters: L nucleotides.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mprna.rna.structure import UNPAIRED, pairs_from_dot_bracket, partners_from_pairs


def assigned_state_probs(
    dot_bracket: str, base_pair_probs: npt.NDArray[np.floating]
) -> npt.NDArray[np.float32]:
    """Probability of the state that each nucleotide has in the structure: its pair, or being unpaired.

    A nucleotide is unpaired with one minus the sum of its pair probabilities. Pairs of all bracket kinds
    count.

    Args:
        dot_bracket: any structure, for example the MFE structure.
        base_pair_probs: symmetric.
            *Shape:* (L, L)

    *Shape:* (L,)

    >>> probs = np.array([[0, 0, 0.75], [0, 0, 0], [0.75, 0, 0]])
    >>> assigned_state_probs("(.)", probs).tolist(), assigned_state_probs("...", probs).tolist()
    ([0.75, 1.0, 0.75], [0.25, 1.0, 0.25])

    Raises:
        StructureError: unbalanced brackets or unknown symbols.
        ValueError: probabilities of another shape.
    """
    length = len(dot_bracket)
    if base_pair_probs.shape != (length, length):
        raise ValueError(f"base_pair_probs of shape {base_pair_probs.shape} for a structure of {length} nt")
    partners = partners_from_pairs(pairs_from_dot_bracket(dot_bracket), length)
    paired = base_pair_probs[np.arange(length), partners]
    unpaired = 1.0 - base_pair_probs.sum(axis=1, dtype=np.float64)
    return np.where(partners == UNPAIRED, unpaired, paired).clip(0.0, 1.0).astype(np.float32)


def ensemble_defect(dot_bracket: str, base_pair_probs: npt.NDArray[np.floating]) -> float:
    """Mean probability that a nucleotide is in another state than the structure says, 0 to 1 (NED).

    Source: Dirks et al. 2004, doi:10.1093/nar/gkh291, divided by the length.

    >>> round(ensemble_defect("(.)", np.array([[0, 0, 0.75], [0, 0, 0], [0.75, 0, 0]])), 4)
    0.1667

    Raises:
        StructureError: unbalanced brackets or unknown symbols.
        ValueError: probabilities of another shape, or an empty structure.
    """
    if not dot_bracket:
        raise ValueError("empty structure")
    return float(1.0 - assigned_state_probs(dot_bracket, base_pair_probs).mean(dtype=np.float64))
