"""Reliability curves and their error, by hand; the whole report is in test_calibrate."""

from __future__ import annotations

import numpy as np
import pytest

from mprna.corpus.calibration_report import calibration_error, reliability_curve


def test_a_curve_by_hand() -> None:
    predicted, observed = np.array([0.1, 0.3, 0.5, 1.0]), np.array([0.0, 1.0, 1.0, 1.0])
    low, high = reliability_curve(predicted, observed, (0.0, 0.5, 1.0), np.array([0, 0, 1, 1]), seed=0)
    assert (low["predicted"], low["n"]) == (0.2, 2)
    assert low["observed"] == [0.5, 0.5, 0.5]  # the only RNA in this bin is drawn as a whole, or not
    assert (high["predicted"], high["observed"][0], high["n"]) == (0.75, 1.0, 2)
    assert calibration_error([low, high]) == pytest.approx((2 * 0.3 + 2 * 0.25) / 4)


def test_what_lies_outside_of_the_edges_is_in_the_bin_beside() -> None:
    predicted = np.array([0.1, 0.95])
    (one,) = reliability_curve(predicted[:1], np.ones(1), (0.2, 0.5, 0.9), np.zeros(1, int), seed=0)
    both = reliability_curve(predicted, np.ones(2), (0.2, 0.5, 0.9), np.zeros(2, int), seed=0)
    assert (one["predicted"], [row["n"] for row in both]) == (0.1, [1, 1])


def test_many_nucleotides_of_few_rnas_do_not_make_an_interval_narrow() -> None:
    """Ten RNAs, of which five are right everywhere: 0.5 with a standard error of 0.5 / sqrt(10)."""
    rna = np.repeat(np.arange(10), 200)
    (row,) = reliability_curve(np.full(2000, 0.5), (rna % 2).astype(float), (0.0, 1.0), rna, seed=0)
    half = 1.96 * 0.5 / np.sqrt(10)
    assert row["observed"] == pytest.approx([0.5, 0.5 - half, 0.5 + half], abs=0.06)
