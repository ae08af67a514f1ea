"""Constraints, reactivities, pseudoknots and a least confidence, with every engine and kind of model."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mprna
from mprna.decoding.pair_probs import DensePairProbs
from mprna.errors import FoldingError, MprnaError, StructureError, UsageError
from mprna.folding.prior import prior_pair_probs
from mprna.folding.restraints import Restraints, ShapeModel
from mprna.folding.vienna import EnergyModel, energy_of, fold_ensemble, fold_mfe
from mprna.io.records import Record
from mprna.predict import methods
from mprna.predict.confidence import confidence, without_doubtful_pairs
from mprna.predict.fold import fold_records
from mprna.predict.folder import Folder
from mprna.predict.options import FoldOptions
from mprna.predict.restrain import constrain_band, restrain_prediction, shift_band
from mprna.rna.canonical import check_structure
from mprna.rna.constraints import parse_constraint
from mprna.rna.structure import pairs_from_dot_bracket
from mprna.runtime.engine import Prediction, band_from_probs, probs_from_band
from mprna.runtime.load import load_pair_engine

HAIRPINS, LEFT, RIGHT = "GGGGAAAACCCCAAAAGGGG", "((((....))))........", "........((((....))))"
ENGINES = ["vienna", "hybrid", "model", "tokens", "pair hybrid", "pair model"]
FLOAT32 = dict(atol=1e-6)
pytestmark = pytest.mark.usefixtures("mprna_home")


@pytest.fixture
def options_of(pair_model):
    """Options of an engine by its name here."""

    def make(name: str, **options) -> FoldOptions:
        if name == "tokens":
            return FoldOptions(engine="model", decoder="tokens", **options)
        kind = {"model": pair_model} if name.startswith("pair ") else {}
        return FoldOptions(engine=name.removeprefix("pair "), **kind, **options)

    return make


def sequence(length: int, seed: int = 0) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGU"), size=length))


def feasible(text: str, rng: np.random.Generator) -> str:
    """A constraint that the MFE structure at 60 °C, or no structure at all, meets."""
    model = fold_mfe(text, EnergyModel(temperature=60.0, parameters="andronescu2007"))[0]
    symbols = [str(rng.choice(list({".": "...x", "(": "..|<", ")": "..|>"}[symbol]))) for symbol in model]
    for i, j in pairs_from_dot_bracket(model).tolist():
        if rng.random() < 0.2:
            symbols[i], symbols[j] = "(", ")"
    return "".join(symbols)


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(1, 60), seed=st.integers(0, 2**32 - 1), extras=st.booleans())
def test_structures_are_valid_and_meet_their_constraints(engine, length, seed, extras, options_of):
    rng = np.random.default_rng(seed)
    text = sequence(length, seed)
    constraint = feasible(text, rng)
    reactivities = np.where(rng.random(length) < 0.2, np.nan, rng.exponential(size=length))
    options = options_of(engine, min_confidence=0.3 * extras, pair_probs=True)
    if extras and engine not in ("vienna", "tokens"):
        options = dataclasses.replace(options, pseudoknots=True)
    record = mprna.fold(text, options, constraint=constraint, reactivities=reactivities)
    check_structure(text, record.dot_bracket)
    parse_constraint(constraint, text).check(record.dot_bracket)
    assert record.energy == energy_of(text, record.dot_bracket)
    assert record.base_pair_probs.sum(axis=1).max() <= 1 + 1e-3
    for i, j in parse_constraint(constraint, text).pairs.tolist():
        assert record.base_pair_probs[i, j] == pytest.approx(1.0, abs=1e-3)
    for i in (i for i, symbol in enumerate(constraint) if symbol == "x"):
        assert not record.base_pair_probs[i].any()
    if engine != "vienna" or options.min_confidence:
        assert 0.0 <= record.confidence <= 1.0
        pairs, probs = pairs_from_dot_bracket(record.dot_bracket), record.base_pair_probs.astype(np.float64)
        total = len(pairs) + np.triu(probs).sum()
        expected = 2 * probs[tuple(pairs.T)].sum() / total if len(pairs) else 1 / (1 + total)
        assert 0.0 <= record.expected_f1 <= 1.0
        assert record.expected_f1 == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("constraint", "reason"),
    [
        ("((....))", "constraint of 8 symbols for a sequence of 20 nt"),
        ("(..(....)..[].......", "symbol '\\[' at position 12"),
        ("....(......)........", "no canonical pair"),
        ("...........|...x....", None),
    ],
)
def test_a_constraint_that_cannot_be_is_the_record_s_own_fault(engine, constraint, reason, options_of):
    records = [
        Record(name="a", sequence=HAIRPINS),
        Record(name="b", sequence=HAIRPINS, constraint=constraint),
        Record(name="c", sequence=HAIRPINS, reactivities=np.zeros(3)),
    ]
    first, second, third = fold_records(records, options_of(engine))
    assert first.error is None
    assert third.error == "3 reactivities for a sequence of 20 nt"
    if reason is None:
        assert second.dot_bracket[11] in "()"
        return
    assert second.dot_bracket is None
    assert re.search(reason, second.error)


@pytest.mark.parametrize("engine", ENGINES)
def test_symbols_that_contradict_each_other_are_a_reason(engine, options_of):
    text, constraint = "GAAAAACAAAAAG", "|xxxxx|xxxxx|"  # three that must pair
    with pytest.raises((FoldingError, StructureError), match="constraint"):
        mprna.fold(text, options_of(engine), constraint=constraint)


def test_the_sparse_decoder_obeys_too(options_of, monkeypatch):
    text = sequence(300, 5)
    constraint = feasible(text, np.random.default_rng(1))
    dense = mprna.fold(text, options_of("model"), constraint=constraint).dot_bracket
    monkeypatch.setattr(methods, "_MAX_DENSE_DECODING", 10)
    monkeypatch.setattr(methods, "decode_nested", None)  # calling it would raise
    sparse = Folder(options_of("model")).fold(Record(name="a", sequence=text, constraint=constraint))
    parse_constraint(constraint, text).check(sparse.dot_bracket)
    assert sparse.dot_bracket == dense


# Reactivities


@pytest.mark.parametrize("engine", ["vienna", "hybrid", "model"])
@pytest.mark.parametrize("wanted", [LEFT, RIGHT])
def test_reactivities_decide(engine, wanted, options_of):
    values = np.where(np.array(list(wanted)) == ".", 5.0, 0.0)
    strong = options_of(engine, shape_model=ShapeModel(slope=4.0, intercept=-2.0))
    found = mprna.fold(HAIRPINS, strong, reactivities=values).dot_bracket
    assert all(found[i] == "." for i in range(20) if wanted[i] == ".")
    if engine != "model":
        assert found == wanted


def test_reactivities_reach_the_network_through_the_prior_alone(pair_model):
    text, values = sequence(60), np.random.default_rng(0).exponential(size=60)
    options = FoldOptions(model=pair_model, pair_probs=True)
    found = mprna.fold(text, options, reactivities=values).base_pair_probs
    prior = prior_pair_probs(text, restraints=Restraints(reactivities=values))
    np.testing.assert_array_equal(found, load_pair_engine(pair_model).predict_pairs(text, prior))


def test_reactivities_are_log_odds_for_the_network_alone():
    rng = np.random.default_rng(0)
    probs = np.triu(rng.random((9, 9)) / 40, k=1).astype(np.float32)
    nats = rng.normal(size=9)
    odds = probs / (1 - probs) * np.exp(nats[:, None] + nats)
    shifted = np.triu(probs_from_band(shift_band(band_from_probs(probs), nats)))
    np.testing.assert_allclose(shifted, np.triu(odds / (1 + odds), k=1), **FLOAT32)


def test_token_probabilities_are_shifted_too():
    tokens = np.array([[0.2, 0.3, 0.5]] * 2, dtype=np.float32)
    empty = np.zeros((2, 0), dtype=np.float32)
    prediction = Prediction(
        hidden_states=empty,
        lm_logits=empty,
        repair_logits=empty,
        structure_probs=tokens,
        pair_band=np.zeros((2, 2), dtype=np.float32),
    )
    shifted = restrain_prediction(prediction, None, np.array([0.0, np.log(2)])).structure_probs
    np.testing.assert_allclose(shifted, [[0.2, 0.3, 0.5], [0.4 / 1.5, 0.6 / 1.5, 0.5 / 1.5]], **FLOAT32)


def test_a_constraint_makes_probabilities_0_and_1():
    constraint = parse_constraint("(x...).", "GAAAACC")
    band = constrain_band(np.full((7, 7), 0.1, dtype=np.float32), constraint)
    probs = np.triu(probs_from_band(band), k=1)
    assert probs[0, 5] == 1.0
    assert not probs[1].any()
    assert probs[2, 4] == np.float32(0.1)
    assert probs[2, 6] == 0.0  # crosses
    assert constrain_band(band * 0 + 0.1, constraint, crossing=True)[2, 4] == np.float32(0.1)


# Least confidence


def test_doubtful_pairs_are_left_out():
    probs = np.zeros((20, 20), dtype=np.float32)
    for (i, j), p in zip(pairs_from_dot_bracket(LEFT).tolist(), [0.9, 0.5, 0.49, 0.7], strict=True):
        probs[i, j] = probs[j, i] = p
    pair_probs = DensePairProbs(probs)
    assert without_doubtful_pairs(LEFT, pair_probs, 0.5) == "((.(....).))........"
    constraint = parse_constraint("..|" + "." * 17, HAIRPINS)
    assert without_doubtful_pairs(LEFT, pair_probs, 0.6, constraint) == "(.((....)).)........"
    assert confidence(LEFT, pair_probs) == pytest.approx((2 * (0.9 + 0.5 + 0.49 + 0.7) + 12) / 20)


@pytest.mark.parametrize("engine", ENGINES)
def test_least_confidence_leaves_a_part_of_the_structure(engine, options_of):
    text = sequence(100, 2)
    probs = mprna.fold(text, options_of(engine, pair_probs=True)).base_pair_probs
    every = set(map(tuple, pairs_from_dot_bracket(mprna.fold(text, options_of(engine)).dot_bracket).tolist()))
    threshold = float(np.median([probs[pair] for pair in every]))
    record = mprna.fold(text, options_of(engine, min_confidence=threshold))
    kept = set(map(tuple, pairs_from_dot_bracket(record.dot_bracket).tolist()))
    assert kept == {pair for pair in every if probs[pair] >= np.float32(threshold)}
    assert 0 < len(kept) <= len(every)
    assert record.energy == energy_of(text, record.dot_bracket)


def test_vienna_takes_the_confidence_from_its_ensemble():
    text = sequence(80, 3)
    record = mprna.fold(text, FoldOptions(engine="vienna", min_confidence=0.9))
    probs = fold_ensemble(text).base_pair_probs
    pairs = pairs_from_dot_bracket(record.dot_bracket)
    assert (probs[pairs[:, 0], pairs[:, 1]] >= 0.9).all()
    assert record.base_pair_probs is None


# Pseudoknots


@pytest.mark.parametrize("engine", ["model", "hybrid"])
def test_a_network_that_sees_a_pseudoknot_gives_it(engine, pair_model, monkeypatch):
    text, known = "GGGGGAACCCCAACCCCCAAGGGG", "(((((..[[[[..)))))..]]]]"
    probs = np.zeros((24, 24), dtype=np.float32)
    i, j = pairs_from_dot_bracket(known).T
    probs[i, j] = probs[j, i] = 0.9
    folder = Folder(FoldOptions(engine=engine, model=pair_model, pseudoknots=True))
    monkeypatch.setattr(folder._method._engine, "predict_pairs", lambda *_: probs)
    record = folder.fold(Record(name="a", sequence=text))
    assert record.dot_bracket == known
    assert record.energy == energy_of(text, "(((((........)))))......")
    assert record.confidence > 0.9
    assert record.expected_f1 == pytest.approx(2 * 9 * 0.9 / (9 + 9 * 0.9))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "vienna", "pseudoknots": True}, "pseudoknots: the vienna engine has none"),
        ({"engine": "model", "decoder": "tokens", "pseudoknots": True}, "pseudoknots: decoder 'tokens'"),
        ({"min_confidence": 1.5}, "min_confidence 1.5; expected 0 to 1"),
        ({"min_confidence": float("nan")}, "min_confidence nan"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(UsageError, match=message):
        FoldOptions(**options)


# The interface


def test_restraints_are_in_the_record_and_belong_to_one():
    options = FoldOptions(engine="vienna")
    record = mprna.Record(name="a", sequence=HAIRPINS, constraint="xxxx" + "." * 16)
    assert mprna.fold(record, options).dot_bracket == RIGHT
    results = mprna.fold([record, HAIRPINS], options)
    assert [(found.name, found.dot_bracket) for found in results] == [("a", RIGHT), ("sequence_2", LEFT)]
    assert results[0].constraint == record.constraint
    with pytest.raises(UsageError, match="belong to one sequence"):
        mprna.fold([HAIRPINS], options, constraint="." * 20)


def test_results_do_not_depend_on_jobs(pair_model):
    records = []
    for n in range(8):
        text = sequence(20 + 7 * n, n)
        constraint = feasible(text, np.random.default_rng(n)) if n % 2 else None
        records.append(
            Record(
                name=f"r{n}", sequence=text, constraint=constraint, reactivities=np.full(len(text), 0.1 * n)
            )
        )
    records.append(Record(name="bad", sequence="ACGU", constraint="....."))
    options = FoldOptions(model=pair_model, pseudoknots=True, min_confidence=0.1)
    alone = list(fold_records(records, options))
    assert alone == list(fold_records(records, options, jobs=2))
    assert alone[::-1] == list(fold_records(records[::-1], options))
    assert [record.error is None for record in alone] == [True] * 8 + [False]


@pytest.mark.parametrize(
    ("restraint", "message"),
    [
        ({"reactivities": ["low"] * 20}, "reactivities are numbers, NaN without data"),
        ({"constraint": 12}, "constraint 12; expected text"),
    ],
)
def test_values_of_another_type_are_told(restraint, message):
    with pytest.raises(MprnaError, match=message):
        mprna.fold(HAIRPINS, FoldOptions(engine="vienna"), **restraint)
