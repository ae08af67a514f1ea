"""One record to its structure: the method that folds it, and all that is around that.

Shape letters: L nucleotides.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final

from mprna.alphabet import clean_sequence
from mprna.decoding.pair_probs import PairProbs
from mprna.decoding.pseudoknots import with_crossing_pairs
from mprna.decoding.settings import CROSSING_GAMMA, PAIR_CROSSING_GAMMA, PAIR_CROSSING_HELIX
from mprna.errors import FoldingError, SequenceError, StructureError
from mprna.folding.vienna import MAX_LENGTH, EnergyModel, alignment_pair_probs, energy_of
from mprna.homology.consensus import BY_ENERGY, BY_NETWORK, RelativePairs, find_consensus, likely_pairs
from mprna.homology.evidence import Evidence, find_evidence
from mprna.homology.library import Library
from mprna.io.records import Record
from mprna.predict.confidence import confidence, expected_f1, without_doubtful_pairs
from mprna.predict.methods import ByEnergy, ByModel, ByPairNetwork, Method
from mprna.predict.options import MAX_DENSE_LENGTH, FoldOptions
from mprna.predict.relatives import relatives_library, templates_library
from mprna.predict.restrain import restraints_of, with_wide_pairs
from mprna.rna.constraints import Constraint
from mprna.runtime.engine import Engine
from mprna.runtime.load import load_folding
from mprna.runtime.pair_engine import PairEngine

LoadModel = Callable[..., Engine | PairEngine]

MAX_RELATED_LENGTH: Final = 4_096
"""Longest sequence for which relatives are asked, since alignments and pair probabilities grow with L^2."""

_MAX_FOLDED_RELATIVES: Final = 4_096
"""Relatives whose likely pairs are kept in memory."""


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
        self, options: FoldOptions, *, load: LoadModel = load_folding, relatives: Library | None = None
    ) -> None:
        self._options = options
        self._method = _method(options, load)
        self._by_pair_network = isinstance(self._method, ByPairNetwork)
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
        options = self._options
        sequence = clean_sequence(record.sequence)
        self._check_length(len(sequence))
        max_span = options.energy_model.max_span
        restraints = restraints_of(record, sequence, options.shape_model, max_span=max_span)
        evidence = self._evidence(sequence)
        nested = self._method.fold(sequence, restraints, evidence)
        folded = dataclasses.replace(
            record,
            dot_bracket=nested.dot_bracket,
            energy=nested.energy,
            confidence=None,
            expected_f1=None,
            base_pair_probs=None,
            engine=options.engine,
            template=evidence[-1].template if evidence else None,
            error=None,
        )
        if nested.pair_probs is not None:
            pair_probs = with_wide_pairs(nested.pair_probs, restraints.constraint)
            folded = self._judged(folded, sequence, pair_probs, restraints.constraint)
        if restraints.constraint is not None:
            restraints.constraint.check(folded.dot_bracket or "")
        return folded

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
        return likely_pairs(self._method.probs(sequence))

    def _check_length(self, length: int) -> None:
        options = self._options
        longest = options.longest(reads_windows=self._by_pair_network)
        if length > longest:
            hint = " (--max-length)" if longest < MAX_LENGTH else ""
            raise FoldingError(f"{length} nt; the {options.engine} engine takes up to {longest}{hint}")
        dense = options.pair_probs or (options.engine == "vienna" and options.needs_pair_probs)
        if dense and length > MAX_DENSE_LENGTH:
            raise FoldingError(f"{length} nt; pair probabilities are given up to {MAX_DENSE_LENGTH}")

    def _judged(
        self, record: Record, sequence: str, pair_probs: PairProbs, constraint: Constraint | None
    ) -> Record:
        """The folded record with what the user asked to do with its structure, and all that is said of it."""
        options, model = self._options, self._options.energy_model
        dot_bracket = record.dot_bracket or ""
        if options.pseudoknots:
            dot_bracket = with_crossing_pairs(
                sequence,
                dot_bracket,
                pair_probs,
                gamma=options.gamma or (PAIR_CROSSING_GAMMA if self._by_pair_network else CROSSING_GAMMA),
                min_helix_prob=PAIR_CROSSING_HELIX if self._by_pair_network else 0.0,
                max_span=model.max_span,
                constraint=constraint,
            )
        if options.min_confidence > 0:
            dot_bracket = without_doubtful_pairs(dot_bracket, pair_probs, options.min_confidence, constraint)
        return dataclasses.replace(
            record,
            dot_bracket=dot_bracket,
            energy=_energy(sequence, dot_bracket, model),
            confidence=confidence(dot_bracket, pair_probs),
            expected_f1=expected_f1(dot_bracket, pair_probs),
            base_pair_probs=pair_probs.base_pair_probs if options.pair_probs else None,
        )


def _method(options: FoldOptions, load: LoadModel) -> Method:
    """What the options ask for, with its model loaded."""
    if options.engine == "vienna":
        return ByEnergy(options)
    engine = load(options.model, backend=options.backend)
    if isinstance(engine, PairEngine):
        return ByPairNetwork(options, engine)
    return ByModel(options, engine)


def _energy(sequence: str, dot_bracket: str, model: EnergyModel) -> float | None:
    """None where the structure has a loop that the parameter set excludes, as Langdon 2018 does with some."""
    try:
        return energy_of(sequence, dot_bracket, model)
    except FoldingError:
        return None


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
