"""Effects of single substitutions as arrays, one column per nucleotide.

Shape letters: L nucleotides.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.alphabet import NUCLEOTIDES
from mprna.predict.variant_effect import VariantEffect

QUANTITIES: Final = ("delta_ensemble_energy", "llr", "pair_distance")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffectMap:
    """One RNA."""

    name: str
    sequence: str
    """Blank where no variant was judged."""
    values: dict[str, npt.NDArray[np.float64]]
    """Of `QUANTITIES`; rows A C G U, NaN where there is none. *Shape:* (4, L) each"""


def effect_maps(effects: Iterable[VariantEffect]) -> list[EffectMap]:
    """A map per RNA, up to the last nucleotide with an effect; several substitutions at once are left out.

    Neighbours of one name are two RNAs where a substitution has another effect or a nucleotide is another.
    """
    single = (effect for effect in effects if effect.error is None and len(effect.ref or "") == 1)
    return [_map(group) for group in _by_rna(single)]


def _by_rna(effects: Iterable[VariantEffect]) -> Iterator[list[VariantEffect]]:
    group: list[VariantEffect] = []
    letters: dict[int | None, str | None] = {}
    found: dict[str, VariantEffect] = {}
    for effect in (dataclasses.replace(effect, given=None) for effect in effects):
        is_other = bool(group) and effect.name != group[0].name
        is_other |= letters.get(effect.position, effect.ref) != effect.ref
        is_other |= found.get(effect.variant, effect) != effect
        if is_other:
            yield group
            group, letters, found = [], {}, {}
        group.append(effect)
        letters[effect.position] = effect.ref
        found[effect.variant] = effect
    if group:
        yield group


def _map(effects: list[VariantEffect]) -> EffectMap:
    length = max(effect.position or 0 for effect in effects)
    letters = [" "] * length
    values = {quantity: np.full((len(NUCLEOTIDES), length), np.nan) for quantity in QUANTITIES}
    for effect in effects:
        column = (effect.position or 0) - 1
        letters[column] = effect.ref or " "
        for quantity, table in values.items():
            value = getattr(effect, quantity)
            if value is not None:
                table[NUCLEOTIDES.index(effect.alt or ""), column] = value
    return EffectMap(name=effects[0].name, sequence="".join(letters), values=values)
