"""Requests to tasks, within the limits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mprna.alphabet import clean_sequence
from mprna.predict.design import Constraints
from mprna.rna.variants import single_substitutions
from mprna.web.limits import Limits
from mprna.web.problems import ApiError
from mprna.web.requests import DesignRequest, EmbedRequest, FoldRequest, ScanRequest
from mprna.web.verbs import VERBS, design_tasks, scan_tasks

LIMITS = Limits(max_length=10, max_records=3, max_nucleotides=25, max_embedded=15, max_budget=20)


def records(*sequences: str) -> list[dict[str, str]]:
    return [{"sequence": sequence} for sequence in sequences]


@pytest.mark.parametrize(
    ("verb", "request_", "code", "field"),
    [
        ("fold", FoldRequest(records=records("A" * 11)), "too_long", "records[0].sequence"),
        ("fold", FoldRequest(records=records(*"AAAA")), "too_many_records", "records"),
        ("fold", FoldRequest(records=records(*["A" * 9] * 3)), "too_many_nucleotides", "records"),
        ("embed", EmbedRequest(records=records(*["A" * 9] * 2)), "too_many_nucleotides", "records"),
        (
            "scan",
            ScanRequest(records=records(*"AAA"), variants=["A1C"] * 26),
            "too_many_variants",
            "variants",
        ),
        ("design", DesignRequest(dot_bracket="." * 11), "too_long", "dot_bracket"),
        ("design", DesignRequest(dot_bracket="...", budget_s=21), "invalid", "budget_s"),
    ],
)
def test_limits(verb: str, request_: Any, code: str, field: str) -> None:
    with pytest.raises(ApiError) as refused:
        VERBS[verb](request_, LIMITS)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    ("verb", "request_", "num_tasks"),
    [
        ("fold", FoldRequest(records=records(" A" * 10, "A" * 10, "A" * 5)), 3),
        ("embed", EmbedRequest(records=records(*["A" * 9] * 2), pool=True), 2),
        ("scan", ScanRequest(records=records(*"AAA"), variants=["A1C"] * 25), 3),
        ("design", DesignRequest(dot_bracket="." * 10, budget_s=20, solutions=3), 1),
    ],
)
def test_what_just_fits(verb: str, request_: Any, num_tasks: int) -> None:
    assert len(VERBS[verb](request_, LIMITS)) == num_tasks


def test_all_substitutions_are_made_by_the_workers() -> None:
    sequence = "GGGNaaattt" * 4
    tasks = scan_tasks(ScanRequest(records=records(sequence)), Limits())
    assert [task.variants for task in tasks] == [range(90), range(90, 124)]
    failed = [json.loads(row)["variant"] for task in tasks for row in task.failed("late")]
    assert failed == [str(variant) for variant in single_substitutions(clean_sequence(sequence))]


def test_what_is_no_rna_is_one_row() -> None:
    (task,) = scan_tasks(ScanRequest(records=records("PP")), Limits())
    assert [json.loads(row)["error"] for row in task.failed("no RNA")] == ["no RNA"]


def test_constraints_of_a_design_are_those_of_the_request() -> None:
    request = DesignRequest(
        dot_bracket="." * 10,
        gc=(0.4, 0.6),
        pattern="N" * 10,
        forbid=["GGGG"],
        max_run=4,
        max_repeat=5,
        max_inverted_repeat=3,
    )
    (task,) = design_tasks(request, LIMITS)
    assert task.options.constraints == Constraints(
        pattern="N" * 10,
        min_gc=0.4,
        max_gc=0.6,
        forbidden=("GGGG",),
        max_run=4,
        max_repeat=5,
        max_inverted_repeat=3,
    )
