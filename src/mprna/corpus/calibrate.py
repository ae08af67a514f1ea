"""Known structures to a calibration: read -> sample -> fold -> fit, and the same cross-validated."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mprna.alphabet import clean_sequence
from mprna.corpus.fidelity import (
    RNA_FEATURES,
    STATE_FEATURES,
    Calibration,
    Folded,
    fold_all,
    named_weights,
)
from mprna.corpus.inputs import find_record_files, input_digests
from mprna.corpus.logistic import Floats, fit_logistic
from mprna.corpus.options import require
from mprna.corpus.shuffle import shuffle_dinucleotides
from mprna.errors import CorpusError, SequenceError
from mprna.folding.vienna import PARAMETER_SETS, EnergyModel, vienna_version
from mprna.io.formats import read_records
from mprna.rna.scores import pair_scores
from mprna.rna.structure import UNPAIRED, pairs_from_dot_bracket, partners_from_pairs
from mprna.softmax import sigmoid

MIN_RNAS: Final = 100
"""Fewer known structures say too little about three sets of weights."""

NUM_PARTS: Final = 10
_FAMILY: Final = re.compile(r"bpRNA_[A-Za-z]+|[A-Za-z0-9]+(?=_)|[A-Za-z]+")
_NO_NAME: Final = re.compile(r"sequence_\d+")


@dataclass(frozen=True, kw_only=True)
class CalibrationOptions:
    """How to calibrate.

    Args:
        energy_model: whose structures are judged.
        second_parameters: of the energy model to compare with.
        min_length: shorter RNAs are left out, nt.
        max_length: longer RNAs are left out, nt.
        max_rnas: size of a uniform sample of the distinct sequences.
        num_shuffled: how many of them are also shuffled and folded, as a control.
        seed: of sample and shuffles.
    """

    energy_model: EnergyModel = field(default_factory=EnergyModel)
    second_parameters: str = "langdon2018"
    min_length: int = 20
    max_length: int = 400
    max_rnas: int = 4000
    num_shuffled: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        first, second = self.energy_model.parameters, self.second_parameters
        require(second in PARAMETER_SETS, f"unknown energy parameters {second!r}")
        require(first != second, f"second parameters {second}: expected others than the first")
        require(
            1 <= self.min_length <= self.max_length,
            f"lengths {self.min_length} to {self.max_length}: expected 1 or more, and the smaller first",
        )
        require(self.max_rnas >= MIN_RNAS, f"{self.max_rnas} RNAs: expected at least {MIN_RNAS}")
        require(self.num_shuffled >= 0, f"{self.num_shuffled} shuffled RNAs: expected 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRna:
    """A sequence, its true structure, and the family, which stays in one part."""

    sequence: str
    dot_bracket: str
    family: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observation:
    """A folded RNA of known structure.

    Args:
        folded: what ViennaRNA says.
        family: which stays in one part.
        f1: strict pair F1 of the MFE structure, 0..1.
        right: where a nucleotide's state is that of the known structure. *Shape:* (L,)
        features: `Folded.rna_features`. *Shape:* (K,)
    """

    folded: Folded
    family: str
    f1: float
    right: npt.NDArray[np.bool_]
    features: Floats


def read_known(paths: Sequence[Path], options: CalibrationOptions) -> list[KnownRna]:
    """A uniform sample, by the hash of seed and sequence, of the distinct sequences with base pairs.

    Raises:
        FormatError: a file that is missing or breaks its format.
        CorpusError: too few structures remain.
    """
    found: dict[str, KnownRna] = {}
    for path in paths:
        for record in read_records(path):
            try:
                sequence = clean_sequence(record.sequence)
            except SequenceError:
                continue
            in_range = options.min_length <= len(sequence) <= options.max_length
            if in_range and record.dot_bracket is not None and record.dot_bracket.strip("."):
                family = family_of(record.name, sequence)
                found.setdefault(
                    sequence, KnownRna(sequence=sequence, dot_bracket=record.dot_bracket, family=family)
                )
    if len(found) < MIN_RNAS:
        raise CorpusError(
            f"{len(found)} distinct RNAs of {options.min_length} to {options.max_length} nt with known "
            f"pairs; expected at least {MIN_RNAS}: give more files with structures"
        )
    order = sorted(found.values(), key=lambda rna: _hash(f"{options.seed} {rna.sequence}"))
    return order[: options.max_rnas]


def family_of(name: str, sequence: str) -> str:
    """What the name starts with in the databases whose names tell a family, else the sequence itself.

    >>> family_of("bpRNA_CRW_10124", "A"), family_of("tRNA_tdbR1", "A"), family_of("PKB238", "A")
    ('bpRNA_CRW', 'tRNA', 'PKB')
    >>> family_of("sequence_7", "ACGU")
    'ACGU'
    """
    family = None if _NO_NAME.fullmatch(name) else _FAMILY.match(name)
    return family.group() if family else sequence


def observe(rnas: Sequence[KnownRna], options: CalibrationOptions) -> list[Observation]:
    """Fold known RNAs; those without fold, or without pairs in it, are left out (their F1 is 0 by rule)."""
    folds = fold_all((rna.sequence for rna in rnas), options.energy_model, options.second_parameters)
    return [
        _observation(rna, folded)
        for rna, folded in zip(rnas, folds, strict=True)
        if folded is not None and "(" in folded.structure
    ]


def shuffled_folds(rnas: Sequence[KnownRna], options: CalibrationOptions) -> list[Folded]:
    """Folds of shuffled sequences, which no evolution has given a structure."""
    rng = np.random.default_rng(options.seed)
    sequences = [shuffle_dinucleotides(rna.sequence, rng) for rna in rnas[: options.num_shuffled]]
    folds = fold_all(sequences, options.energy_model, options.second_parameters)
    return [folded for folded in folds if folded is not None]


def fit(
    observations: Sequence[Observation], options: CalibrationOptions, provenance: dict[str, Any]
) -> Calibration:
    """The calibration of maximum likelihood.

    Raises:
        CorpusError: all structures are equally right, so that there is nothing to learn.
    """
    features = np.array([seen.features for seen in observations])
    try:
        f1_weights = fit_logistic(features, np.array([seen.f1 for seen in observations]))
        expected = sigmoid(f1_weights[0] + features @ f1_weights[1:])
        state_features = [
            seen.folded.state_features(float(f1)) for seen, f1 in zip(observations, expected, strict=True)
        ]
        columns = np.concatenate(state_features)
        right = np.concatenate([seen.right for seen in observations]).astype(np.float64)
        paired = np.concatenate([seen.folded.partners != UNPAIRED for seen in observations])
        paired_weights = fit_logistic(columns[paired], right[paired])
        unpaired_weights = fit_logistic(columns[~paired], right[~paired])
    except ValueError as error:
        raise CorpusError(f"nothing to fit in {len(observations)} RNAs: {error}") from None
    return Calibration(
        parameters=options.energy_model.parameters,
        temperature=options.energy_model.temperature,
        second_parameters=options.second_parameters,
        max_length=options.max_length,
        f1_weights=named_weights(f1_weights, RNA_FEATURES),
        paired_weights=named_weights(paired_weights, STATE_FEATURES),
        unpaired_weights=named_weights(unpaired_weights, STATE_FEATURES),
        provenance=provenance,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Validation:
    """Predictions for every observation by a calibration that has not seen its family.

    Args:
        expected_f1: *Shape:* (N,)
        state_probs: per observation. *Shape:* (L,)
    """

    expected_f1: Floats
    state_probs: list[npt.NDArray[np.float32]]


def cross_validate(observations: Sequence[Observation], options: CalibrationOptions) -> Validation:
    """Predict each of ten parts from the other nine; a family is in one part, if that leaves two parts.

    Raises:
        CorpusError: as `fit`.
    """
    places = np.array([_hash(seen.family) % NUM_PARTS for seen in observations])
    if len(np.unique(places)) == 1:
        places = np.array([_hash(seen.folded.sequence) % NUM_PARTS for seen in observations])
    expected = np.zeros(len(observations))
    state_probs: list[npt.NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(observations)
    for place in np.unique(places):
        others = [observations[i] for i in np.flatnonzero(places != place).tolist()]
        calibration = fit(others, options, {})
        for i in np.flatnonzero(places == place).tolist():
            folded = observations[i].folded
            expected[i] = calibration.expected_f1(folded)
            state_probs[i] = calibration.state_probs(folded, expected[i])
    return Validation(expected_f1=expected, state_probs=state_probs)


def calibrate(
    truth: Sequence[Path], options: CalibrationOptions
) -> tuple[Calibration, list[Observation], list[Folded]]:
    """Fit a calibration; also what it was fitted to, and folds of shuffled sequences for comparison.

    Args:
        truth: files with structures, in any format that `mprna.io` reads, or folders of them; never those
            of a test set.
        options: how.

    Raises:
        FormatError: a file that breaks its format.
        CorpusError: no such file, too few structures, or structures that are all equally right.
    """
    paths = find_record_files(truth)
    digests = input_digests(paths)
    rnas = read_known(list(paths.values()), options)
    observations = observe(rnas, options)
    provenance = {
        "files": digests,
        "num_rnas": len(observations),
        "num_without_pairs": len(rnas) - len(observations),
        "ViennaRNA": vienna_version(),
        "options": asdict(options),
    }
    return fit(observations, options, provenance), observations, shuffled_folds(rnas, options)


def _observation(rna: KnownRna, folded: Folded) -> Observation:
    true_pairs = pairs_from_dot_bracket(rna.dot_bracket)
    scores = pair_scores(true_pairs, pairs_from_dot_bracket(folded.structure))
    return Observation(
        folded=folded,
        family=rna.family,
        f1=scores.f1,
        right=partners_from_pairs(true_pairs, len(rna.sequence)) == folded.partners,
        features=folded.rna_features(),
    )


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
