"""One RNA to its structure, by the network, by ViennaRNA or by both.

Shape letters: L nucleotides, S span of the pair band.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final, NamedTuple

from mprna.alphabet import clean_sequence
from mprna.decoding.hybrid import decode_hybrid
from mprna.decoding.nested import decode_nested
from mprna.decoding.settings import (
    CROSSING_GAMMA,
    HYBRID_WEIGHT,
    NESTED_GAMMA,
    PAIR_CROSSING_GAMMA,
    PAIR_CROSSING_HELIX,
    PAIR_GAMMA,
)
from mprna.decoding.tokens import decode_tokens
from mprna.errors import FoldingError, SequenceError, StructureError, UsageError
from mprna.folding.prior import prior_pair_probs
from mprna.folding.restraints import Restraints
from mprna.folding.vienna import MAX_LENGTH, EnergyModel, energy_of, fold_ensemble, fold_mfe
from mprna.homology.evidence import Evidence, find_evidence, with_evidence
from mprna.io.records import Record
from mprna.predict.options import MAX_DENSE_LENGTH, FoldOptions
from mprna.predict.pair_probs import (
    DensePairProbs,
    PairProbs,
    confidence,
    decode_band,
    expected_f1,
    with_crossing_pairs,
    without_doubtful_pairs,
)
from mprna.predict.relatives import library_of
from mprna.predict.restrain import (
    Nats,
    log_odds_of_pairing,
    restrain_band,
    restrain_prediction,
    restrain_probs,
    restraints_of,
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
from mprna.runtime.load import load_folding
from mprna.runtime.pair_engine import MIN_LEARNED_LENGTH, PairEngine
from mprna.runtime.windows import predict_pair_band

_MAX_DENSE_DECODING: Final = 4_096
"""Longest sequence whose (L, L) pair probabilities are made to decode them."""

MAX_TEMPLATE_LENGTH: Final = 4_096
"""Longest sequence for which templates are asked, since alignments and pair probabilities grow with L^2."""


class _Answer(NamedTuple):
    dot_bracket: str
    energy: float | None
    confidence: float | None
    expected_f1: float | None
    base_pair_probs: FloatArray | None


class Folder:
    """Folds one record after another with a model that is loaded once.

    Args:
        load: opens models; pass a cached `load_folding` to share them between folders.

    Raises:
        ModelError: no such model, or damaged files.
        UsageError: a decoder or weight that does not fit the model.
        DataError: templates that cannot be read.
    """

    def __init__(
        self, options: FoldOptions, *, load: Callable[..., Engine | PairEngine] = load_folding
    ) -> None:
        self._options = options
        self._engine = None
        if options.engine != "vienna":
            self._engine = load(options.model, backend=options.backend)
        if isinstance(self._engine, PairEngine):
            _check_pair_options(options)
        self._library = library_of(options.templates)

    def __call__(self, record: Record) -> Record:
        """The folded record, or the record with the reason why it is not."""
        try:
            return self.fold(record)
        except (SequenceError, StructureError, FoldingError) as error:
            return failed(record, str(error), engine=self._options.engine)
        except MemoryError:
            reason = f"not enough memory for {len(record.sequence)} nt"
            return failed(record, reason, engine=self._options.engine)

    def fold(self, record: Record) -> Record:
        """The folded record.

        Raises:
            SequenceError: empty, or no RNA.
            FoldingError: too long, or ViennaRNA cannot fold it.
        """
        sequence = clean_sequence(record.sequence)
        self._check_length(len(sequence))
        options = self._options
        restraints = restraints_of(
            record, sequence, options.shape_model, max_span=options.energy_model.max_span
        )
        evidence, engine = self._evidence(sequence), self._engine
        if engine is None:
            answer = self._fold_by_energy(sequence, restraints, evidence)
        elif isinstance(engine, PairEngine):
            answer = self._fold_by_pairs(sequence, restraints, evidence, engine)
        else:
            prediction = _with_relatives(engine.predict(sequence), evidence)
            answer = self._fold_by_model(sequence, restraints, prediction)
        if restraints.constraint is not None:
            restraints.constraint.check(answer.dot_bracket)
        return dataclasses.replace(
            record,
            dot_bracket=answer.dot_bracket,
            energy=answer.energy,
            confidence=answer.confidence,
            expected_f1=answer.expected_f1,
            base_pair_probs=answer.base_pair_probs,
            engine=options.engine,
            template=None if evidence is None else evidence.template,
            error=None,
        )

    def _evidence(self, sequence: str) -> Evidence | None:
        if self._library is None or len(sequence) > MAX_TEMPLATE_LENGTH:
            return None
        return find_evidence(sequence, self._library)

    def _check_length(self, length: int) -> None:
        options = self._options
        longest = options.longest
        if isinstance(self._engine, PairEngine) and options.max_length is None:
            longest = MAX_LENGTH
        if length > longest:
            hint = " (--max-length)" if longest < MAX_LENGTH else ""
            raise FoldingError(f"{length} nt; the {options.engine} engine takes up to {longest}{hint}")
        dense = options.pair_probs or (self._engine is None and options.needs_pair_probs)
        if dense and length > MAX_DENSE_LENGTH:
            raise FoldingError(f"{length} nt; pair probabilities are given up to {MAX_DENSE_LENGTH}")

    def _fold_by_energy(self, sequence: str, restraints: Restraints, evidence: Evidence | None) -> _Answer:
        options = self._options
        if evidence is None and not options.needs_pair_probs:
            return _Answer(*fold_mfe(sequence, options.energy_model, restraints), None, None, None)
        ensemble = fold_ensemble(sequence, options.energy_model, restraints)
        if evidence is not None:
            return self._answer_from_probs(sequence, ensemble.base_pair_probs, restraints, evidence)
        pair_probs = DensePairProbs(ensemble.base_pair_probs)
        return self._answer(sequence, ensemble.mfe_dot_bracket, pair_probs, restraints.constraint)

    def _fold_by_pairs(
        self, sequence: str, restraints: Restraints, evidence: Evidence | None, engine: PairEngine
    ) -> _Answer:
        if len(sequence) > engine.max_length:
            return self._fold_by_windows(sequence, restraints, evidence, engine)
        options = self._options
        if options.engine == "hybrid":
            probs = prior_pair_probs(sequence, options.energy_model, restraints)
            if len(sequence) >= MIN_LEARNED_LENGTH:
                probs = engine.predict_pairs(sequence, probs)
        else:
            probs = engine.predict_pairs(sequence)
        return self._answer_from_probs(sequence, probs, restraints, evidence)

    def _fold_by_windows(
        self, sequence: str, restraints: Restraints, evidence: Evidence | None, engine: PairEngine
    ) -> _Answer:
        """Like `_fold_by_pairs`, but in windows, so that time and memory grow linearly with the length."""
        options, constraint = self._options, restraints.constraint

        def window_probs(window: slice) -> FloatArray:
            part, prior = sequence[window], None
            if options.engine == "hybrid":
                prior = prior_pair_probs(part, options.energy_model, restraints.reactivities_in(window))
            return engine.predict_pairs(part, prior)

        band = predict_pair_band(window_probs, len(sequence), engine.max_length).pair_band
        if evidence is not None:
            return self._answer_from_probs(sequence, probs_from_band(band), restraints, evidence)
        band = restrain_band(band, constraint, self._nats(restraints), crossing=options.pseudoknots)
        pair_probs = PairBand(pair_band=band)
        gamma, max_span = options.gamma or PAIR_GAMMA, options.energy_model.max_span
        dot_bracket = decode_band(sequence, pair_probs, gamma=gamma, max_span=max_span, constraint=constraint)
        return self._answer(sequence, dot_bracket, pair_probs, constraint)

    def _answer_from_probs(
        self, sequence: str, probs: FloatArray, restraints: Restraints, evidence: Evidence | None
    ) -> _Answer:
        """Decode pair probabilities, in which an ensemble has heeded the restraints already."""
        options, constraint = self._options, restraints.constraint
        if evidence is not None:
            probs = with_evidence(probs, evidence)
        probs = restrain_probs(probs, constraint, self._nats(restraints), crossing=options.pseudoknots)
        gamma, max_span = options.gamma or PAIR_GAMMA, options.energy_model.max_span
        dot_bracket = decode_nested(sequence, probs, gamma=gamma, max_span=max_span, constraint=constraint)
        return self._answer(sequence, dot_bracket, DensePairProbs(probs), constraint)

    def _nats(self, restraints: Restraints) -> Nats | None:
        """What reactivities add to the log-odds of pairs, where no ensemble has heeded them."""
        if self._options.engine != "model":
            return None
        return log_odds_of_pairing(restraints, self._options.energy_model.thermal_energy)

    def _fold_by_model(self, sequence: str, restraints: Restraints, prediction: Prediction) -> _Answer:
        options, constraint = self._options, restraints.constraint
        nats = self._nats(restraints)
        prediction = restrain_prediction(prediction, constraint, nats, crossing=options.pseudoknots)
        if options.engine == "hybrid":
            dot_bracket = decode_hybrid(
                sequence,
                prediction.base_pair_probs,
                weight=options.weight,
                energy_model=options.energy_model,
                restraints=restraints,
            )
        else:
            gamma = options.gamma or NESTED_GAMMA
            dot_bracket = self._decode(sequence, prediction, constraint, gamma)
        return self._answer(sequence, dot_bracket, prediction, constraint)

    def _decode(
        self, sequence: str, prediction: Prediction, constraint: Constraint | None, gamma: float
    ) -> str:
        max_span = self._options.energy_model.max_span
        if self._options.decoder == "tokens":
            probs = prediction.structure_probs
            return decode_tokens(sequence, probs, max_span=max_span, constraint=constraint)
        if len(sequence) > _MAX_DENSE_DECODING:
            return decode_band(sequence, prediction, gamma=gamma, max_span=max_span, constraint=constraint)
        probs = prediction.base_pair_probs
        return decode_nested(sequence, probs, gamma=gamma, max_span=max_span, constraint=constraint)

    def _answer(
        self,
        sequence: str,
        dot_bracket: str,
        pair_probs: PairProbs,
        constraint: Constraint | None,
    ) -> _Answer:
        """What the user asked to do with a nested structure, and all that is said of the result."""
        options = self._options
        model = options.energy_model
        if options.pseudoknots:
            learned = isinstance(self._engine, PairEngine)
            dot_bracket = with_crossing_pairs(
                sequence,
                dot_bracket,
                pair_probs,
                gamma=options.gamma or (PAIR_CROSSING_GAMMA if learned else CROSSING_GAMMA),
                min_helix_prob=PAIR_CROSSING_HELIX if learned else 0.0,
                max_span=model.max_span,
                constraint=constraint,
            )
        if options.min_confidence > 0:
            dot_bracket = without_doubtful_pairs(dot_bracket, pair_probs, options.min_confidence, constraint)
        return _Answer(
            dot_bracket,
            _energy(sequence, dot_bracket, model),
            confidence(dot_bracket, pair_probs),
            expected_f1(dot_bracket, pair_probs),
            pair_probs.base_pair_probs if options.pair_probs else None,
        )


def _check_pair_options(options: FoldOptions) -> None:
    if options.weight != HYBRID_WEIGHT:
        raise UsageError(
            "weight: a pair network reads the ensemble itself; leave it out, or choose another model"
        )
    if options.decoder != "nested":
        raise UsageError(
            f"decoder {options.decoder!r}: a pair network gives pairs only; choose 'nested', or another model"
        )


def _energy(sequence: str, dot_bracket: str, model: EnergyModel) -> float | None:
    """None where the structure has a loop that the parameter set excludes, as Langdon 2018 does with some."""
    try:
        return energy_of(sequence, dot_bracket, model)
    except FoldingError:
        return None


def _with_relatives(prediction: Prediction, evidence: Evidence | None) -> Prediction:
    if evidence is None:
        return prediction
    probs = with_evidence(prediction.base_pair_probs, evidence)
    return dataclasses.replace(prediction, pair_band=band_from_probs(probs))


def failed(record: Record, reason: str, *, engine: str) -> Record:
    """The record without a structure, and why."""
    return dataclasses.replace(
        record,
        dot_bracket=None,
        energy=None,
        confidence=None,
        expected_f1=None,
        base_pair_probs=None,
        engine=engine,
        template=None,
        error=reason,
    )
