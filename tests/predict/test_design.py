"""Targets in, certified designs out, whatever the number of processes."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import pytest

from mprna.design.certificate import Certificate, certify
from mprna.design.constraints import Constraints
from mprna.errors import DesignError, FoldingError, StructureError, UsageError
from mprna.folding.vienna import fold_mfe
from mprna.predict.design import DesignOptions, Target, design, design_targets, nested_target

HAIRPIN = "((((....))))"
FORK = "((((.((((....))))..((((....)))).))))"


def test_solutions_fold_and_differ():
    found = design(FORK, DesignOptions(num_solutions=4, min_distance=0.3))
    sequences = [one.sequence or "" for one in found]
    assert [fold_mfe(sequence)[0] for sequence in sequences] == [FORK] * 4
    assert [one.solution for one in found] == [1, 2, 3, 4]
    distances = [
        sum(a != b for a, b in zip(x, y, strict=True)) for n, x in enumerate(sequences) for y in sequences[:n]
    ]
    assert min(distances) >= 0.3 * len(FORK)


def test_solutions_differ_from_given_sequences_of_their_length():
    (first,) = design(FORK, DesignOptions(seed=3))
    (other,) = design(FORK, DesignOptions(seed=3, min_distance=0.5, unlike=(first.sequence, "ACGU")))
    assert other.error is None
    assert sum(a != b for a, b in zip(first.sequence, other.sequence, strict=True)) >= 0.5 * len(FORK)


def test_solutions_that_cannot_differ_say_so():
    pattern = "GCGC" + "GNNA" + "GCGC"
    constraints = Constraints(pattern=pattern, forbidden=("GCNA", "GANA", "GUNA", "GGCA", "GGUA", "GGGA"))
    options = DesignOptions(constraints=constraints, num_solutions=2, max_folds=3, min_distance=0.1)
    first, second = design(HAIRPIN, options)
    assert (first.sequence, first.error) == ("GCGCGGAAGCGC", None)
    assert second.error == "no solution within 60 s or 3 folds that differs enough from the others"


def test_the_gap_in_the_reason_is_that_of_the_certificate():
    (row,) = design("(.(.(...).).)", DesignOptions(max_folds=20))
    assert row.certificate is not None
    assert f"has a gap of {row.certificate.gap:.2f} kcal/mol" in (row.error or "")


def test_a_solution_that_is_not_new_is_kept_though_later_tries_fail():
    options = DesignOptions(num_solutions=2, min_distance=1.0, max_folds=30)
    first, second = design(HAIRPIN, options)
    assert first.error is None
    assert second.error == "no solution within 60 s or 30 folds that differs enough from the others"
    assert fold_mfe(second.sequence or "")[0] == HAIRPIN


def test_a_pattern_that_leaves_too_little_free_is_refused_before_the_search():
    options = DesignOptions(constraints=Constraints(pattern="GCGCNAAAGCGC"), num_solutions=2)
    first, second = design(HAIRPIN, options)
    assert first.error is None
    assert (second.sequence, second.folds) == (None, 0)
    assert "are to differ at 3 of 12 nt or more; the pattern lets them differ at 1" in (second.error or "")


def test_solutions_before_one_that_fails_are_kept():
    given = "GCGCUAAAGCGC"
    options = DesignOptions(
        constraints=Constraints(pattern="GCGCNAAAGCGC"), unlike=(given,), min_distance=0.1
    )
    (refused,) = design(HAIRPIN, options)
    assert (refused.sequence, refused.solution) == (None, 1)
    assert "that is given or was found" in (refused.error or "")


def test_a_solution_that_cannot_be_certified_costs_its_own_row(monkeypatch):
    calls = []

    def fail_once(*arguments: object) -> Certificate:
        calls.append(1)
        if len(calls) == 2:
            raise FoldingError("nothing to be done")
        return certify(*arguments)

    monkeypatch.setattr("mprna.predict.design.certify", fail_once)
    found = design(HAIRPIN, DesignOptions(num_solutions=3))
    assert [row.error for row in found] == [None, "nothing to be done", None]
    assert [row.solution for row in found if row.sequence] == [1, 3]


def test_one_nucleotide_is_a_target():
    (row,) = design(".", DesignOptions(constraints=Constraints(min_gc=1.0)))
    assert row.sequence in ("G", "C")
    assert row.certificate is not None
    assert (row.certificate.probability, row.certificate.robustness) == (1.0, 1.0)


def test_every_target_has_a_row_in_order_and_jobs_do_not_matter():
    targets = [Target("a", HAIRPIN), Target("b", "(()"), Target("c", "((..[[..))..]]"), Target("d", FORK)]
    options = DesignOptions(max_folds=300)
    serial, parallel = (
        [dataclasses.replace(row, seconds=0.0) for row in design_targets(targets, options, jobs=jobs)]
        for jobs in (1, 2)
    )
    assert serial == parallel
    assert [row.name for row in serial] == ["a", "b", "c", "d"]
    assert [bool(row.error) for row in serial] == [False, True, True, False]
    assert "pseudoknot" in (serial[2].error or "")


def test_what_is_not_solved_comes_with_the_closest():
    (row,) = design("(.(.(...).).)", DesignOptions(max_folds=20))
    assert row.error is not None
    assert row.error.startswith("not solved within 60 s or 20 folds: the closest has a gap of")
    assert row.certificate is not None
    assert row.certificate.gap > 0
    assert row.folds == 20


def test_brackets_of_other_kinds_are_read_where_nothing_crosses():
    (row,) = design("[[[[....]]]]", DesignOptions(max_folds=50))
    assert row.target == "[[[[....]]]]"
    assert fold_mfe(row.sequence or "")[0] == HAIRPIN


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("", "empty"),
        ("GGGGAAAACCCC", "letters only, as in a sequence"),
        ("((.)", "never closed"),
        ("(..)", "a hairpin needs 3"),
        ("((..[[..))..]]", "pseudoknot"),
    ],
)
def test_impossible_targets(target, message):
    with pytest.raises(StructureError, match=message):
        nested_target(target)


def test_a_target_that_is_too_long():
    with pytest.raises(DesignError, match="up to 2000 nt"):
        design("." * 2001)


@pytest.mark.parametrize(
    "options", [{"num_solutions": 0}, {"min_distance": 1.5}, {"time_limit": 0.0}, {"max_folds": 0}]
)
def test_options_out_of_range(options):
    with pytest.raises(UsageError):
        DesignOptions(**options)


def test_seconds_are_those_of_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(*arguments: Any) -> Certificate:
        time.sleep(0.5)
        return certify(*arguments)

    monkeypatch.setattr("mprna.predict.design.certify", slowly)
    (found,) = design(HAIRPIN, DesignOptions(max_folds=50))
    assert found.certificate is not None
    assert found.seconds < 0.4
