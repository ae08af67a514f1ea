"""Folding: valid structures with true energies, one result per record, the same for any number of jobs."""

from __future__ import annotations

import numpy as np
import pytest
import RNA

import mprna
from mprna.decoding.nested import decode_nested
from mprna.decoding.pair_probs import DensePairProbs
from mprna.decoding.tokens import decode_tokens
from mprna.errors import FoldingError, ModelError, SequenceError, UsageError
from mprna.folding.vienna import EnergyModel, energy_of, fold_ensemble, fold_mfe
from mprna.io.records import Record
from mprna.predict import fold as fold_module
from mprna.predict import methods
from mprna.predict.confidence import confidence, expected_f1
from mprna.predict.fold import fold_records
from mprna.predict.folder import Folder
from mprna.predict.methods import decode_band
from mprna.predict.options import FoldOptions
from mprna.rna.canonical import check_structure
from mprna.rna.scores import pair_scores
from mprna.rna.structure import pairs_from_dot_bracket
from mprna.runtime.engine import Prediction

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
ENGINES = ["hybrid", "model", "vienna"]
pytestmark = pytest.mark.usefixtures("mprna_home", "turner_2004")


def sequence(length: int, seed: int = 0, letters: str = "ACGU") -> str:
    return "".join(np.random.default_rng(seed).choice(list(letters), size=length))


def records(*sequences: str) -> list[Record]:
    return [Record(name=f"r{n}", sequence=text) for n, text in enumerate(sequences)]


def prediction(base_pair_probs: np.ndarray, structure_probs: np.ndarray | None = None) -> Prediction:
    length = len(base_pair_probs)
    padded = np.pad(np.triu(base_pair_probs), ((0, 0), (0, length))).astype(np.float32)
    band = np.stack([padded[i, i : i + length] for i in range(length)])
    empty = np.zeros((length, 0), dtype=np.float32)
    return Prediction(
        hidden_states=empty,
        lm_logits=empty,
        repair_logits=empty,
        structure_probs=empty if structure_probs is None else structure_probs,
        pair_band=band,
    )


# One sequence


def test_vienna_is_viennarna():
    record = mprna.fold(TRNA, FoldOptions(engine="vienna"))
    assert (record.dot_bracket, record.energy) == fold_mfe(TRNA)
    assert (record.engine, record.error) == ("vienna", None)
    assert (record.confidence, record.expected_f1) == (None, None)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("length", [1, 2, 5, 6, 30, 120])
def test_structures_are_valid_and_energies_true(engine, length):
    text = sequence(length, seed=length, letters="ACGUN")
    record = mprna.fold(text, FoldOptions(engine=engine))
    check_structure(text, record.dot_bracket)
    assert record.energy == energy_of(text, record.dot_bracket)


@pytest.mark.parametrize("engine", ENGINES)
def test_letters_of_the_user_are_kept(engine):
    record = mprna.fold("ggggAAAAcctt", FoldOptions(engine=engine))
    assert record.sequence == "ggggAAAAcctt"
    assert record.dot_bracket == mprna.fold("GGGGAAAACCUU", FoldOptions(engine=engine)).dot_bracket


def test_options_reach_the_energy_model():
    cold = EnergyModel(temperature=10.0, parameters="andronescu2007")
    record = mprna.fold(TRNA, FoldOptions(engine="vienna", energy_model=cold))
    assert (record.dot_bracket, record.energy) == fold_mfe(TRNA, cold)


@pytest.mark.parametrize("engine", ["hybrid", "model"])
def test_a_loop_that_the_parameters_exclude_costs_the_energy_alone(engine, pair_model):
    sequence = "GGGGCGCAGGGGAAAACCCCUUACCCC"
    model = EnergyModel(parameters="langdon2018")
    options = FoldOptions(engine=engine, model=pair_model, energy_model=model)
    record = mprna.fold(sequence, options, constraint="((((xxx(((((xxxx)))))xx))))")
    assert record.dot_bracket == "((((...(((((....)))))..))))"
    assert record.energy is None
    assert record.confidence is not None


@pytest.mark.parametrize("engine", ENGINES)
def test_no_pair_is_longer_than_max_span(engine):
    options = FoldOptions(engine=engine, energy_model=EnergyModel(max_span=20))
    partners = {}
    stack = []
    for i, symbol in enumerate(mprna.fold(TRNA, options).dot_bracket):
        if symbol == "(":
            stack.append(i)
        elif symbol == ")":
            partners[stack.pop()] = i
    assert all(j - i < 20 for i, j in partners.items())


def test_without_weight_hybrid_is_viennarna():
    record = mprna.fold(TRNA, FoldOptions(engine="hybrid", weight=0.0))
    assert record.dot_bracket == fold_mfe(TRNA)[0]


def test_the_model_engine_decodes_what_the_network_says():
    said = mprna.load().predict(TRNA)
    nested = mprna.fold(TRNA, FoldOptions(engine="model", gamma=2.0))
    assert nested.dot_bracket == decode_nested(TRNA, said.base_pair_probs, gamma=2.0)
    tokens = mprna.fold(TRNA, FoldOptions(engine="model", decoder="tokens"))
    assert tokens.dot_bracket == decode_tokens(TRNA, said.structure_probs)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", SequenceError, "empty sequence"),
        ("ACG-U", SequenceError, "gap '-' at position 4"),
        ("MKVLAA", SequenceError, "letter 'L' at position 4|letter 'K'|is this a protein"),
        ("ACGU" * 1025, FoldingError, r"4100 nt; the hybrid engine takes up to 4096 \(--max-length\)"),
    ],
)
def test_one_bad_sequence_raises(text, error, message):
    with pytest.raises(error, match=message):
        mprna.fold(text)


def test_an_unknown_model_raises():
    with pytest.raises(ModelError, match="no model 'maxi'"):
        mprna.fold("ACGU", FoldOptions(model="maxi"))


# Probabilities


def test_pair_probabilities_of_vienna_are_its_ensemble():
    record = mprna.fold(TRNA, FoldOptions(engine="vienna", pair_probs=True))
    expected = fold_ensemble(TRNA)
    np.testing.assert_array_equal(record.base_pair_probs, expected.base_pair_probs)
    assert record.dot_bracket == expected.mfe_dot_bracket
    assert 0.3 < record.confidence < 1.0


@pytest.mark.parametrize("engine", ["hybrid", "model"])
def test_pair_probabilities_of_the_others_are_the_network_s(engine):
    assert mprna.fold(TRNA, FoldOptions(engine=engine)).base_pair_probs is None
    record = mprna.fold(TRNA, FoldOptions(engine=engine, pair_probs=True))
    np.testing.assert_array_equal(record.base_pair_probs, mprna.load().predict(TRNA).base_pair_probs)


def test_confidence_is_the_mean_probability_of_the_drawn_state():
    probs = np.zeros((6, 6))
    probs[0, 5] = probs[5, 0] = 0.8
    probs[1, 5] = probs[5, 1] = 0.1
    states = [0.8, 0.9, 1.0, 1.0, 1.0, 0.8]
    assert confidence("(....)", prediction(probs)) == pytest.approx(np.mean(states))
    assert confidence("......", prediction(probs)) == pytest.approx(np.mean([0.2, 0.9, 1, 1, 1, 0.1]))


def test_a_pair_outside_of_the_band_has_no_probability():
    narrow = prediction(np.zeros((8, 8)))
    object.__setattr__(narrow, "pair_band", narrow.pair_band[:, :6])
    assert confidence("(......)", narrow) == pytest.approx(6 / 8)
    assert expected_f1("(......)", narrow) == 0.0


def test_expected_f1_is_that_of_the_expected_numbers():
    """Probabilities 0.8, 0.5, 0.4 and 0.3: two true pairs are expected."""
    probs = np.zeros((12, 12))
    for i, j, p in ((0, 11, 0.8), (1, 10, 0.5), (2, 9, 0.4), (3, 10, 0.3)):
        probs[i, j] = probs[j, i] = p
    for pair_probs in (prediction(probs), DensePairProbs(probs.astype(np.float32))):
        assert expected_f1("((........))", pair_probs) == pytest.approx(2 * 1.3 / (2 + 2.0))
        assert expected_f1("(((......)))", pair_probs) == pytest.approx(2 * 1.7 / (3 + 2.0))
        assert expected_f1("(..(......))", pair_probs) == pytest.approx(2 * 1.1 / (2 + 2.0))
        assert expected_f1("(.[......).]", pair_probs) == 0.0
        assert expected_f1("............", pair_probs) == pytest.approx(1 / (1 + 2.0))
    certain = np.where(probs > 0.7, 1.0, 0.0)
    assert expected_f1("(..........)", prediction(certain)) == 1.0
    assert expected_f1("............", prediction(np.zeros((12, 12)))) == 1.0


@pytest.mark.parametrize(
    ("text", "tolerance"),
    [(TRNA, 0.05), ("GGGCAAAAGCUUAGCGGGAUUCCCGA", 0.05), ("A" * 30 + "GGAAACC" + "A" * 20, 0.2)],
    ids=["tRNA", "hairpins", "no pairs"],
)
def test_expected_f1_is_the_mean_f1_with_what_viennarna_samples(text, tolerance):
    record = mprna.fold(text, FoldOptions(engine="vienna", pair_probs=True))
    ensemble = RNA.fold_compound(text, RNA.md(uniq_ML=1))
    ensemble.pf()
    printed = pairs_from_dot_bracket(record.dot_bracket)
    sampled = map(pairs_from_dot_bracket, ensemble.pbacktrack(1000))
    assert record.expected_f1 == pytest.approx(
        np.mean([pair_scores(true, printed).f1 for true in sampled]), abs=tolerance
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("max_span", [None, 20])
def test_the_sparse_decoder_equals_the_dense_one(seed, max_span):
    text = sequence(80, seed, letters="ACGUN")
    rng = np.random.default_rng(seed)
    probs = np.triu(rng.random((80, 80)) ** 30, k=1)
    probs = ((probs + probs.T) / 6).astype(np.float32)
    probs[probs < 0.002] = 0.0
    probs /= np.maximum(probs.sum(axis=1).max(), 1.0)
    probs[probs < 0.002] = 0.0
    expected = decode_nested(text, probs, gamma=8.0, max_span=max_span)
    assert decode_band(text, prediction(probs), gamma=8.0, max_span=max_span) == expected
    assert "(" in expected


def test_long_sequences_take_the_sparse_decoder(monkeypatch):
    text, options = sequence(400), FoldOptions(engine="model")
    dense = mprna.fold(text, options).dot_bracket
    monkeypatch.setattr(methods, "_MAX_DENSE_DECODING", 10)
    monkeypatch.setattr(methods, "decode_nested", None)  # calling it would raise
    assert Folder(options).fold(Record(name="long", sequence=text)).dot_bracket == dense
    assert "(" in dense


def test_pair_probabilities_of_a_very_long_sequence_are_declined():
    (record,) = fold_records(records("A" * 8200), FoldOptions(engine="model", pair_probs=True))
    assert record.error == "8200 nt; pair probabilities are given up to 8192"


# Many records


def test_a_list_gives_a_list_and_a_failure_keeps_its_place():
    found = mprna.fold(["GGGGAAAACCCC", "", "ACGX!", "ACGU"], FoldOptions(engine="vienna"))
    assert [record.name for record in found] == [f"sequence_{n}" for n in (1, 2, 3, 4)]
    assert [record.dot_bracket for record in found] == ["((((....))))", None, None, "...."]
    assert [record.error for record in found] == [
        None,
        "empty sequence",
        "symbol '!' at position 5 is no nucleotide code",
        None,
    ]
    assert found[2].engine == "vienna"


def test_nothing_of_an_old_result_survives():
    old = Record(
        name="a",
        sequence="ACGX!",
        dot_bracket="(...)",
        energy=-9.0,
        confidence=1.0,
        expected_f1=1.0,
        engine="x",
    )
    (record,) = fold_records([old], FoldOptions(engine="vienna"))
    assert (record.dot_bracket, record.energy) == (None, None)
    assert (record.confidence, record.expected_f1) == (None, None)
    (record,) = fold_records(
        [Record(name="a", sequence="ACGU", error="was too long")], FoldOptions(engine="vienna")
    )
    assert (record.dot_bracket, record.error) == ("....", None)


def test_results_do_not_depend_on_the_number_of_jobs():
    texts = [sequence(length, seed=length) for length in (90, 5, 40, 0, 60, 33, 1, 70)]
    options = FoldOptions(pair_probs=True)
    alone = list(fold_records(records(*texts), options))
    together = list(fold_records(records(*texts), options, jobs=2))
    assert alone == together
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.base_pair_probs, other.base_pair_probs)


def test_results_come_while_records_are_still_read():
    def endless():
        while True:
            yield Record(name="a", sequence="ACGU")

    results = fold_records(endless(), FoldOptions(engine="vienna"))
    assert iter(results) is results
    assert [next(results).dot_bracket for _ in range(3)] == ["....", "....", "...."]


def test_memory_that_is_not_there_is_a_reason(monkeypatch):
    def no_memory(*_):
        raise MemoryError

    monkeypatch.setattr(methods, "fold_mfe", no_memory)
    record = Folder(FoldOptions(engine="vienna"))(Record(name="a", sequence="ACGU"))
    assert record.error == "not enough memory for 4 nt"


def test_no_length_beyond_those_of_viennarna_can_be_asked_for():
    with pytest.raises(UsageError, match="expected 1 to 32767 nt"):
        FoldOptions(engine="model", max_length=32_768)
    with pytest.raises(FoldingError, match=r"32768 nt; the model engine takes up to 32767$"):
        fold_module.fold("A" * 32_768, FoldOptions(engine="model"))
