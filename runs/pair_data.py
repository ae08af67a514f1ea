"""Known structures, transcripts and mapped RNAs with their ensembles: what pair networks learn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from chemical_mapping import Profile, fit_log_ratios, log_ratios_of
from pair_ensembles import Pairs, ensembles_of

from mprna.alphabet import clean_sequence
from mprna.corpus.decontaminate import Unwanted
from mprna.errors import SequenceError, StructureError
from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.rna.structure import pairs_from_dot_bracket
from mprna.runtime.pair_engine import MIN_LEARNED_LENGTH

MAX_UNWANTED = 0.5
"""Share of 14-mers, on either strand."""
MAPPED = "mapped"


class Rna(NamedTuple):
    sequence: str
    known: Pairs | None
    ensembles: tuple[Pairs, Pairs]
    """By either energy model."""
    log_ratios: npt.NDArray[np.float32] | None = None
    """Of being unpaired, by chemical mapping. *Shape:* (L,)"""
    source: str = ""
    """The folder of the file that it was read from; MAPPED for chemical mapping."""

    def mixture(self, share: float) -> npt.NDArray[np.float32]:
        """(L, L), above the diagonal; `share` of it by the first energy model."""
        first, second = (pairs.dense(len(self.sequence)) for pairs in self.ensembles)
        return np.float32(share) * first + np.float32(1 - share) * second

    def unpaired(self) -> npt.NDArray[np.float32]:
        """Probabilities in the even mixture. *Shape:* (L,)"""
        probs = self.mixture(0.5)
        unpaired: npt.NDArray[np.float32] = 1 - probs.sum(0) - probs.sum(1)
        return unpaired


def read_rnas(
    paths: Iterable[Path],
    max_length: int,
    store: Path,
    unwanted: Sequence[Path] = (),
    profiles: Sequence[Profile] = (),
) -> list[Rna]:
    """Distinct RNAs of 16 to `max_length` nt with their ensembles; what is left out is counted.

    So are those that share more than half of their 14-mers with the `unwanted`.

    Args:
        store: see `pair_ensembles`.
    """
    mapped = {profile.sequence: profile for profile in profiles if len(profile.sequence) <= max_length}
    found: dict[str, Pairs | None] = dict.fromkeys(mapped)
    sources = dict.fromkeys(mapped, MAPPED)
    left_out = 0
    for path in paths:
        for record in read_records(path):
            try:
                sequence = clean_sequence(record.sequence)
                known = known_pairs(record)
            except (SequenceError, StructureError):
                left_out += 1
                continue
            if sequence in found or not MIN_LEARNED_LENGTH <= len(sequence) <= max_length:
                left_out += 1
                continue
            found[sequence] = known
            sources[sequence] = path.absolute().parent.name
    found, num_unwanted = without(found, unwanted)
    ensembles = ensembles_of(list(found), store)
    rnas = [
        Rna(sequence, known, pairs, source=sources[sequence])
        for (sequence, known), pairs in zip(found.items(), ensembles, strict=True)
    ]
    num_known = sum(rna.known is not None for rna in rnas)
    rnas = with_log_ratios(rnas, mapped)
    num_mapped = sum(rna.log_ratios is not None for rna in rnas)
    print(f"{len(rnas)} RNAs, {num_known} with a structure, {num_mapped} with reactivities")
    print(f"{left_out} left out: length, letters, seen before; {num_unwanted} unwanted", flush=True)
    return rnas


def with_log_ratios(rnas: list[Rna], mapped: dict[str, Profile]) -> list[Rna]:
    """The same RNAs; those that are mapped with what chemical mapping says."""
    chosen = [n for n, rna in enumerate(rnas) if rna.sequence in mapped]
    profiles = [mapped[rnas[n].sequence] for n in chosen]
    if profiles:
        by_bin = fit_log_ratios(profiles, [rnas[n].unpaired() for n in chosen])
        for n, profile in zip(chosen, profiles, strict=True):
            rnas[n] = rnas[n]._replace(log_ratios=log_ratios_of(profile, by_bin))
    return rnas


def without(found: dict[str, Pairs | None], unwanted: Sequence[Path]) -> tuple[dict[str, Pairs | None], int]:
    """What is not like the unwanted, and how many are."""
    if not unwanted:
        return found, 0
    words = Unwanted({path.as_posix(): path for path in unwanted})
    shares = words.shares(list(found))
    kept = {
        sequence: known
        for (sequence, known), share in zip(found.items(), shares, strict=True)
        if share <= MAX_UNWANTED
    }
    return kept, len(found) - len(kept)


def known_pairs(record: Record) -> Pairs | None:
    if record.dot_bracket is None:
        return None
    positions = pairs_from_dot_bracket(record.dot_bracket)
    return Pairs(positions, np.ones(len(positions), dtype=np.float32))
