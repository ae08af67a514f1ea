"""Sequences to structures, by the network, by ViennaRNA or by both.

Shape letters: L nucleotides, S span of the pair band.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Final, NamedTuple, overload

import numpy.typing as npt

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
from mprna.folding.restraints import Restraints, check_reactivities
from mprna.folding.vienna import MAX_LENGTH, EnergyModel, energy_of, fold_ensemble, fold_mfe
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
from mprna.predict.parallel import IN_FLIGHT, MANY_IN_FLIGHT, map_ordered
from mprna.predict.restrain import (
    log_odds_of_pairing,
    restrain_band,
    restrain_prediction,
    restrain_probs,
    restraints_of,
)
from mprna.rna.constraints import Constraint
from mprna.runtime.engine import Engine, FloatArray, PairBand, Prediction
from mprna.runtime.load import load_folding
from mprna.runtime.pair_engine import MIN_LEARNED_LENGTH, PairEngine
from mprna.runtime.store import stamp
from mprna.runtime.windows import predict_pair_band

DEFAULT_OPTIONS: Final = FoldOptions()

_MAX_DENSE_DECODING: Final = 4_096
"""Longest sequence whose (L, L) pair probabilities are made to decode them."""


class _Answer(NamedTuple):
    dot_bracket: str
    energy: float | None
    confidence: float | None
    expected_f1: float | None
    base_pair_probs: FloatArray | None


@overload
def fold(  # type: ignore[overload-overlap]
    sequences: str | Record,
    options: FoldOptions = ...,
    *,
    constraint: str | None = ...,
    reactivities: npt.ArrayLike | None = ...,
) -> Record: ...
@overload
def fold(
    sequences: Iterable[str | Record], options: FoldOptions = ..., *, jobs: int = ...
) -> list[Record]: ...
def fold(
    sequences: str | Record | Iterable[str | Record],
    options: FoldOptions = DEFAULT_OPTIONS,
    *,
    jobs: int = 1,
    constraint: str | None = None,
    reactivities: npt.ArrayLike | None = None,
) -> Record | list[Record]:
    """Fold one sequence, or many.

    Args:
        sequences: RNA or DNA letters in any case, or records, which may have a constraint and
            reactivities. Sequences get the names `sequence_1`, `sequence_2`, ...
        options: the engine and its settings, the same for all.
        jobs: processes for many sequences. A script that asks for more than one must be importable: keep
            the call under `if __name__ == "__main__":`.
        constraint: of one sequence: what its structure must look like (`rna.constraints`).
        reactivities: of one sequence: SHAPE data, one number per nucleotide, NaN without data.

    Returns:
        one record for a string or record; for many a list in their order, in which a sequence that cannot
        be folded has its reason in `error`.

    Raises:
        SequenceError: one sequence, which is empty or no RNA.
        StructureError: one sequence, whose constraint cannot be met.
        FoldingError: one sequence, which is too long or cannot be folded.
        ModelError: no such model, or damaged files.
        UsageError: a constraint or reactivities beside many sequences, or something that holds no sequences.
    """
    if isinstance(sequences, (bytes, Mapping, os.PathLike)):
        kind = type(sequences).__name__
        raise UsageError(
            f"a sequence is a str or Record, not {kind}; mprna.io.formats.read_records reads files"
        )
    if isinstance(sequences, (str, Record)):
        record = _with_restraints(_as_record(sequences, 1), constraint, reactivities)
        return _folder(options).fold(record)
    if constraint is not None or reactivities is not None:
        raise UsageError("constraint and reactivities belong to one sequence; give records that have them")
    records = (_as_record(sequence, number) for number, sequence in enumerate(sequences, 1))
    return list(fold_records(records, options, jobs=jobs))


def fold_records(
    records: Iterable[Record], options: FoldOptions = DEFAULT_OPTIONS, *, jobs: int = 1
) -> Iterator[Record]:
    """One result per record, in the order of `records`, which are read as results are taken.

    A record that cannot be folded comes back with the reason in `error`. Results do not depend on `jobs`.

    Raises:
        ModelError: no such model, or damaged files.
    """
    make_folder = partial(Folder if jobs > 1 else _folder, options)
    ahead = IN_FLIGHT if options.pair_probs else MANY_IN_FLIGHT
    on_kill = partial(_failed, engine=options.engine)
    return map_ordered(make_folder, records, jobs=jobs, on_kill=on_kill, ahead=ahead)


class Folder:
    """Folds one record after another with a model that is loaded once.

    Args:
        load: opens models; pass a cached `load_folding` to share them between folders.

    Raises:
        ModelError: no such model, or damaged files.
        UsageError: a decoder or weight that does not fit the model.
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

    def __call__(self, record: Record) -> Record:
        """The folded record, or the record with the reason why it is not."""
        try:
            return self.fold(record)
        except (SequenceError, StructureError, FoldingError) as error:
            return _failed(record, str(error), engine=self._options.engine)
        except MemoryError:
            reason = f"not enough memory for {len(record.sequence)} nt"
            return _failed(record, reason, engine=self._options.engine)

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
        engine = self._engine
        if engine is None:
            answer = self._fold_by_energy(sequence, restraints)
        elif isinstance(engine, PairEngine):
            answer = self._fold_by_pairs(sequence, restraints, engine)
        else:
            answer = self._fold_by_model(sequence, restraints, engine.predict(sequence))
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
            error=None,
        )

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

    def _fold_by_energy(self, sequence: str, restraints: Restraints) -> _Answer:
        options = self._options
        if not options.needs_pair_probs:
            return _Answer(*fold_mfe(sequence, options.energy_model, restraints), None, None, None)
        ensemble = fold_ensemble(sequence, options.energy_model, restraints)
        pair_probs = DensePairProbs(ensemble.base_pair_probs)
        return self._answer(sequence, ensemble.mfe_dot_bracket, pair_probs, restraints.constraint)

    def _fold_by_pairs(self, sequence: str, restraints: Restraints, engine: PairEngine) -> _Answer:
        if len(sequence) > engine.max_length:
            return self._fold_by_windows(sequence, restraints, engine)
        options, constraint = self._options, restraints.constraint
        if options.engine == "hybrid":
            probs, nats = prior_pair_probs(sequence, options.energy_model, restraints), None
            if len(sequence) >= MIN_LEARNED_LENGTH:
                probs = engine.predict_pairs(sequence, probs)
        else:
            probs = engine.predict_pairs(sequence)
            nats = log_odds_of_pairing(restraints, options.energy_model.thermal_energy)
        probs = restrain_probs(probs, constraint, nats, crossing=options.pseudoknots)
        gamma, max_span = options.gamma or PAIR_GAMMA, options.energy_model.max_span
        dot_bracket = decode_nested(sequence, probs, gamma=gamma, max_span=max_span, constraint=constraint)
        return self._answer(sequence, dot_bracket, DensePairProbs(probs), constraint)

    def _fold_by_windows(self, sequence: str, restraints: Restraints, engine: PairEngine) -> _Answer:
        """Like `_fold_by_pairs`, but in windows, so that time and memory grow linearly with the length."""
        options, constraint = self._options, restraints.constraint
        nats = None
        if options.engine == "model":
            nats = log_odds_of_pairing(restraints, options.energy_model.thermal_energy)

        def window_probs(window: slice) -> FloatArray:
            part, prior = sequence[window], None
            if options.engine == "hybrid":
                prior = prior_pair_probs(part, options.energy_model, restraints.reactivities_in(window))
            return engine.predict_pairs(part, prior)

        band = predict_pair_band(window_probs, len(sequence), engine.max_length).pair_band
        band = restrain_band(band, constraint, nats, crossing=options.pseudoknots)
        pair_probs = PairBand(pair_band=band)
        gamma, max_span = options.gamma or PAIR_GAMMA, options.energy_model.max_span
        dot_bracket = decode_band(sequence, pair_probs, gamma=gamma, max_span=max_span, constraint=constraint)
        return self._answer(sequence, dot_bracket, pair_probs, constraint)

    def _fold_by_model(self, sequence: str, restraints: Restraints, prediction: Prediction) -> _Answer:
        options, constraint = self._options, restraints.constraint
        gamma, nats = options.gamma or NESTED_GAMMA, None
        if options.engine == "model":
            nats = log_odds_of_pairing(restraints, options.energy_model.thermal_energy)
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


def _as_record(sequence: str | Record, number: int) -> Record:
    if isinstance(sequence, Record):
        return sequence
    return Record(name=f"sequence_{number}", sequence=sequence)


def _with_restraints(record: Record, constraint: str | None, reactivities: npt.ArrayLike | None) -> Record:
    if constraint is not None:
        record = dataclasses.replace(record, constraint=constraint)
    if reactivities is not None:
        values = check_reactivities(reactivities, clean_sequence(record.sequence))
        record = dataclasses.replace(record, reactivities=values)
    return record


def _check_pair_options(options: FoldOptions) -> None:
    if options.weight != HYBRID_WEIGHT:
        raise UsageError(
            "weight: a pair network reads the ensemble itself; leave it out, or choose another model"
        )
    if options.decoder != "nested":
        raise UsageError(
            f"decoder {options.decoder!r}: a pair network gives pairs only; choose 'nested', or another model"
        )


def _folder(options: FoldOptions) -> Folder:
    return _cached_folder(options, None if options.engine == "vienna" else stamp(options.model))


@lru_cache(maxsize=2)
def _cached_folder(options: FoldOptions, model_stamp: tuple[str, int] | None) -> Folder:
    """So that calls in a loop load the model once."""
    return Folder(options)


def _energy(sequence: str, dot_bracket: str, model: EnergyModel) -> float | None:
    """None where the structure has a loop that the parameter set excludes, as Langdon 2018 does with some."""
    try:
        return energy_of(sequence, dot_bracket, model)
    except FoldingError:
        return None


def _failed(record: Record, reason: str, *, engine: str) -> Record:
    return dataclasses.replace(
        record,
        dot_bracket=None,
        energy=None,
        confidence=None,
        expected_f1=None,
        base_pair_probs=None,
        engine=engine,
        error=reason,
    )
