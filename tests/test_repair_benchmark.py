"""The scripts that fit the repair of substitutions and measure it."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from mprna.agreement import auc

from .conftest import ROOT, module_of


@pytest.fixture(scope="module")
def repair_run() -> ModuleType:
    return module_of("runs/repair.py")


@pytest.fixture(scope="module")
def repair_benchmark(repair_run: ModuleType) -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        patch.setitem(sys.modules, "repair", repair_run)  # as the script finds it
        yield module_of("benchmarks/repair.py")


def test_the_repair_fit_finds_the_coefficients_that_made_the_data(repair_run: ModuleType) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40_000, 4, 3))
    rates, seen = rng.uniform(0.05, 0.5, 40_000), rng.integers(0, 4, 40_000)
    features[np.arange(40_000), seen, 1:] = 0
    data = repair_run.Observed(features, seen, seen, rates, seen, np.zeros((40_000, 4)))
    true = np.array([1.2, 0.5, -0.3])
    score = repair_run.log_prior(data) + features @ true
    original = (score + rng.gumbel(size=score.shape)).argmax(1)  # a draw from the softmax
    weights, loss = repair_run.fit(data._replace(original=original), repair_run.FEATURES)
    np.testing.assert_allclose(list(weights.values()), true, atol=0.05)
    assert loss < repair_run.fit(data._replace(original=original), repair_run.FEATURES[:1])[1]


def test_simulated_substitutions_have_their_rate_and_never_the_same_base(repair_run: ModuleType) -> None:
    original = "ACGU" * 5_000
    corrupted = repair_run.substitute(original, 0.05, np.random.default_rng(0), n_share=0.02)
    assert corrupted.count("N") / len(original) == pytest.approx(0.02, abs=0.005)
    changed = [(a, b) for a, b in zip(original, corrupted, strict=True) if a != b != "N"]
    assert len(changed) / len(original) == pytest.approx(0.05 * 0.98, abs=0.005)
    assert len(set(changed)) == 12


def test_windows_of_transcripts_come_in_proportion_to_their_length(repair_run: ModuleType) -> None:
    draws = repair_run.windows(["A" * 900, "C" * 100], 50, np.random.default_rng(0))
    drawn = [window for _, (_, _, window) in zip(range(2_000), draws, strict=False)]
    assert {len(window) for window in drawn} == {50}
    assert sum(window[0] == "A" for window in drawn) / 2_000 == pytest.approx(0.9, abs=0.03)


def test_repair_is_scored_as_elsewhere(repair_benchmark: ModuleType) -> None:
    rng = np.random.default_rng(0)
    scores, positive = rng.integers(0, 20, 300) / 20, rng.random(300) < 0.3
    area, _ = repair_benchmark.weighted_auc(scores, positive)(np.ones(300))
    assert area == pytest.approx(auc(scores, positive))
    # In order of score: hit, miss, hit. Precision 1 at the first, 2/3 at the second.
    values = repair_benchmark.weighted_auc(np.array([0.9, 0.5, 0.1]), np.array([True, False, True]))
    assert values(np.ones(3)) == pytest.approx((0.5, (1 + 2 / 3) / 2))
    truth, guess = np.array([0, 1, 2, 3, 0]), np.array([0, 1, 2, 0, 0])
    found = repair_benchmark.confusion_scores(truth, guess)(np.ones(5))
    assert found == pytest.approx(((4 / 5 + 1 + 1 + 0) / 4, 4 / 5))


def test_nucleotides_are_told_apart_for_repair(repair_benchmark: ModuleType) -> None:
    frame = "GG" + "AUG" + "GCU" * 120 + "UAA" + "GG"
    places = sys.modules[repair_benchmark.held_out_places.__module__]
    assert places.codon_positions(frame).tolist() == [0, 0, *[1, 2, 3] * 121, 0, 0, 0, 0, 0]
    assert not places.codon_positions("AUG" + "GCU" * 90 + "UAA").any()  # too short
    repeated = places.is_repeated("CCACGUAACGUUUGACGUCACGUGA")
    assert np.flatnonzero(repeated).tolist() == [6, 18]


def test_rows_of_pretraining_are_found(repair_benchmark: ModuleType, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    seen, held_out = ("".join(rng.choice(list("ACGU"), 300)) for _ in range(2))
    (tmp_path / "transcripts").mkdir()
    with gzip.open(tmp_path / "transcripts" / "codan.x.fa.gz", "wt") as stream:
        stream.write(f">a|Oryza_sativa|cds\n{seen}\n>b|Amborella_trichopoda|cds\n{held_out}\n")
    other = "C" if seen[31] == "A" else "A"
    rows = [seen[50:200], held_out[50:200], seen[:32] + held_out[:60], seen[:31] + other + held_out[:60]]
    assert repair_benchmark.seen_in_pretraining(rows, tmp_path).tolist() == [True, False, True, False]


def test_the_repair_scripts_run(tmp_path: Path, nano_model: Path) -> None:
    """Fit and benchmark on data and a model that are made up: the tables are there, whatever they say."""
    rng = np.random.default_rng(0)
    for folder in ("transcripts", "rgb/RNA-SNMD"):
        (tmp_path / folder).mkdir(parents=True)
    with gzip.open(tmp_path / "transcripts" / "rnaplonc.x.fa.gz", "wt") as stream:
        for number in range(8):
            species = ("Amborella_trichopoda", "Oryza_sativa")[number % 2]
            stream.write(f">t{number}|{species}|mrna\n{''.join(rng.choice(list('ACGT'), 500))}\n")
    with gzip.open(tmp_path / "rgb/RNA-SNMD/valid.jsonl.gz", "wt") as stream:
        for _ in range(6):
            original = "".join(rng.choice(list("ACGT"), 200))
            mutated = original[:50].translate(str.maketrans("ACGT", "CGTA")) + original[50:]
            stream.write(json.dumps({"seq": original, "mut": mutated}) + "\n")
    model = tmp_path / "model"
    shutil.copytree(nano_model, model)
    data = ["--data-dir", str(tmp_path)]
    fit = [sys.executable, str(ROOT / "runs/repair.py"), str(model), *data, "--windows", "12"]
    fitted = subprocess.run(fit, capture_output=True, text=True, check=True).stdout
    assert fitted.startswith("seen: ")
    assert json.loads((model / "manifest.json").read_text())["files"]["repair.json"]
    genes = ["".join(rng.choice(list("ACGT"), 300)) for _ in range(3)]
    with gzip.open(tmp_path / "transcripts" / "codan.y.fa.gz", "wt") as stream:
        for number, gene in enumerate(genes * 2):  # each twice, one with other letters here and there
            stream.write(
                f">g{number}|Oryza_sativa|cds\n{gene if number < 3 else gene.replace('ACG', 'ATG')}\n"
            )
    trust = [sys.executable, str(ROOT / "runs/relatives.py"), str(model), *data, "--windows", "16"]
    believed = subprocess.run(trust, capture_output=True, text=True, check=True).stdout
    with_relatives, fitted_loss, loss_without = (
        re.search(pattern, believed)
        for pattern in (
            r"^([1-9]\d*) of 16 windows",
            r"TRUST .* ([\d.]+) nats",
            r"without relatives ([\d.]+)",
        )
    )
    assert with_relatives
    assert float(fitted_loss[1]) <= float(loss_without[1])
    table = [sys.executable, str(ROOT / "benchmarks/repair.py"), *data, "--model", str(model)]
    options = ["--split", "valid", "--windows", "3", "--relatives", "--figure", str(tmp_path / "figure.svg")]
    printed = subprocess.run([*table, *options], capture_output=True, text=True, check=True).stdout
    assert "The 6 rows without a 32-mer of pretraining" in printed
    assert printed.count("| mprna repair | ") == 7
    assert printed.count("| mprna repair --relatives | ") == 7
    assert printed.count("| unpaired | ") == 1
    assert (tmp_path / "figure.svg").read_text().count("<circle") == 24
