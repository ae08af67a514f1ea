"""Targets in, certified designs out, whatever the number of processes."""

from __future__ import annotations

import dataclasses

import pytest

from mprna.design.constraints import Constraints
from mprna.errors import DesignError, StructureError, UsageError
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
    pattern = "GCGC" + "GAAA" + "GCGC"
    options = DesignOptions(constraints=Constraints(pattern=pattern), num_solutions=2, max_folds=3)
    first, second = design(HAIRPIN, options)
    assert (first.sequence, first.error) == (pattern, None)
    assert second.error == "no solution within 60 s and 3 folds that differs enough from the others"


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
    assert row.error.startswith("not solved within 60 s and 20 folds: the closest has a gap of")
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
