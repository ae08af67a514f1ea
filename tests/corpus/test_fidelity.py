from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mprna.corpus.fidelity import (
    RNA_FEATURES,
    STATE_FEATURES,
    Calibration,
    Folded,
    fold_all,
    read_calibration,
    shipped_calibration,
)
from mprna.errors import CorpusError
from mprna.folding.vienna import EnergyModel

SHIPPED = shipped_calibration()
ZEROS = dict.fromkeys(("intercept", *STATE_FEATURES), 0.0)
FOLDED = Folded(
    sequence="GGGAAACCC",
    structure="((.....))",
    mfe=-1.8,
    ensemble_energy=-2.0,
    state_probs=np.array([0.75, 0.5, 0.5, 1.0, 1.0, 1.0, 0.5, 0.5, 0.75], np.float32),
    mfe_prob=0.5,
    second_structure="(.(...).)",
)


def only(**weights: float) -> Calibration:
    """A calibration of the pair F1 with few weights that are not 0."""
    return replace(SHIPPED, f1_weights=dict.fromkeys(("intercept", *RNA_FEATURES), 0.0) | weights)


def test_quantities_by_hand() -> None:
    assert FOLDED.agreement == pytest.approx(0.5)
    assert FOLDED.fidelity == pytest.approx(6.5 / 9)
    assert FOLDED.mean_pair_prob == pytest.approx(0.625)
    named = dict(zip(RNA_FEATURES, FOLDED.rna_features(), strict=True))
    assert named == pytest.approx(
        {
            "agreement": 0.5,
            "fidelity": 6.5 / 9,
            "mean_pair_prob": 0.625,
            "log_mfe_prob_per_nt": np.log(0.5) / 9,
            "mfe_per_nt": -0.2,
            "log_length": np.log(9),
            "gc": 6 / 9,
            "paired_share": 4 / 9,
        }
    )
    same = FOLDED.state_features(0.5)[:, STATE_FEATURES.index("same_in_second")]
    assert same.tolist() == [1, 0, 0, 1, 1, 1, 0, 0, 1]


def test_expected_f1_is_the_logistic_function_of_the_weighted_sum() -> None:
    calibration = only(intercept=0.5, agreement=2.0, gc=-3.0)
    assert calibration.expected_f1(FOLDED) == pytest.approx(1 / (1 + np.exp(-(0.5 + 1.0 - 2.0))))


def test_long_sequences_count_as_long_as_the_longest_known() -> None:
    short, long = (replace(only(log_length=1.0), max_length=n).expected_f1(FOLDED) for n in (5, 5000))
    assert short == pytest.approx(5 / 6)
    assert long == pytest.approx(9 / 10)


def test_states_are_judged_by_their_kind() -> None:
    calibration = replace(SHIPPED, paired_weights=ZEROS, unpaired_weights=ZEROS | {"same_in_second": 100.0})
    probs = calibration.state_probs(FOLDED, 0.5)
    assert probs == pytest.approx([0.5, 0.5, 0.5, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5])


def test_identity_weights_leave_probabilities_as_they_are() -> None:
    same = ZEROS | {"logit_prob": 1.0}
    calibration = replace(SHIPPED, paired_weights=same, unpaired_weights=same)
    assert calibration.state_probs(FOLDED, 0.5) == pytest.approx(FOLDED.state_probs, abs=1e-3)


def test_shipped_calibration_says_what_it_was_made_from() -> None:
    assert SHIPPED.fits(EnergyModel())
    assert SHIPPED.fits(EnergyModel(max_span=100))
    assert not SHIPPED.fits(EnergyModel(parameters="langdon2018"))
    assert not SHIPPED.fits(EnergyModel(temperature=25.0))
    assert SHIPPED.provenance["num_rnas"] >= 2000
    assert SHIPPED.provenance["ViennaRNA"]
    assert all(len(digest) == 64 for digest in SHIPPED.provenance["files"].values())
    assert not any("test" in name or "/" in name for name in SHIPPED.provenance["files"])


def test_more_agreement_is_expected_to_be_better() -> None:
    twin = replace(FOLDED, second_structure=FOLDED.structure)
    assert SHIPPED.expected_f1(twin) > SHIPPED.expected_f1(FOLDED)


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(SHIPPED.to_json() | {"report": {}}))
    assert read_calibration(path) == SHIPPED


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"c\.json: no calibration"),
        ("[]", r"c\.json: no calibration"),
        ("[" * 100_000, r"c\.json: no calibration"),
        ("\udc8b", r"c\.json: no calibration"),  # no UTF-8
        (
            '{"schema": {"name": "fidelity", "version": 9}}',
            "not a calibration of schema 'fidelity' version 1",
        ),
        ('{"schema": {"name": "fidelity", "version": 1}}', "no calibration"),
        (
            json.dumps(SHIPPED.to_json() | {"f1_weights": {"gc": 1.0}}),
            "expected numbers for intercept, agree",
        ),
        (json.dumps(SHIPPED.to_json() | {"paired_weights": ZEROS | {"intercept": None}}), "calibration"),
    ],
)
def test_files_that_are_no_calibrations(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(CorpusError, match=message):
        read_calibration(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="No such file or directory; write one with"):
        read_calibration(tmp_path / "c.json")


def test_failed_folds_are_none_in_their_place() -> None:
    first, second, third = fold_all(["GGGGAAAACCCC", "", "AAAA"], EnergyModel(), "langdon2018")
    assert second is None
    assert first is not None
    assert third is not None
    assert (first.structure, third.mean_pair_prob) == ("((((....))))", None)
