"""Sequences to structures, by the network, by ViennaRNA or by both.

Shape letters: L nucleotides, S span of the pair band.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from typing import Final, NamedTuple, overload

import numpy as np

from mprna.alphabet import CANONICAL_PAIRS, clean_sequence
from mprna.decoding.decoders import NESTED_GAMMA, PAIR_GAMMA
from mprna.decoding.hybrid import decode_hybrid
from mprna.decoding.nested import best_nested, decode_nested
from mprna.decoding.tokens import decode_tokens
from mprna.errors import FoldingError, SequenceError, StructureError, UsageError
from mprna.folding.confidence import assigned_state_probs
from mprna.folding.prior import prior_pair_probs
from mprna.folding.vienna import energy_of, fold_ensemble, fold_mfe
from mprna.io.records import Record
from mprna.predict.options import MAX_DENSE_LENGTH, FoldOptions
from mprna.predict.parallel import map_ordered
from mprna.rna.canonical import MIN_HAIRPIN
from mprna.rna.structure import dot_bracket_from_pairs, pairs_from_dot_bracket
from mprna.runtime.engine import FloatArray, Prediction
from mprna.runtime.load import load_folding
from mprna.runtime.pair_engine import PairEngine

DEFAULT_OPTIONS: Final = FoldOptions()

_MAX_DENSE_DECODING: Final = 4_096
"""Longest sequence whose (L, L) pair probabilities are made to decode them."""

_MIN_PAIR_PROB: Final = 1e-3
"""Weaker pairs of a longer sequence are no candidates of its structure."""


class _Answer(NamedTuple):
    dot_bracket: str
    energy: float
    confidence: float | None
    base_pair_probs: FloatArray | None


@overload
def fold(sequences: str, options: FoldOptions = ...) -> Record: ...  # type: ignore[overload-overlap]
@overload
def fold(sequences: Iterable[str], options: FoldOptions = ..., *, jobs: int = ...) -> list[Record]: ...
def fold(
    sequences: str | Iterable[str], options: FoldOptions = DEFAULT_OPTIONS, *, jobs: int = 1
) -> Record | list[Record]:
    """Fold one sequence, or many.

    Args:
        sequences: RNA or DNA letters in any case. Records are named `sequence_1`, `sequence_2`, ...
        options: the engine and its settings.
        jobs: processes for many sequences. A script that asks for more than one must be importable: keep
            the call under `if __name__ == "__main__":`.

    Returns:
        one record for a string; for many sequences a list in their order, in which a sequence that cannot
        be folded has its reason in `error`.

    Raises:
        SequenceError: one sequence, which is empty or no RNA.
        FoldingError: one sequence, which is too long or cannot be folded.
        ModelError: no such model, or damaged files.
    """
    if isinstance(sequences, str):
        return _cached_folder(options).fold(Record(name="sequence_1", sequence=sequences))
    records = (Record(name=f"sequence_{n}", sequence=text) for n, text in enumerate(sequences, 1))
    return list(fold_records(records, options, jobs=jobs))


def fold_records(
    records: Iterable[Record], options: FoldOptions = DEFAULT_OPTIONS, *, jobs: int = 1
) -> Iterator[Record]:
    """One result per record, in the order of `records`, which are read as results are taken.

    A record that cannot be folded comes back with the reason in `error`. Results do not depend on `jobs`.

    Raises:
        ModelError: no such model, or damaged files.
    """
    make_folder = partial(Folder, options) if jobs > 1 else partial(_cached_folder, options)
    return map_ordered(make_folder, records, jobs=jobs, on_kill=partial(_failed, engine=options.engine))


class Folder:
    """Folds one record after another with a model that is loaded once.

    Raises:
        ModelError: no such model, or damaged files.
        UsageError: a decoder of what the model does not give.
    """

    def __init__(self, options: FoldOptions) -> None:
        self._options = options
        self._engine = None
        if options.engine != "vienna":
            self._engine = load_folding(options.model, backend=options.backend)
        if isinstance(self._engine, PairEngine):
            _check_decoder(options)

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
        if self._engine is None:
            answer = self._fold_by_energy(sequence)
        elif isinstance(self._engine, PairEngine):
            answer = self._fold_by_pairs(sequence, self._engine)
        else:
            answer = self._fold_by_model(sequence, self._engine.predict(sequence))
        return dataclasses.replace(
            record,
            dot_bracket=answer.dot_bracket,
            energy=answer.energy,
            confidence=answer.confidence,
            base_pair_probs=answer.base_pair_probs,
            engine=self._options.engine,
            error=None,
        )

    def _check_length(self, length: int) -> None:
        options = self._options
        longest = options.longest
        if isinstance(self._engine, PairEngine) and options.max_length is None:
            longest = min(longest, self._engine.max_length)
        if length > longest:
            raise FoldingError(
                f"{length} nt; the {options.engine} engine takes up to {longest} (--max-length)"
            )
        if options.pair_probs and length > MAX_DENSE_LENGTH:
            raise FoldingError(f"{length} nt; pair probabilities are given up to {MAX_DENSE_LENGTH}")

    def _fold_by_energy(self, sequence: str) -> _Answer:
        model = self._options.energy_model
        if not self._options.pair_probs:
            dot_bracket, energy = fold_mfe(sequence, model)
            return _Answer(dot_bracket, energy, None, None)
        ensemble = fold_ensemble(sequence, model)
        probs = ensemble.base_pair_probs
        confidence = float(assigned_state_probs(ensemble.mfe_dot_bracket, probs).mean())
        return _Answer(ensemble.mfe_dot_bracket, ensemble.mfe, confidence, probs)

    def _fold_by_pairs(self, sequence: str, engine: PairEngine) -> _Answer:
        options = self._options
        prior = None
        if options.engine == "hybrid":
            prior = prior_pair_probs(sequence, options.energy_model)
        probs = engine.predict_pairs(sequence, prior)
        max_span = options.energy_model.max_span
        dot_bracket = decode_nested(sequence, probs, gamma=options.gamma or PAIR_GAMMA, max_span=max_span)
        return _Answer(
            dot_bracket,
            energy_of(sequence, dot_bracket, options.energy_model),
            float(assigned_state_probs(dot_bracket, probs).mean(dtype=np.float64)),
            probs if options.pair_probs else None,
        )

    def _fold_by_model(self, sequence: str, prediction: Prediction) -> _Answer:
        options = self._options
        if options.engine == "hybrid":
            probs = prediction.base_pair_probs
            model = options.energy_model
            dot_bracket = decode_hybrid(sequence, probs, weight=options.weight, energy_model=model)
        else:
            dot_bracket = self._decode(sequence, prediction)
        return _Answer(
            dot_bracket,
            energy_of(sequence, dot_bracket, options.energy_model),
            confidence(dot_bracket, prediction),
            prediction.base_pair_probs if options.pair_probs else None,
        )

    def _decode(self, sequence: str, prediction: Prediction) -> str:
        options = self._options
        gamma, max_span = options.gamma or NESTED_GAMMA, options.energy_model.max_span
        if options.decoder == "tokens":
            return decode_tokens(sequence, prediction.structure_probs, max_span=max_span)
        if len(sequence) > _MAX_DENSE_DECODING:
            return decode_band(sequence, prediction, gamma=gamma, max_span=max_span)
        probs = prediction.base_pair_probs
        return decode_nested(sequence, probs, gamma=gamma, max_span=max_span)


def decode_band(
    sequence: str, prediction: Prediction, *, gamma: float = 1.0, max_span: int | None = None
) -> str:
    """`decode_nested` without the (L, L) table, for long sequences.

    Pairs of a probability below 0.001 are left out, and N pairs with nothing.
    """
    pairs, probs = prediction.likely_pairs(_MIN_PAIR_PROB)
    unpaired = prediction.unpaired_probs.astype(np.float64)
    gains = 2.0 * gamma * probs.astype(np.float64)
    useful = gains > unpaired[pairs].sum(axis=1)
    useful[useful] = [
        j - i > MIN_HAIRPIN and sequence[i] + sequence[j] in CANONICAL_PAIRS
        for i, j in pairs[useful].tolist()
    ]
    first, second = pairs[useful].T
    chosen = best_nested(first, second, gains[useful], unpaired, length=len(sequence), max_span=max_span)
    return dot_bracket_from_pairs(chosen, len(sequence))


def confidence(dot_bracket: str, prediction: Prediction) -> float:
    """Mean probability, by the model, of what the structure says of each nucleotide: its pair, or being
    unpaired. A pair further apart than the window has probability 0."""
    probs = prediction.unpaired_probs
    pairs = pairs_from_dot_bracket(dot_bracket)
    distance = pairs[:, 1] - pairs[:, 0]
    seen = distance < prediction.pair_band.shape[1]
    paired = np.zeros(len(pairs), dtype=np.float32)
    paired[seen] = prediction.pair_band[pairs[seen, 0], distance[seen]]
    probs[pairs] = paired[:, None]
    return float(probs.mean(dtype=np.float64))


def _check_decoder(options: FoldOptions) -> None:
    if options.engine == "model" and options.decoder != "nested":
        raise UsageError(f"decoder {options.decoder!r}: a pair network gives pairs only; choose 'nested'")


@lru_cache(maxsize=2)
def _cached_folder(options: FoldOptions) -> Folder:
    """So that calls in a loop load the model once."""
    return Folder(options)


def _failed(record: Record, reason: str, *, engine: str) -> Record:
    return dataclasses.replace(
        record,
        dot_bracket=None,
        energy=None,
        confidence=None,
        base_pair_probs=None,
        engine=engine,
        error=reason,
    )
