"""One RNA to its structure, by the network, by ViennaRNA or by both.

Shape letters: L nucleotides, S span of the pair band.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final, NamedTuple

from mprna.alphabet import clean_sequence
from mprna.decoding.hybrid import decode_hybrid
from mprna.decoding.nested import decode_band, decode_nested
from mprna.decoding.pair_probs import DensePairProbs, PairProbs
from mprna.decoding.pseudoknots import with_crossing_pairs
from mprna.decoding.settings import (
    CROSSING_GAMMA,
    HYBRID_WEIGHT,
    MEAN_GAMMA,
    NESTED_GAMMA,
    PAIR_CROSSING_GAMMA,
    PAIR_CROSSING_HELIX,
    PAIR_GAMMA,
)
from mprna.decoding.tokens import decode_tokens
from mprna.errors import FoldingError, SequenceError, StructureError, UsageError
from mprna.folding.prior import prior_pair_probs
from mprna.folding.restraints import NO_RESTRAINTS, Restraints
from mprna.folding.vienna import (
    MAX_LENGTH,
    EnergyModel,
    alignment_pair_probs,
    energy_of,
    fold_ensemble,
    fold_mfe,
)
from mprna.homology.consensus import BY_ENERGY, BY_NETWORK, RelativePairs, find_consensus, likely_pairs
from mprna.homology.evidence import Evidence, find_evidence, with_evidence
from mprna.homology.library import Library
from mprna.io.records import Record
from mprna.predict.confidence import confidence, expected_f1, without_doubtful_pairs
from mprna.predict.options import MAX_DENSE_LENGTH, FoldOptions
from mprna.predict.relatives import relatives_library, templates_library
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

MAX_RELATED_LENGTH: Final = 4_096
"""Longest sequence for which relatives are asked, since alignments and pair probabilities grow with L^2."""

_MAX_FOLDED_RELATIVES: Final = 4_096
"""Relatives whose likely pairs are kept in memory."""


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
        relatives: RNAs to fold beside, where they are not in the files of the options.

    Raises:
        ModelError: no such model, or damaged files.
        UsageError: a decoder or weight that does not fit the model.
        DataError: templates or relatives that cannot be read.
    """

    def __init__(
        self,
        options: FoldOptions,
        *,
        load: Callable[..., Engine | PairEngine] = load_folding,
        relatives: Library | None = None,
    ) -> None:
        self._options = options
        self._engine: Engine | None = None
        self._pair_engine: PairEngine | None = None
        if options.engine != "vienna":
            engine = load(options.model, backend=options.backend)
            if isinstance(engine, PairEngine):
                _check_pair_options(options)
                self._pair_engine = engine
            else:
                self._engine = engine
        self._templates = templates_library(options.templates)
        if relatives is None:
            relatives = relatives_library(options.relatives, MAX_RELATED_LENGTH)
        self._relatives = relatives
        self._pairs_of_relative = lru_cache(_MAX_FOLDED_RELATIVES)(self._fold_relative)

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
            StructureError: a constraint that cannot be met.
            FoldingError: too long, ViennaRNA cannot fold it, or the record has a `fault`.
        """
        if record.fault is not None:
            raise FoldingError(record.fault)
        sequence = clean_sequence(record.sequence)
        self._check_length(len(sequence))
        options = self._options
        restraints = restraints_of(
            record, sequence, options.shape_model, max_span=options.energy_model.max_span
        )
        evidence = self._evidence(sequence)
        if self._pair_engine is not None:
            answer = self._fold_by_pairs(sequence, restraints, evidence, self._pair_engine)
        elif self._engine is not None:
            prediction = _with_evidence(self._engine.predict(sequence), evidence)
            answer = self._fold_by_model(sequence, restraints, prediction)
        else:
            answer = self._fold_by_energy(sequence, restraints, evidence)
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
            template=evidence[-1].template if evidence else None,
            error=None,
        )

    def _evidence(self, sequence: str) -> list[Evidence]:
        """What relatives say, known structures last, as they count most."""
        if len(sequence) > MAX_RELATED_LENGTH:
            return []
        found = []
        if self._relatives is not None:
            found.append(self._consensus(sequence, self._relatives))
        if self._templates is not None:
            found.append(find_evidence(sequence, self._templates))
        return [evidence for evidence in found if evidence is not None]

    def _consensus(self, sequence: str, relatives: Library) -> Evidence | None:
        probs_of_alignment = partial(alignment_pair_probs, model=self._options.energy_model)
        weights = BY_ENERGY if self._options.engine == "vienna" else BY_NETWORK
        return find_consensus(sequence, relatives, self._pairs_of_relative, probs_of_alignment, weights)

    def _fold_relative(self, sequence: str) -> RelativePairs:
        return likely_pairs(self._probs_of_relative(sequence))

    def _probs_of_relative(self, sequence: str) -> FloatArray:
        if self._engine is not None:
            return self._engine.predict(sequence).base_pair_probs
        if self._pair_engine is None:
            return fold_ensemble(sequence, self._options.energy_model).base_pair_probs
        if len(sequence) > self._pair_engine.max_length:
            return probs_from_band(self._pair_band(sequence, NO_RESTRAINTS, self._pair_engine))
        return self._pair_probs(sequence, NO_RESTRAINTS, self._pair_engine)

    def _check_length(self, length: int) -> None:
        options = self._options
        longest = options.longest(reads_windows=self._pair_engine is not None)
        if length > longest:
            hint = " (--max-length)" if longest < MAX_LENGTH else ""
            raise FoldingError(f"{length} nt; the {options.engine} engine takes up to {longest}{hint}")
        dense = options.pair_probs or (options.engine == "vienna" and options.needs_pair_probs)
        if dense and length > MAX_DENSE_LENGTH:
            raise FoldingError(f"{length} nt; pair probabilities are given up to {MAX_DENSE_LENGTH}")

    def _fold_by_energy(self, sequence: str, restraints: Restraints, evidence: list[Evidence]) -> _Answer:
        options = self._options
        if not evidence and not options.needs_pair_probs:
            return _Answer(*fold_mfe(sequence, options.energy_model, restraints), None, None, None)
        ensemble = fold_ensemble(sequence, options.energy_model, restraints)
        if evidence:
            return self._answer_from_probs(sequence, ensemble.base_pair_probs, restraints, evidence)
        pair_probs = DensePairProbs(ensemble.base_pair_probs)
        return self._answer(sequence, ensemble.mfe_dot_bracket, pair_probs, restraints.constraint)

    def _fold_by_pairs(
        self, sequence: str, restraints: Restraints, evidence: list[Evidence], engine: PairEngine
    ) -> _Answer:
        if len(sequence) <= engine.max_length:
            probs = self._pair_probs(sequence, restraints, engine)
            return self._answer_from_probs(sequence, probs, restraints, evidence)
        band = self._pair_band(sequence, restraints, engine)
        if evidence:
            return self._answer_from_probs(sequence, probs_from_band(band), restraints, evidence)
        options, constraint = self._options, restraints.constraint
        band = restrain_band(band, constraint, self._nats(restraints), crossing=options.pseudoknots)
        pair_probs = PairBand(pair_band=band)
        gamma, max_span = options.gamma or PAIR_GAMMA, options.energy_model.max_span
        dot_bracket = decode_band(sequence, pair_probs, gamma=gamma, max_span=max_span, constraint=constraint)
        return self._answer(sequence, dot_bracket, pair_probs, constraint)

    def _pair_probs(self, sequence: str, restraints: Restraints, engine: PairEngine) -> FloatArray:
        if self._options.engine == "model":
            return engine.predict_pairs(sequence)
        probs = prior_pair_probs(sequence, self._options.energy_model, restraints)
        return engine.predict_pairs(sequence, probs) if len(sequence) >= MIN_LEARNED_LENGTH else probs

    def _pair_band(self, sequence: str, restraints: Restraints, engine: PairEngine) -> FloatArray:
        """Like `_pair_probs`, but in windows, so that time and memory grow linearly with the length."""
        options = self._options

        def window_probs(window: slice) -> FloatArray:
            part, prior = sequence[window], None
            if options.engine == "hybrid":
                prior = prior_pair_probs(part, options.energy_model, restraints.reactivities_in(window))
            return engine.predict_pairs(part, prior)

        return predict_pair_band(window_probs, len(sequence), engine.max_length).pair_band

    def _answer_from_probs(
        self, sequence: str, probs: FloatArray, restraints: Restraints, evidence: list[Evidence]
    ) -> _Answer:
        """Decode pair probabilities, in which an ensemble has heeded the restraints already."""
        options, constraint = self._options, restraints.constraint
        for said in evidence:
            probs = with_evidence(probs, said)
        probs = restrain_probs(probs, constraint, self._nats(restraints), crossing=options.pseudoknots)
        is_mean = bool(evidence) and evidence[-1].is_mean
        gamma = options.gamma or (MEAN_GAMMA if is_mean else PAIR_GAMMA)
        max_span = options.energy_model.max_span
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
            learned = self._pair_engine is not None
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


def _with_evidence(prediction: Prediction, evidence: list[Evidence]) -> Prediction:
    if not evidence:
        return prediction
    probs = prediction.base_pair_probs
    for said in evidence:
        probs = with_evidence(probs, said)
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
