"""Folding with a pair network: the same promises as with the other engines."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import mprna
from mprna.decoding.nested import decode_band, decode_nested
from mprna.decoding.settings import ALONE_GAMMA, PAIR_GAMMA
from mprna.errors import FoldingError, UsageError
from mprna.folding.confidence import assigned_state_probs
from mprna.folding.prior import prior_pair_probs
from mprna.folding.restraints import Restraints
from mprna.folding.vienna import MAX_LENGTH, EnergyModel, energy_of
from mprna.io.records import Record
from mprna.predict.fold import fold_records
from mprna.predict.folder import Folder
from mprna.predict.options import FoldOptions
from mprna.predict.restrain import log_odds_of_pairing, shift_band
from mprna.rna.canonical import check_structure
from mprna.rna.structure import pairs_from_dot_bracket
from mprna.runtime.engine import PairBand, probs_from_band
from mprna.runtime.load import load_pair_engine
from mprna.runtime.pair_engine import PAIR_WINDOW
from mprna.runtime.windows import predict_pair_band

ENGINES = ["hybrid", "model"]
MODEL = EnergyModel()


def sequence(length: int, seed: int = 0) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGUN"), p=[0.24] * 4 + [0.04], size=length))


def records(*sequences: str) -> list[Record]:
    return [Record(name=f"r{n}", sequence=text) for n, text in enumerate(sequences)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("length", [1, 2, 5, 30, 121])
def test_structures_are_valid_and_energies_true(pair_model, engine, length):
    text = sequence(length, seed=length)
    record = mprna.fold(text, FoldOptions(engine=engine, model=pair_model))
    check_structure(text, record.dot_bracket)
    assert record.energy == energy_of(text, record.dot_bracket)
    assert 0.0 <= record.confidence <= 1.0
    assert length < 100 or "(" in record.dot_bracket


@pytest.mark.parametrize("engine", [*ENGINES, "vienna"])
@pytest.mark.parametrize("text", ["A", "GAAC", "N" * 60, "AC" * 30])
def test_an_rna_that_cannot_pair_is_sure_to_have_no_pairs(pair_model, engine, text):
    record = mprna.fold(text, FoldOptions(engine=engine, model=pair_model, pair_probs=True))
    assert record.dot_bracket == "." * len(text)
    assert (record.confidence, record.expected_f1) == (1.0, 1.0)


@pytest.mark.parametrize("gamma", [None, 4.0])
def test_the_ensemble_is_the_prior_of_the_hybrid(pair_model, gamma):
    text, cold = sequence(90), EnergyModel(temperature=20.0)
    options = FoldOptions(model=pair_model, gamma=gamma, energy_model=cold, pair_probs=True)
    record = mprna.fold(text, options)
    prior = prior_pair_probs(text, cold)
    expected = load_pair_engine(pair_model).predict_pairs(text, prior)
    np.testing.assert_array_equal(record.base_pair_probs, expected)
    assert record.dot_bracket == decode_nested(text, expected, gamma=gamma or PAIR_GAMMA)
    assert record.confidence == pytest.approx(assigned_state_probs(record.dot_bracket, expected).mean())


def test_shorter_than_any_that_was_learned_the_prior_stands_alone(pair_model):
    for text in ("GGGGAAAACCCC", "GGGGAAAAAAACCCC"):
        record = mprna.fold(text, FoldOptions(model=pair_model, pair_probs=True))
        np.testing.assert_array_equal(record.base_pair_probs, prior_pair_probs(text))
        assert record.dot_bracket.count("(") == 4
    longer = "GGGGGAAAAACCCCCA"
    record = mprna.fold(longer, FoldOptions(model=pair_model, pair_probs=True))
    assert not np.array_equal(record.base_pair_probs, prior_pair_probs(longer))


def test_the_model_engine_has_no_prior(pair_model):
    text = sequence(90)
    record = mprna.fold(text, FoldOptions(engine="model", model=pair_model, pair_probs=True))
    expected = load_pair_engine(pair_model).predict_pairs(text)
    np.testing.assert_array_equal(record.base_pair_probs, expected)
    assert record.dot_bracket == decode_nested(text, expected, gamma=ALONE_GAMMA)
    assert record.dot_bracket != decode_nested(text, expected, gamma=PAIR_GAMMA)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_pair_is_longer_than_max_span(pair_model, engine):
    energies = EnergyModel(max_span=20)
    record = mprna.fold(sequence(120), FoldOptions(engine=engine, model=pair_model, energy_model=energies))
    pairs = pairs_from_dot_bracket(record.dot_bracket)
    assert len(pairs)
    assert (pairs[:, 1] - pairs[:, 0] < 20).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_pair_that_is_forced_is_certain_however_wide_it_is(pair_model, engine):
    text, known = "G" * 30 + "A" * 140 + "C" * 30, "(" * 30 + "x" * 140 + ")" * 30
    folder = in_windows(60, engine=engine, model=pair_model, pair_probs=True)
    record = folder.fold(Record(name="far", sequence=text, constraint=known))
    assert record.dot_bracket == known.replace("x", ".")
    assert (record.confidence, record.expected_f1) == (1.0, 1.0)
    first = np.arange(30)
    assert (record.base_pair_probs[first, 199 - first] == 1.0).all()
    assert record.base_pair_probs.sum() == 60.0


@pytest.mark.torch
def test_both_backends_give_the_same_structures(pair_model):
    texts = [sequence(length, seed=length) for length in (12, 31, 76, 150)]
    found = [
        [record.dot_bracket for record in fold_records(records(*texts), options)]
        for options in (FoldOptions(model=pair_model, backend=backend) for backend in ("onnx", "torch"))
    ]
    assert found[0] == found[1]


def test_results_do_not_depend_on_the_number_of_jobs(pair_model):
    texts = [sequence(length, seed=length) for length in (90, 5, 40, 0, 61, 33)] + ["ACGX!"]
    options = FoldOptions(model=pair_model, pair_probs=True)
    alone = list(fold_records(records(*texts), options))
    together = list(fold_records(records(*texts), options, jobs=2))
    assert alone == together
    assert [record.name for record in alone] == [f"r{n}" for n in range(7)]
    assert [record.error is not None for record in alone] == [False] * 3 + [True] + [False] * 2 + [True]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.base_pair_probs, other.base_pair_probs)


def in_windows(width: int, **options) -> Folder:
    """A folder that reads what is longer than `width` in windows of it."""
    folder = Folder(FoldOptions(**options))
    folder._method._engine.max_length = width
    return folder


@pytest.mark.parametrize("engine", ENGINES)
def test_a_long_sequence_is_read_in_windows(pair_model, engine):
    text, values = sequence(151), np.random.default_rng(0).exponential(size=151)
    network = load_pair_engine(pair_model)

    def window_probs(window):
        known = Restraints(reactivities=values[window])
        prior = prior_pair_probs(text[window], restraints=known) if engine == "hybrid" else None
        return network.predict_pairs(text[window], prior)

    band = predict_pair_band(window_probs, 151, 60).pair_band
    if engine == "model":
        band = shift_band(band, log_odds_of_pairing(Restraints(reactivities=values), MODEL.thermal_energy))
    folder = in_windows(60, engine=engine, model=pair_model, pair_probs=True)
    record = folder.fold(Record(name="long", sequence=text, reactivities=values))
    np.testing.assert_array_equal(record.base_pair_probs, probs_from_band(band))
    gamma = ALONE_GAMMA if engine == "model" else PAIR_GAMMA
    assert record.dot_bracket == decode_band(text, PairBand(pair_band=band), gamma=gamma)
    assert record.energy == energy_of(text, record.dot_bracket)
    check_structure(text, record.dot_bracket)
    pairs = pairs_from_dot_bracket(record.dot_bracket)
    assert len(pairs)
    assert (pairs[:, 1] - pairs[:, 0] < 60).all()
    right, true = record.base_pair_probs[tuple(pairs.T)].sum(), np.triu(record.base_pair_probs).sum()
    assert record.expected_f1 == pytest.approx(2 * right / (len(pairs) + true), rel=1e-4)


@pytest.mark.parametrize("engine", ENGINES)
def test_windows_change_nothing_up_to_their_width(pair_model, engine):
    record = Record(name="r", sequence=sequence(60))
    options = {"engine": engine, "model": pair_model}
    assert in_windows(60, **options).fold(record) == Folder(FoldOptions(**options)).fold(record)
    assert in_windows(59, **options).fold(record) != Folder(FoldOptions(**options)).fold(record)


@pytest.mark.parametrize("engine", ENGINES)
def test_options_and_constraints_count_in_windows_too(pair_model, engine):
    text = "GGGG" + sequence(120, seed=1) + "CCCC"
    constraint = "((((" + "." * 50 + "x" * 10 + "|" + "." * 59 + "))))"
    energies = EnergyModel(max_span=20)
    folder = in_windows(50, engine=engine, model=pair_model, min_confidence=0.2)
    known = folder.fold(Record(name="r", sequence=text, constraint=constraint)).dot_bracket
    assert known[:4] + known[-4:] == "(((())))"  # further apart than a window
    assert known[54:64] == "." * 10
    assert known[64] != "."
    folder = in_windows(50, engine=engine, model=pair_model, energy_model=energies, pseudoknots=True)
    pairs = pairs_from_dot_bracket(folder.fold(Record(name="r", sequence=text)).dot_bracket)
    assert len(pairs)
    assert (pairs[:, 1] - pairs[:, 0] < 20).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_too_long_for_any_engine_has_a_reason(pair_model, engine):
    folder = Folder(FoldOptions(engine=engine, model=pair_model))
    assert folder._method._engine.max_length == PAIR_WINDOW
    with pytest.raises(
        FoldingError, match=rf"{MAX_LENGTH + 1} nt; the {engine} engine takes up to {MAX_LENGTH}$"
    ):
        folder.fold(Record(name="long", sequence="A" * (MAX_LENGTH + 1)))
    strict = Folder(FoldOptions(engine=engine, model=pair_model, max_length=40))
    with pytest.raises(FoldingError, match="41 nt"):
        strict.fold(Record(name="a", sequence="A" * 41))


def test_token_probabilities_are_not_there(pair_model):
    with pytest.raises(UsageError, match="decoder 'tokens': a pair network gives pairs only"):
        Folder(FoldOptions(engine="model", decoder="tokens", model=pair_model))


def test_energies_are_not_weighed(pair_model):
    with pytest.raises(UsageError, match="weight: a pair network reads the ensemble itself"):
        Folder(FoldOptions(weight=0.5, model=pair_model))


def test_folders_share_models_that_are_loaded_once(pair_model):
    loaded = []

    def load(model, *, backend):
        loaded.append(model)
        return load_pair_engine(model, backend=backend)

    load = functools.cache(load)
    text = sequence(40)
    for engine in ("hybrid", "model", "vienna"):
        options = FoldOptions(engine=engine, model=pair_model)
        folder = Folder(options, load=load)
        assert (
            folder.fold(Record(name="", sequence=text)).dot_bracket == mprna.fold(text, options).dot_bracket
        )
    assert loaded == [pair_model]
