"""Calibration on made-up truths: the second energy model's structures, so that agreement is the answer."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mprna.cli.corpus_calibrate import threshold_table
from mprna.cli.main import main
from mprna.corpus.calibrate import (
    CalibrationOptions,
    KnownRna,
    Observation,
    calibrate,
    cross_validate,
    fit,
    observe,
    read_known,
)
from mprna.corpus.calibration_report import report
from mprna.corpus.fidelity import Calibration, Folded
from mprna.errors import CorpusError, UsageError
from mprna.folding.vienna import EnergyModel, fold_mfe

OPTIONS = CalibrationOptions(max_rnas=130, num_shuffled=40)
Result = tuple[Calibration, list[Observation], list[Folded]]


def write(path: Path, rows: list[tuple[str, str]]) -> Path:
    lines = [
        json.dumps({"id": f"fam{i % 30}_{i}", "sequence": s, "structure": d}) for i, (s, d) in enumerate(rows)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """140 random RNAs, half of them with the second model's structure, half with Turner 1999's."""
    rng = random.Random(0)
    sequences = ["".join(rng.choices("ACGU", k=rng.randint(40, 70))) for _ in range(140)]
    rows = []
    for parameters, part in (("langdon2018", sequences[::2]), ("turner1999", sequences[1::2])):
        rows += [(s, fold_mfe(s, EnergyModel(parameters=parameters))[0]) for s in part]
    return write(tmp_path_factory.mktemp("truth") / "truth.jsonl", rows)


@pytest.fixture(scope="module")
def result(truth: Path) -> Result:
    return calibrate([truth], OPTIONS)


def test_a_folder_stands_for_its_files_of_structures(truth: Path, result: Result) -> None:
    calibration, _, _ = calibrate([truth.parent], OPTIONS)
    assert calibration == result[0]


def test_the_quantity_that_tells_gets_the_weight(result: Result) -> None:
    calibration, observations, _ = result
    assert calibration.f1_weights["agreement"] > 1.0
    assert calibration.paired_weights["same_in_second"] > 0.5
    assert calibration.provenance["num_rnas"] == len(observations) <= 130
    expected = [calibration.expected_f1(seen.folded) for seen in observations]
    assert np.mean(expected) == pytest.approx(np.mean([seen.f1 for seen in observations]), abs=1e-6)


def test_same_seed_same_calibration(truth: Path, result: Result) -> None:
    rnas = read_known([truth], OPTIONS)
    assert rnas == read_known([truth], OPTIONS)
    assert rnas != read_known([truth], replace(OPTIONS, seed=1))
    again = fit(result[1], OPTIONS, result[0].provenance)
    assert again == result[0]


def test_cross_validation_never_sees_the_family(result: Result) -> None:
    """The truth of a family that is turned upside down changes no prediction for it."""
    _, observations, _ = result
    family = observations[0].family
    turned = [
        replace(seen, f1=1.0 - seen.f1, right=~seen.right) if seen.family == family else seen
        for seen in observations
    ]
    before, after = (cross_validate(seen, OPTIONS) for seen in (observations, turned))
    own = [i for i, seen in enumerate(observations) if seen.family == family]
    assert after.expected_f1[own].tolist() == before.expected_f1[own].tolist()
    assert after.expected_f1.tolist() != before.expected_f1.tolist()


def test_one_family_alone_is_validated_by_sequence(result: Result) -> None:
    alone = [replace(seen, family="seq") for seen in result[1]]
    apart = [replace(seen, family=seen.folded.sequence) for seen in result[1]]
    expected = cross_validate(apart, OPTIONS).expected_f1
    assert cross_validate(alone, OPTIONS).expected_f1.tolist() == expected.tolist()


def test_report_and_figure(result: Result) -> None:
    calibration, observations, shuffled = result
    results = report(observations, cross_validate(observations, OPTIONS), calibration, shuffled)
    assert json.loads(json.dumps(results)) == results
    assert results["predictors"]["fit"]["spearman"][0] > 0.3
    f1 = np.array([seen.f1 for seen in observations])
    half = 1.96 * f1.std() / np.sqrt(len(f1))
    assert results["mean_f1"] == pytest.approx([f1.mean(), f1.mean() - half, f1.mean() + half], abs=half / 4)
    everything = results["thresholds"][0]
    assert everything["kept"] == [1.0, 1.0, 1.0]
    assert everything["observed_f1"] == results["mean_f1"]
    assert everything["shuffled_kept"] == 1.0
    kept = [row["kept"][0] for row in results["thresholds"]]
    assert kept == sorted(kept, reverse=True)
    num_nt = sum(len(seen.right) for seen in observations)
    states = results["states"]
    counted = [sum(row["n"] for row in states[f"{state}_raw"]["curve"]) for state in ("paired", "unpaired")]
    assert sum(counted) == num_nt
    for entry in states.values():
        for row in entry["curve"]:
            value, low, high = row["observed"]
            assert 0.0 <= low <= value + 1e-4
            assert value - 1e-4 <= high <= 1.0
    table = threshold_table(results).splitlines()
    assert table[0].split("\t") == ["min_fidelity", "kept", "expected_f1", "observed_f1", "shuffled_kept"]
    assert len(table) == 1 + len(results["thresholds"])


@pytest.mark.parametrize(("name", "start"), [("x.svg", b"<svg "), ("x.png", b"\x89PNG")])
def test_the_suffix_of_the_figure_decides(truth: Path, tmp_path: Path, name: str, start: bytes) -> None:
    files = ["--truth", str(truth), "--out", str(tmp_path / "calibration.json")]
    sizes = ["--max-rnas", "100", "--shuffled", "0"]
    assert main(["corpus", "calibrate", *files, *sizes, "--figure", str(tmp_path / name)]) == 0
    picture = (tmp_path / name).read_bytes()
    assert picture.startswith(start)
    assert picture.count(b"<polyline") == (5 if name == "x.svg" else 0)


def test_a_figure_that_cannot_be_is_told_before_the_work(truth: Path, tmp_path: Path) -> None:
    files = ["--truth", str(truth), "--out", str(tmp_path / "calibration.json")]
    assert main(["corpus", "calibrate", *files, "--figure", str(tmp_path / "x.pdf")]) == 2
    assert list(tmp_path.iterdir()) == []


def test_observation_counts_the_states_that_are_right() -> None:
    (seen,) = observe([KnownRna(sequence="GGGGAAAACCCC", dot_bracket="(((......)))", family="x")], OPTIONS)
    assert seen.folded.structure == "((((....))))"
    assert seen.f1 == pytest.approx(6 / 7)
    assert np.flatnonzero(~seen.right).tolist() == [3, 8]


def test_structures_without_pairs_and_strange_letters_are_left_out(truth: Path, tmp_path: Path) -> None:
    more = write(
        tmp_path / "more.jsonl", [("A" * 50, "." * 50), ("X" * 50, "." * 50), ("GGGAAACCC", "(((...)))")]
    )
    assert read_known([truth, more], OPTIONS) == read_known([truth], OPTIONS)


def test_bad_truths(truth: Path, tmp_path: Path) -> None:
    few = write(tmp_path / "few.jsonl", [("GGGGGAAAAAAAAAACCCCC", "(((((..........)))))")])
    with pytest.raises(CorpusError, match="1 distinct RNAs of 20 to 400 nt with known pairs; expected at"):
        calibrate([few], OPTIONS)
    bare = tmp_path / "bare.fa"
    bare.write_text(">a\nACGUACGUACGUACGUACGUACGU\n")
    with pytest.raises(CorpusError, match="0 distinct RNAs"):
        calibrate([bare], OPTIONS)
    with pytest.raises(CorpusError, match="no such file"):
        calibrate([tmp_path / "nowhere.jsonl"], OPTIONS)


def test_truths_that_are_all_alike_teach_nothing(result: Result) -> None:
    same = [replace(seen, f1=1.0) for seen in result[1]]
    with pytest.raises(CorpusError, match=r"nothing to fit in \d+ RNAs: all \d+ targets are 1"):
        fit(same, OPTIONS, {})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"second_parameters": "turner2004"}, "expected others than the first"),
        ({"second_parameters": "turner"}, "unknown energy parameters 'turner'"),
        ({"max_rnas": 99}, "99 RNAs: expected at least 100"),
        ({"min_length": 500}, "lengths 500 to 400"),
        ({"num_shuffled": -1}, "-1 shuffled"),
    ],
)
def test_contradictions_are_usage_errors(change: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        replace(OPTIONS, **change)
