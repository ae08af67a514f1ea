"""Degradation: any length, windows, order, bad records, tables and the command."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from mprna.cli.main import main
from mprna.errors import ModelError, UsageError
from mprna.folding.prior import prior_pair_probs
from mprna.io.records import Record
from mprna.model.degradation import DegradationConfig, DegradationEnsemble
from mprna.model.degradation_checkpoint import load_degradation
from mprna.predict.degrade import degrade, degrade_records, ranked
from mprna.predict.degrade_output import NUCLEOTIDE_COLUMNS, write_degradation
from mprna.rna.bases import base_ids
from mprna.runtime.degradation_engine import TARGETS
from mprna.runtime.export import export_degradation
from mprna.runtime.load import load, load_degradation_engine
from mprna.runtime.store import write_manifest
from mprna.runtime.windows import split_windows

SMALL = DegradationConfig(num_members=2, hidden_width=8, dilations=(1, 2), score_scale=2.0)
TEXTS = ["GGGGAAAACCCC", "A", "", "ACGUN", "A!G", "GGGAAAUCCC"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(0)
    directory = tmp_path_factory.mktemp("degradation")
    export_degradation(DegradationEnsemble(SMALL), directory)
    return directory


def text(length: int) -> str:
    return "".join(np.random.default_rng(0).choice(list("ACGU"), size=length))


def records(*texts: str) -> list[Record]:
    return [Record(name=f"rna_{number}", sequence=letters) for number, letters in enumerate(texts)]


@pytest.mark.parametrize("letters", ["A", "ACGUN", "GGGGAAAACCCC", text(101)])
def test_onnx_agrees_with_torch(model, letters):
    probs = prior_pair_probs(letters)
    found = load_degradation_engine(model).predict_degradation(letters, probs)
    with torch.no_grad():
        expected = load_degradation(model)(
            torch.from_numpy(base_ids(letters))[None], torch.from_numpy(probs)[None]
        )
    for array, tensor in zip(found, expected, strict=True):
        assert array.shape == (len(letters), len(TARGETS))
        np.testing.assert_allclose(array, tensor[0].numpy(), atol=1e-5)


def test_probabilities_of_another_shape_are_told(model):
    with pytest.raises(ValueError, match=r"shape \(3, 3\), expected \(4, 4\)"):
        load_degradation_engine(model).predict_degradation("ACGU", np.zeros((3, 3), dtype=np.float32))


def test_a_long_rna_is_read_in_windows(model):
    result = degrade(text(4_000), model=model, window=200)
    assert result.mean.shape == result.sd.shape == (4_000, 5)
    assert np.isfinite(result.mean).all()
    assert (result.sd > 0).all()


def test_a_window_is_what_its_piece_gives(model):
    letters = text(100)
    found = degrade(letters, model=model, window=60)
    piece = degrade(letters[:60], model=model)
    assert next(split_windows(100, 60)) == (0, 60, 0, 45)
    np.testing.assert_array_equal(found.mean[:45], piece.mean[:45])


@pytest.mark.parametrize(("length", "window"), [(1, 2), (2, 2), (7, 3), (4_000, 2_048), (100, 99)])
def test_windows_keep_every_nucleotide_once(length, window):
    pieces = list(split_windows(length, window))
    assert [i for piece in pieces for i in range(piece.keep_start, piece.keep_end)] == list(range(length))
    assert all(0 <= p.start <= p.keep_start < p.keep_end <= p.end <= length for p in pieces)
    assert all(piece.end - piece.start <= window for piece in pieces)


def test_the_score_is_a_sum_and_so_is_its_error(model):
    result = degrade("ggggaaaacccc", model=model)
    assert result.score == pytest.approx(float(result.mean[:, 3].sum()), rel=1e-5)
    assert result.score_sd == pytest.approx(2 * np.sqrt((result.sd[:, 3] ** 2).sum()), rel=1e-5)


def test_results_do_not_depend_on_order_or_jobs(model):
    forward = list(degrade_records(records(*TEXTS), model=model))
    backward = list(degrade_records(records(*TEXTS)[::-1], model=model, jobs=2))[::-1]
    for one, other in zip(forward, backward, strict=True):
        assert (one.name, one.score, one.error) == (other.name, other.score, other.error) or one.error
        assert one.mean is None or np.array_equal(one.mean, other.mean)


def test_bad_records_have_a_reason_and_rank_last(model):
    found = list(degrade_records(records(*TEXTS), model=model, max_length=11))
    assert [result.error for result in found] == [
        "12 nt; up to 11 (--max-length)",
        None,
        "empty sequence",
        None,
        "symbol '!' at position 2 is no nucleotide code",
        None,
    ]
    order = ranked(found)
    assert [result.score is None for result in order] == [False] * 3 + [True] * 3
    assert [r.score for r in order[:3]] == sorted(r.score for r in order[:3])


def test_an_rna_of_which_nothing_is_known_has_no_score(model):
    (result,) = degrade_records(records("NNNNNN"), model=model)
    assert (result.score, result.error) == (None, "no known base, only ambiguity codes")


def test_a_record_keeps_its_name(model):
    assert degrade(Record(name="a", sequence="GGGAAACCC"), model=model).name == "a"


def test_wrong_numbers_and_models_are_told(model, nano_model):
    with pytest.raises(UsageError, match="window 1; expected at least 2 nt"):
        degrade("ACGU", model=model, window=1)
    with pytest.raises(UsageError, match="max_length 0"):
        degrade_records([], model=model, max_length=0)
    with pytest.raises(ModelError, match="not a degradation model"):
        load_degradation_engine(nano_model)
    with pytest.raises(ModelError, match="works in `mprna degrade`"):
        load(model)


def test_tables_say_the_same(model, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    found = list(degrade_records(records("GGGGAAAACCCC", "A!G"), model=model))
    for name in ("tsv", "jsonl", "parquet"):
        write_degradation(found, str(tmp_path / name), format_name=name)
    rows = [json.loads(line) for line in (tmp_path / "jsonl").read_text().splitlines()]
    assert len(rows) == 13
    assert rows[3]["position"] == 4
    assert rows[3]["deg_Mg_50C_sd"] == pytest.approx(found[0].sd[3, 3], abs=1e-4)
    assert rows[-1]["error"].startswith("symbol '!'")
    assert parquet.read_table(tmp_path / "parquet").to_pylist() == rows
    lines = [line.split("\t") for line in (tmp_path / "tsv").read_text().splitlines()]
    assert lines[0] == list(NUCLEOTIDE_COLUMNS)
    assert [line[1] for line in lines[1:]] == [str(i) for i in range(1, 13)] + [""]


@pytest.mark.filterwarnings("default::mprna.errors.MprnaWarning")
def test_the_command_ranks_and_draws(model, tmp_path, capsys):
    (tmp_path / "rnas.fa").write_text(">long\nGGGGAAAACCCCAAAAAAAA\n>short\nACGU\n>bad\nA!\n")
    figure = tmp_path / "tracks.svg"
    arguments = [
        "degrade",
        str(tmp_path / "rnas.fa"),
        "--model",
        str(model),
        "--rank",
        "--figure",
        str(figure),
    ]
    assert main(arguments) == 1
    captured = capsys.readouterr()
    rows = [line.split("\t") for line in captured.out.splitlines()]
    assert [row[0] for row in rows] == ["rank", "1", "2", ""]
    assert float(rows[1][3]) <= float(rows[2][3])
    assert rows[3][1] == "bad"
    assert "1 of 3 records have no predictions" in captured.err
    assert "RNAs of different lengths" in captured.err
    drawing = figure.read_text()
    assert drawing.count("<polyline") == 2
    assert "long" in drawing


def test_calibrations_of_other_targets_are_told():
    with pytest.raises(ModelError, match=r"config\.json: 2 sd_scale for 5 targets"):
        DegradationConfig.from_dict({"dilations": [1], "sd_scale": [1.0, 1.0]})


@pytest.mark.parametrize("scale", ["pair", [1.0], -1.0, None])
def test_a_scale_that_is_none_is_told(model, tmp_path, scale):
    directory = shutil.copytree(model, tmp_path / "model")
    config = json.loads((directory / "config.json").read_text())
    config["model"]["score_scale"] = scale
    (directory / "config.json").write_text(json.dumps(config))
    write_manifest(directory)
    with pytest.raises(ModelError, match=r"score_scale .*; expected a positive number"):
        load_degradation_engine(directory)
