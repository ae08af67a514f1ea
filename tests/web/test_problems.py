"""Errors as JSON."""

from __future__ import annotations

import json

import pytest

from mprna.web.problems import field_of, problem


@pytest.mark.parametrize(
    ("location", "field"),
    [
        (("body",), None),
        (("body", "records"), "records"),
        (("body", "records", 3, "sequence"), "records[3].sequence"),
        (("body", "record", "pairs", 0, 2), "record.pairs[0][2]"),
    ],
)
def test_field(location: tuple[int | str, ...], field: str | None) -> None:
    assert field_of(location) == field


@pytest.mark.parametrize(("status", "waits"), [(413, False), (429, True), (503, True)])
def test_who_has_to_wait_is_told_how_long(status: int, waits: bool) -> None:
    answer = problem(status, "code", "message", "field")
    assert ("retry-after" in answer.headers) == waits
    assert json.loads(answer.body) == {"error": {"code": "code", "message": "message", "field": "field"}}
