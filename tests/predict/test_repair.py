"""Repair: hidden nucleotides, Bayes' rule, N and other codes, bad records, windows, order, processes."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest

from mprna.errors import FoldingError, ModelError, SequenceError, UsageError
from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.predict.repair import Repair, RepairOptions, RepairResult, repair, repair_records
from mprna.predict.repair_calibration import RepairCalibration, load_calibration, save_calibration
from mprna.predict.repair_features import FEATURES, repair_features
from mprna.predict.repair_output import COLUMNS, record_of, write_repairs
from mprna.rna.bases import base_ids
from mprna.runtime.load import load
from mprna.runtime.store import write_manifest
from mprna.runtime.windows import split_windows

CALIBRATION = RepairCalibration(
    seen=(1.0, 0.2, -0.3), unknown=(0.8, 0.0, 0.0), window=60, fitted_on="nothing"
)
RNG = np.random.default_rng(3)


def text(length: int) -> str:
    return "".join(np.random.default_rng(length).choice(list("ACGU"), size=length))


@pytest.fixture(scope="module")
def model(nano_model, tmp_path_factory):
    """A model with a calibration; its weights are random, so its opinions are strong and wrong."""
    directory = tmp_path_factory.mktemp("calibrated") / "model"
    shutil.copytree(nano_model, directory)
    save_calibration(CALIBRATION, directory)
    write_manifest(directory)
    return directory


@pytest.fixture
def options(model):
    """Folds nothing, so that tests need no other model."""
    return RepairOptions(model=model, fold_length=0)


def records(*texts: str) -> list[Record]:
    return [Record(name=f"rna_{number}", sequence=letters) for number, letters in enumerate(texts)]


# Features


@pytest.mark.parametrize("length", [1, 7, 8, 59, 60, 61, 150])
def test_what_stands_at_a_nucleotide_does_not_say_anything_of_itself(model, length):
    """Its masked log-probabilities are the same for every base there, and for N."""
    engine, sequence = load(model), text(length)
    place = length // 2
    found = [
        repair_features(sequence[:place] + base + sequence[place + 1 :], engine, 60)[place, :, 0]
        for base in "ACGUN"
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_masked_log_probabilities_are_those_of_the_network(model):
    engine, sequence = load(model), text(40)
    found = repair_features(sequence, engine, 60)
    logits = engine.base_logits(sequence, np.arange(3, 40, 8)).lm[11].astype(np.float64)
    np.testing.assert_allclose(found[11, :, 0], logits - np.log(np.exp(logits).sum()), atol=1e-9)


def test_features_of_substitutions_count_for_other_bases_alone(model):
    engine = load(model)
    sequence = "ACGUNACGG"
    found = repair_features(sequence, engine, 60)
    logits = engine.base_logits(sequence, np.array([4])).repair.astype(np.float64)
    for i, base in enumerate("ACGU"):
        others = [b for b in range(4) if b != i]
        assert (found[i, i, 1:] == 0).all(), base
        total = np.exp(logits[i, others]).sum()
        np.testing.assert_allclose(found[i, others, 1], np.log(3 * np.exp(logits[i, others]) / total))
        assert (found[i, others, 2] == 1).all()
    assert (found[4, :, 1:] == 0).all()


def test_a_window_is_what_its_piece_gives(model):
    engine, sequence = load(model), text(100)
    whole, piece = repair_features(sequence, engine, 60), repair_features(sequence[:60], engine, 60)
    (_, _, _, border), *_ = split_windows(100, 60)
    np.testing.assert_array_equal(whole[:border], piece[:border])


@pytest.mark.torch
def test_both_engines_read_the_same(model):
    sequence, masked = text(50), np.array([0, 10, 49])
    onnx, torch = (load(model, backend=name).base_logits(sequence, masked) for name in ("onnx", "torch"))
    np.testing.assert_allclose(onnx.lm, torch.lm, atol=1e-4)
    np.testing.assert_allclose(onnx.repair, torch.repair, atol=1e-4)
    with pytest.raises(ValueError, match="expected up to"):
        load(model).base_logits("A" * 20_000, masked)


# Probabilities


def test_odds_of_a_substitution_scale_with_the_odds_of_the_rate(options):
    sequence = text(80)
    odds = []
    for rate in (0.001, 0.05):
        p = repair(sequence, dataclasses.replace(options, rate=rate)).substitution_probs
        odds.append(p / (1 - p) / (rate / (1 - rate)))
    np.testing.assert_allclose(odds[0], odds[1])


def test_probabilities_are_complete(options):
    result = repair("acguNACGGRYAAC", options)
    np.testing.assert_allclose(result.base_probs.sum(axis=1), 1.0)
    bases = base_ids("ACGUNACGGNNAAC")
    for i, base in enumerate(bases):
        if base == 4:
            assert np.isnan(result.substitution_probs[i])
        else:
            assert result.substitution_probs[i] == pytest.approx(1 - result.base_probs[i, base])


def test_ambiguity_codes_are_filled_with_what_they_stand_for(options):
    codes = {"R": "AG", "Y": "CU", "S": "CG", "W": "AU", "K": "GU", "M": "AC", "B": "CGU", "V": "ACG"}
    for code, bases in codes.items():
        result = repair(text(20) + code + text(20), options)
        (change,) = [change for change in result.repairs if change.position == 21]
        assert change.base in bases
        possible = ["ACGU".index(base) for base in bases]
        assert result.base_probs[20, possible].sum() == pytest.approx(1.0)


# Proposals


def test_what_is_proposed_is_what_reaches_the_threshold(options):
    sequence = text(60)
    probs = repair(sequence, dataclasses.replace(options, rate=0.3)).base_probs
    others = np.where(np.eye(4)[base_ids(sequence)] == 1, 0, probs)
    threshold = float(np.sort(others.max(axis=1))[30])
    result = repair(sequence, dataclasses.replace(options, rate=0.3, threshold=threshold))
    expected = [i + 1 for i in range(60) if others[i].max() >= threshold]
    assert len(expected) == 30
    assert [change.position for change in result.repairs] == expected
    letters = list(sequence)
    for change in result.repairs:
        assert change.seen == letters[change.position - 1]
        assert change.probability == others[change.position - 1].max()
        letters[change.position - 1] = change.base
    assert result.repaired == "".join(letters)


def test_case_and_the_letter_t_stay(options):
    eager = dataclasses.replace(options, rate=0.7, threshold=0.01)
    result = repair("aacgtnACGTN", eager)
    assert len(result.repairs) == 11
    assert result.repaired[:6].islower()
    assert result.repaired[6:].isupper()
    assert "U" not in result.repaired.upper()
    assert "T" not in repair("ACGUACGUN", eager).repaired


def test_n_stays_where_it_is_to_stay(options):
    result = repair("ACGUNACGR", dataclasses.replace(options, fill=False))
    assert (result.repaired, result.repairs) == ("ACGUNACGR", ())
    assert result.qualities[4] == chr(33 + 1)  # -10 log10 of 3/4


def test_qualities_are_the_probabilities_of_the_letters_written(options):
    result = repair(text(30) + "N", dataclasses.replace(options, rate=0.3, threshold=0.2))
    for letter, probs, symbol in zip(result.repaired, result.base_probs, result.qualities, strict=True):
        error = 1 - probs["ACGU".index(letter)]
        assert ord(symbol) - 33 == min(round(-10 * np.log10(max(error, 1e-10))), 93)


@pytest.mark.parametrize("symbol", ["\ufffd", " ", "\x7f"])
def test_fastq_qualities_are_rates(options, symbol):
    sequence = text(30)
    with_qualities = Record(name="r", sequence=sequence, qualities="5" * 30)  # Phred 20
    found = repair(with_qualities, dataclasses.replace(options, use_qualities=True))
    expected = repair(sequence, dataclasses.replace(options, rate=0.01))
    np.testing.assert_allclose(found.base_probs, expected.base_probs)
    with pytest.raises(SequenceError, match="no qualities"):
        repair(sequence, dataclasses.replace(options, use_qualities=True))
    short = dataclasses.replace(with_qualities, qualities="55")
    with pytest.raises(SequenceError, match="2 qualities for 30 nucleotides"):
        repair(short, dataclasses.replace(options, use_qualities=True))
    odd = dataclasses.replace(with_qualities, qualities=symbol * 30)
    with pytest.raises(SequenceError, match="qualities with characters outside of ! to ~"):
        repair(odd, dataclasses.replace(options, use_qualities=True))


def test_the_restored_helix_is_named(model, monkeypatch):
    """With a stand-in for the folding model: what it says before and after is given."""
    from mprna.predict import repair as module

    structures = iter(["((.......))", "((((...))))"])

    class Folder:
        def __init__(self, options) -> None:
            pass

        def __call__(self, record: Record) -> Record:
            return dataclasses.replace(record, dot_bracket=next(structures))

    monkeypatch.setattr(module, "Folder", Folder)
    result = repair("GGNCAAAGGNC", RepairOptions(model=model, threshold=1.0))
    assert (result.dot_bracket, result.repaired_dot_bracket) == ("((.......))", "((((...))))")
    assert [(change.position, change.helix) for change in result.repairs] == [
        (3, "1-4:8-11"),
        (10, None),
    ]


def test_repairs_stay_where_nothing_can_be_folded(model, monkeypatch):
    def refuse(*_):
        raise FoldingError("no structure")

    monkeypatch.setattr("mprna.predict.folder.Folder.fold", refuse)
    found = repair("GGGGNAAACCCC", RepairOptions(model=model))
    assert (found.repairs[0].position, found.dot_bracket, found.error) == (5, None, None)


def test_rnas_above_the_fold_length_are_not_folded(model):
    result = repair("GGGGNAAACCCC", RepairOptions(model=model, fold_length=11))
    assert (result.dot_bracket, result.repairs[0].helix) == (None, None)


# Records

TEXTS = ["GGGGAAAACCCC", "", "NNNN", "A!G", "MKVLAAGIV", "acgtn", text(130), "A"]
REASONS = [
    None,
    "empty sequence",
    "no known base, only ambiguity codes",
    "symbol '!' at position 2 is no nucleotide code",
    "letter 'L' at position 4 is no nucleotide code (is this a protein?)",
    None,
    None,
    None,
]


def test_bad_records_have_a_reason_and_keep_their_place(options):
    found = list(repair_records(records(*TEXTS), options))
    assert [result.error for result in found] == REASONS
    assert [result.sequence for result in found] == TEXTS
    long = dataclasses.replace(options, max_length=12)
    assert list(repair_records(records(*TEXTS), long))[6].error == "130 nt; up to 12 (--max-length)"


def same(one: RepairResult, other: RepairResult) -> bool:
    plain = ("name", "repaired", "repairs", "error", "qualities")
    return all(getattr(one, name) == getattr(other, name) for name in plain) and (
        one.base_probs is None or np.array_equal(one.base_probs, other.base_probs)
    )


def test_results_are_the_same_bits_whatever_the_order_the_neighbours_and_the_processes(options):
    texts = [*TEXTS, *(text(length) for length in range(20, 200, 13))]
    together = list(repair_records(records(*texts), options))
    backward = list(repair_records(records(*texts)[::-1], options, jobs=2))[::-1]
    alone = [next(repair_records([record], options)) for record in records(*texts)]
    assert all(same(one, other) for one, other in zip(together, backward, strict=True))
    assert all(same(one, other) for one, other in zip(together, alone, strict=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rate": 0.0}, "rate 0.0; expected more than 0"),
        ({"rate": 0.75}, "rate 0.75; expected more than 0 and less than 0.75"),
        ({"rate": float("nan")}, "rate nan"),
        ({"threshold": 0.0}, "threshold 0.0"),
        ({"threshold": 1.1}, "threshold 1.1"),
        ({"fold_length": -1}, "fold_length -1"),
        ({"max_length": 0}, "max_length 0"),
        ({"rate": 0.1, "use_qualities": True}, "choose one"),
    ],
)
def test_options_that_make_no_sense_are_told(arguments, message):
    with pytest.raises(UsageError, match=message):
        RepairOptions(**arguments)


# Calibrations


def test_a_calibration_is_read_as_it_was_written(model):
    assert load_calibration(model) == CALIBRATION


@pytest.mark.torch
def test_a_model_without_a_calibration_is_told(nano_model):
    with pytest.raises(ModelError, match=r"not calibrated for repair; fit repair.json with runs/repair.py"):
        repair("ACGU", RepairOptions(model=nano_model))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "not a repair calibration of this version"),
        ({"seen": {"masked_lm": 1.0}}, "not a repair calibration"),
        ({"unknown": {name: None for name in FEATURES}}, "not a repair calibration"),
        ({"unknown": dict.fromkeys(FEATURES, float("nan"))}, "not a repair calibration"),
        ({"weights_sha256": "0"}, "fitted to other weights than model.safetensors; fit it again"),
    ],
)
def test_a_calibration_that_does_not_fit_is_told(model, tmp_path, change, message):
    directory = tmp_path / "model"
    shutil.copytree(model, directory)
    path = directory / "repair.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelError, match=message):
        load_calibration(directory)
    path.write_text("{")
    with pytest.raises(ModelError, match="not JSON"):
        load_calibration(directory)


def test_a_coefficient_may_be_a_large_whole_number(model, tmp_path):
    directory = shutil.copytree(model, tmp_path / "model")
    path = directory / "repair.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"seen": dict.fromkeys(FEATURES, 10**30)}))
    assert load_calibration(directory).seen == (10**30,) * len(FEATURES)


def test_the_shipped_model_is_calibrated():
    result = repair("GGGGAAAACCCCN")
    assert result.repaired.startswith("GGGGAAAACCCC")
    assert 0 < result.substitution_probs[0] < 0.1


# Files


def test_tables_say_the_same(options, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    found = list(repair_records(records("GGGNAACC", "A!G"), options))
    for name in ("tsv", "jsonl", "parquet"):
        write_repairs(found, str(tmp_path / name), format_name=name)
    rows = [json.loads(line) for line in (tmp_path / "jsonl").read_text().splitlines()]
    assert [row["position"] for row in rows] == [*range(1, 9), None]
    assert rows[3]["p_substitution"] is None
    assert rows[3]["repaired"] == found[0].repairs[0].base
    assert rows[0]["p_G"] == pytest.approx(found[0].base_probs[0, 2], rel=1e-3)
    assert rows[-1]["error"].startswith("symbol '!'")
    assert parquet.read_table(tmp_path / "parquet").to_pylist() == rows
    lines = [line.split("\t") for line in (tmp_path / "tsv").read_text().splitlines()]
    assert lines[0] == list(COLUMNS)
    assert [line[1] for line in lines[1:]] == [*map(str, range(1, 9)), ""]


def test_tables_of_changes_keep_every_record(options, tmp_path):
    found = list(repair_records(records("GGNGAACC", "GGGGAACC", "A!G"), options))
    write_repairs(found, str(tmp_path / "t"), format_name="jsonl", changes_only=True)
    rows = [json.loads(line) for line in (tmp_path / "t").read_text().splitlines()]
    assert [(row["name"], row["position"]) for row in rows] == [
        ("rna_0", 3),
        ("rna_1", None),
        ("rna_2", None),
    ]
    assert [row["error"] is None for row in rows] == [True, True, False]
    with pytest.raises(UsageError, match="changes_only is for tables"):
        write_repairs(found, None, format_name="fasta", changes_only=True)
    with pytest.raises(UsageError, match="format 'csv'; expected one of fasta, fastq"):
        write_repairs(found, None, format_name="csv")


@pytest.mark.parametrize(("given", "kept"), [("IIII", "IIII"), ("II I", "!!!!"), (None, "!!!!")])
def test_a_record_that_comes_back_as_it_is_keeps_its_qualities(options, given, kept):
    (found,) = repair_records([Record(name="d", sequence="ACGE", qualities=given)], options)
    assert record_of(found).sequence == "ACGE"
    assert record_of(found).qualities == kept


@pytest.mark.parametrize("name", ["fasta", "fastq"])
def test_sequences_are_read_back_with_all_records(options, tmp_path, name):
    given = [Record(name="a", description="of me", sequence="ggnga"), *records("GGGA", "A!G")]
    found = list(repair_records(given, options))
    write_repairs(found, str(tmp_path / f"out.{name}"), format_name=name)
    back = list(read_records(str(tmp_path / f"out.{name}")))
    assert [record.sequence for record in back] == [found[0].repaired, "GGGA", "A!G"]
    assert back[0].description == f"of me repairs={found[0].repairs[0]}"
    assert back[2].description.startswith("error=symbol '!'")
    if name == "fastq":
        assert [record.qualities for record in back] == [result.qualities for result in found]
        assert back[2].qualities == "!!!"


def test_a_change_is_written_as_position_and_letters():
    assert str(Repair(12, "A", "G", 0.9)) == "12A>G"
