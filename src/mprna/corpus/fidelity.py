"""How far an MFE structure can be trusted: features that folding gives cheaply, and a calibration of them.

A calibration turns the features into the expected pair F1 of the structure. It also corrects the probability
of every nucleotide's state, so that it agrees with known structures. `mprna corpus calibrate` fits it.

Shape letters: L nucleotides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from importlib import resources
from math import exp, log
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from mprna.corpus.logistic import Floats
from mprna.errors import CorpusError, FoldingError
from mprna.folding.confidence import assigned_state_probs
from mprna.folding.vienna import EnergyModel, fold_ensemble, fold_mfe
from mprna.rna.scores import pair_scores
from mprna.rna.structure import UNPAIRED, Partners, pairs_from_dot_bracket, partners_from_pairs
from mprna.softmax import logit, sigmoid

SCHEMA_NAME: Final = "fidelity"
SCHEMA_VERSION: Final = 1
INTERCEPT: Final = "intercept"
RNA_FEATURES: Final = (
    "agreement",
    "fidelity",
    "mean_pair_prob",
    "log_mfe_prob_per_nt",
    "mfe_per_nt",
    "log_length",
    "gc",
    "paired_share",
)
STATE_FEATURES: Final = ("logit_prob", "same_in_second", "logit_expected_f1")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Folded:
    """What two energy models say about one sequence.

    Args:
        sequence: clean.
        structure: of minimum free energy (MFE), dot-bracket.
        mfe: its energy, kcal/mol.
        ensemble_energy: of the ensemble, kcal/mol.
        state_probs: probability of every nucleotide's state: its pair, or unpaired. *Shape:* (L,)
        mfe_prob: Boltzmann probability of the structure, exp((ensemble energy - MFE) / RT).
        second_structure: MFE structure of the second energy model.
    """

    sequence: str
    structure: str
    mfe: float
    ensemble_energy: float
    state_probs: npt.NDArray[np.float32]
    mfe_prob: float
    second_structure: str

    @property
    def partners(self) -> Partners:
        """0-based partner of every nucleotide, -1 where unpaired. *Shape:* (L,)"""
        return _partners(self.structure)

    @property
    def fidelity(self) -> float:
        """1 - normalised ensemble defect, 0..1."""
        return float(self.state_probs.mean(dtype=np.float64))

    @property
    def mean_pair_prob(self) -> float | None:
        """Mean probability of the structure's pairs; None where it has none."""
        paired = self.partners != UNPAIRED
        return float(self.state_probs[paired].mean(dtype=np.float64)) if paired.any() else None

    @property
    def agreement(self) -> float:
        """Pair F1 of the two MFE structures; 1 where both have no pairs."""
        first, second = map(pairs_from_dot_bracket, (self.structure, self.second_structure))
        return pair_scores(first, second).f1

    def rna_features(self) -> Floats:
        """Values of `RNA_FEATURES`; the mean pair probability is 0 without pairs."""
        length = len(self.sequence)
        return np.array(
            [
                self.agreement,
                self.fidelity,
                self.mean_pair_prob or 0.0,
                log(max(self.mfe_prob, 1e-300)) / length,
                self.mfe / length,
                log(length),
                sum(map(self.sequence.count, "GC")) / length,
                (self.partners != UNPAIRED).mean(),
            ]
        )

    def state_features(self, expected_f1: float) -> Floats:
        """Values of `STATE_FEATURES` for every nucleotide. *Shape:* (L, 3)"""
        same = self.partners == _partners(self.second_structure)
        expected = np.full(len(self.sequence), logit(expected_f1, margin=0.01))
        return np.column_stack([logit(self.state_probs, margin=1e-3), same, expected])


MainFold = Callable[[str, EnergyModel, str], Folded]
"""Signature of `fold_main`."""


def fold_all(sequences: Iterable[str], model: EnergyModel, second_parameters: str) -> Iterator[Folded | None]:
    """Fold sequences under two parameter sets; None if that fails.

    All sequences are folded under the second set before the first one: changing ViennaRNA's parameters, which
    are those of the whole process, takes about as long as folding 100 nt.
    """
    sequences = list(sequences)
    second_model = replace(model, parameters=second_parameters)
    second_structures = [_structure_or_none(sequence, second_model) for sequence in sequences]
    for sequence, second_structure in zip(sequences, second_structures, strict=True):
        try:
            yield None if second_structure is None else fold_main(sequence, model, second_structure)
        except FoldingError:
            yield None


def _structure_or_none(sequence: str, model: EnergyModel) -> str | None:
    try:
        return fold_second(sequence, model)
    except FoldingError:
        return None


def fold_second(sequence: str, model: EnergyModel) -> str:
    """First of two steps: the MFE structure under the second energy model.

    Raises:
        FoldingError: there is no fold; as of `fold_main`.
    """
    return fold_mfe(sequence, model)[0]


def fold_main(sequence: str, model: EnergyModel, second_structure: str) -> Folded:
    """Second step: the ensemble under the main energy model."""
    ensemble = fold_ensemble(sequence, model)
    excess = (ensemble.energy - ensemble.mfe) / model.thermal_energy
    return Folded(
        sequence=sequence,
        structure=ensemble.mfe_dot_bracket,
        mfe=ensemble.mfe,
        ensemble_energy=ensemble.energy,
        state_probs=assigned_state_probs(ensemble.mfe_dot_bracket, ensemble.base_pair_probs),
        mfe_prob=min(1.0, exp(excess)),  # energies are rounded, so it may be a little above 1
        second_structure=second_structure,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Logistic weights, fitted to known structures under one energy model.

    Args:
        parameters: of the energy model whose structures are judged.
        temperature: of both energy models, degrees Celsius.
        second_parameters: of the energy model that is compared with.
        max_length: of the known structures, nt; longer sequences count as this long.
        f1_weights: intercept and `RNA_FEATURES`: log-odds of the pair F1.
        paired_weights: intercept and `STATE_FEATURES`: log-odds that a paired nucleotide's partner is right.
        unpaired_weights: the same for unpaired nucleotides.
        provenance: files with SHA-256, number of RNAs, seed, ViennaRNA's version.
    """

    parameters: str
    temperature: float
    second_parameters: str
    max_length: int
    f1_weights: dict[str, float]
    paired_weights: dict[str, float]
    unpaired_weights: dict[str, float]
    provenance: dict[str, Any]

    def __post_init__(self) -> None:
        names = (RNA_FEATURES, STATE_FEATURES, STATE_FEATURES)
        for weights, features in zip(
            (self.f1_weights, self.paired_weights, self.unpaired_weights), names, strict=True
        ):
            if set(weights) != {INTERCEPT, *features} or not np.isfinite(list(weights.values())).all():
                expected = ", ".join((INTERCEPT, *features))
                raise CorpusError(f"calibration with weights {weights}; expected numbers for {expected}")

    def fits(self, model: EnergyModel) -> bool:
        """Whether it was fitted for this energy model; the span of pairs does not matter."""
        return (model.parameters, model.temperature) == (self.parameters, self.temperature)

    def expected_f1(self, folded: Folded) -> float:
        """Expected pair F1 with the true structure, 0..1; 0 for a structure without pairs."""
        if "(" not in folded.structure:
            return 0.0
        features = folded.rna_features()
        place = RNA_FEATURES.index("log_length")
        features[place] = min(features[place], log(self.max_length))
        return float(sigmoid(_linear(features, self.f1_weights, RNA_FEATURES)))

    def state_probs(self, folded: Folded, expected_f1: float) -> npt.NDArray[np.float32]:
        """Recalibrated probability of every nucleotide's state. *Shape:* (L,)"""
        features = folded.state_features(expected_f1)
        paired = _linear(features, self.paired_weights, STATE_FEATURES)
        unpaired = _linear(features, self.unpaired_weights, STATE_FEATURES)
        return sigmoid(np.where(folded.partners == UNPAIRED, unpaired, paired)).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """The document that `read_calibration` reads."""
        return {"schema": {"name": SCHEMA_NAME, "version": SCHEMA_VERSION}, **asdict(self)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Inverse of `to_json`; further entries (the report of the fit) are ignored."""
        return cls(**{name: document[name] for name in cls.__dataclass_fields__})


def read_calibration(path: Path) -> Calibration:
    """A calibration that `mprna corpus calibrate` wrote.

    Raises:
        CorpusError: no such file, or no calibration of this version.
    """
    try:
        return _parse(path.read_bytes(), str(path))
    except OSError as error:
        raise CorpusError(f"{path}: {error.strerror}; write one with `mprna corpus calibrate`") from None


def shipped_calibration() -> Calibration:
    """The calibration in the package: Turner 2004 at 37 °C."""
    content = (resources.files("mprna.corpus") / "fidelity.json").read_bytes()
    return _parse(content, "fidelity.json")


def named_weights(values: Floats, features: tuple[str, ...]) -> dict[str, float]:
    """Fitted values, intercept first, by name."""
    return dict(zip((INTERCEPT, *features), values.tolist(), strict=True))


def _parse(content: bytes, name: str) -> Calibration:
    try:
        document = json.loads(content)
        if document["schema"] != {"name": SCHEMA_NAME, "version": SCHEMA_VERSION}:
            raise CorpusError(f"{name}: not a calibration of schema {SCHEMA_NAME!r} version {SCHEMA_VERSION}")
        return Calibration.from_json(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorpusError(
            f"{name}: no calibration ({error}); write one with `mprna corpus calibrate`"
        ) from None


def _linear(features: Floats, weights: Mapping[str, float], names: tuple[str, ...]) -> Floats:
    return np.asarray(weights[INTERCEPT] + features @ np.array([weights[name] for name in names]))


def _partners(dot_bracket: str) -> Partners:
    return partners_from_pairs(pairs_from_dot_bracket(dot_bracket), len(dot_bracket))
