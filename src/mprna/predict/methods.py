"""The three methods to fold one RNA: by energies, by a pair network, by a model with an encoder.

Each says which nested structure an RNA has and how probable its pairs are; `Folder` does the rest.

Shape letters: L nucleotides, S span of the pair band.
"""

from __future__ import annotations

import dataclasses
from typing import Final, NamedTuple, Protocol

from mprna.decoding.hybrid import decode_hybrid
from mprna.decoding.nested import decode_band, decode_nested
from mprna.decoding.pair_probs import DensePairProbs, PairProbs
from mprna.decoding.settings import ALONE_GAMMA, HYBRID_WEIGHT, MEAN_GAMMA, NESTED_GAMMA, PAIR_GAMMA
from mprna.decoding.tokens import decode_tokens
from mprna.errors import UsageError
from mprna.folding.prior import prior_pair_probs
from mprna.folding.restraints import NO_RESTRAINTS, Restraints
from mprna.folding.vienna import fold_ensemble, fold_mfe
from mprna.homology.evidence import Evidence, with_evidence
from mprna.predict.options import FoldOptions
from mprna.predict.restrain import (
    Nats,
    log_odds_of_pairing,
    restrain_band,
    restrain_prediction,
    restrain_probs,
)
from mprna.rna.constraints import Constraint
from mprna.runtime.engine import (
    Engine,
    FloatArray,
    PairBand,
    Prediction,
    band_from_probs,
    probs_from_band,
)
from mprna.runtime.pair_engine import MIN_LEARNED_LENGTH, PairEngine
from mprna.runtime.windows import predict_pair_band

_MAX_DENSE_DECODING: Final = 4_096
"""Longest sequence whose (L, L) pair probabilities are made to decode them."""


class Nested(NamedTuple):
    """A nested structure, and what it was read from."""

    dot_bracket: str
    pair_probs: PairProbs | None
    """None where only the minimum free energy was asked for."""
    energy: float | None = None
    """Where the method knows it already, kcal/mol."""


class Method(Protocol):
    """How one RNA is folded."""

    def fold(self, sequence: str, restraints: Restraints, evidence: list[Evidence]) -> Nested:
        """The structure of a clean sequence, given what is known of it and what its relatives say."""

    def probs(self, sequence: str) -> FloatArray:
        """Symmetric pair probabilities of a clean sequence of which nothing is known. *Shape:* (L, L)"""


class ByEnergy:
    """ViennaRNA's minimum free energy; with relatives, its ensemble."""

    def __init__(self, options: FoldOptions) -> None:
        self._options = options

    def fold(self, sequence: str, restraints: Restraints, evidence: list[Evidence]) -> Nested:
        """See `Method.fold`."""
        options = self._options
        if not evidence and not options.needs_pair_probs:
            dot_bracket, energy = fold_mfe(sequence, options.energy_model, restraints)
            return Nested(dot_bracket, None, energy)
        ensemble = fold_ensemble(sequence, options.energy_model, restraints)
        if evidence:
            return _decode_probs(sequence, ensemble.base_pair_probs, restraints, evidence, options)
        return Nested(ensemble.mfe_dot_bracket, DensePairProbs(ensemble.base_pair_probs))

    def probs(self, sequence: str) -> FloatArray:
        """See `Method.probs`."""
        return fold_ensemble(sequence, self._options.energy_model).base_pair_probs


class ByPairNetwork:
    """A pair network, which reads an ensemble (`hybrid`) or nothing but the sequence (`model`).

    Raises:
        UsageError: a decoder or weight, of which pair networks have none.
    """

    def __init__(self, options: FoldOptions, engine: PairEngine) -> None:
        _check_pair_options(options)
        self._options, self._engine = options, engine

    def fold(self, sequence: str, restraints: Restraints, evidence: list[Evidence]) -> Nested:
        """See `Method.fold`."""
        options, constraint = self._options, restraints.constraint
        if len(sequence) <= self._engine.max_length:
            probs = self._probs(sequence, restraints)
            return _decode_probs(sequence, probs, restraints, evidence, options)
        band = self._band(sequence, restraints)
        if evidence:
            return _decode_probs(sequence, probs_from_band(band), restraints, evidence, options)
        nats = _nats(restraints, options)
        band = restrain_band(band, constraint, nats, crossing=options.pseudoknots)
        pair_probs = PairBand(pair_band=band)
        gamma, max_span = _gamma(options, evidence), options.energy_model.max_span
        dot_bracket = decode_band(sequence, pair_probs, gamma=gamma, max_span=max_span, constraint=constraint)
        return Nested(dot_bracket, pair_probs)

    def probs(self, sequence: str) -> FloatArray:
        """See `Method.probs`."""
        if len(sequence) > self._engine.max_length:
            return probs_from_band(self._band(sequence, NO_RESTRAINTS))
        return self._probs(sequence, NO_RESTRAINTS)

    def _probs(self, sequence: str, restraints: Restraints) -> FloatArray:
        if self._options.engine == "model":
            return self._engine.predict_pairs(sequence)
        prior = prior_pair_probs(sequence, self._options.energy_model, restraints)
        return self._engine.predict_pairs(sequence, prior) if len(sequence) >= MIN_LEARNED_LENGTH else prior

    def _band(self, sequence: str, restraints: Restraints) -> FloatArray:
        """Like `_probs`, but in windows, so that time and memory grow linearly with the length.

        *Shape:* (L, S)
        """

        def window_probs(window: slice) -> FloatArray:
            part, prior = sequence[window], None
            if self._options.engine == "hybrid":
                known = restraints.reactivities_in(window)
                prior = prior_pair_probs(part, self._options.energy_model, known)
            return self._engine.predict_pairs(part, prior)

        return predict_pair_band(window_probs, len(sequence), self._engine.max_length).pair_band


class ByModel:
    """A model with an encoder, decoded by itself (`model`) or as pseudo-energies in ViennaRNA (`hybrid`)."""

    def __init__(self, options: FoldOptions, engine: Engine) -> None:
        self._options, self._engine = options, engine

    def fold(self, sequence: str, restraints: Restraints, evidence: list[Evidence]) -> Nested:
        """See `Method.fold`."""
        options, constraint = self._options, restraints.constraint
        prediction = self._engine.predict(sequence)
        if evidence:
            probs = _heed(prediction.base_pair_probs, evidence)
            prediction = dataclasses.replace(prediction, pair_band=band_from_probs(probs))
        nats = _nats(restraints, options)
        prediction = restrain_prediction(prediction, constraint, nats, crossing=options.pseudoknots)
        if options.engine == "model":
            return Nested(self._decode(sequence, prediction, constraint), prediction)
        dot_bracket = decode_hybrid(
            sequence,
            prediction.base_pair_probs,
            weight=options.weight,
            energy_model=options.energy_model,
            restraints=restraints,
        )
        return Nested(dot_bracket, prediction)

    def probs(self, sequence: str) -> FloatArray:
        """See `Method.probs`."""
        return self._engine.predict(sequence).base_pair_probs

    def _decode(self, sequence: str, prediction: Prediction, constraint: Constraint | None) -> str:
        gamma, max_span = self._options.gamma or NESTED_GAMMA, self._options.energy_model.max_span
        if self._options.decoder == "tokens":
            probs = prediction.structure_probs
            return decode_tokens(sequence, probs, max_span=max_span, constraint=constraint)
        if len(sequence) > _MAX_DENSE_DECODING:
            return decode_band(sequence, prediction, gamma=gamma, max_span=max_span, constraint=constraint)
        probs = prediction.base_pair_probs
        return decode_nested(sequence, probs, gamma=gamma, max_span=max_span, constraint=constraint)


def _check_pair_options(options: FoldOptions) -> None:
    if options.weight != HYBRID_WEIGHT:
        raise UsageError(
            "weight: a pair network reads the ensemble itself; leave it out, or choose another model"
        )
    if options.decoder != "nested":
        raise UsageError(
            f"decoder {options.decoder!r}: a pair network gives pairs only; choose 'nested', or another model"
        )


def _decode_probs(
    sequence: str, probs: FloatArray, restraints: Restraints, evidence: list[Evidence], options: FoldOptions
) -> Nested:
    """Decode pair probabilities, in which an ensemble has heeded the restraints already."""
    constraint = restraints.constraint
    probs = _heed(probs, evidence)
    probs = restrain_probs(probs, constraint, _nats(restraints, options), crossing=options.pseudoknots)
    gamma, max_span = _gamma(options, evidence), options.energy_model.max_span
    dot_bracket = decode_nested(sequence, probs, gamma=gamma, max_span=max_span, constraint=constraint)
    return Nested(dot_bracket, DensePairProbs(probs))


def _gamma(options: FoldOptions, evidence: list[Evidence]) -> float:
    """Of pair probabilities that a pair network or relatives give."""
    if options.gamma is not None:
        return options.gamma
    if evidence and evidence[-1].is_mean:
        return MEAN_GAMMA
    return ALONE_GAMMA if options.engine == "model" and not evidence else PAIR_GAMMA


def _heed(probs: FloatArray, evidence: list[Evidence]) -> FloatArray:
    for said in evidence:
        probs = with_evidence(probs, said)
    return probs


def _nats(restraints: Restraints, options: FoldOptions) -> Nats | None:
    """What reactivities add to the log-odds of pairs, where no ensemble has heeded them."""
    if options.engine != "model":
        return None
    return log_odds_of_pairing(restraints, options.energy_model.thermal_energy)
