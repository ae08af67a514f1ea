"""Bounds of the service."""

from __future__ import annotations

import dataclasses

import pytest

from mprna.errors import UsageError
from mprna.web.limits import Limits


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Limits)])
def test_none_may_be_below_one(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        Limits(**{name: 0})


@pytest.mark.parametrize(("workers", "slots"), [(1, 1), (2, 1), (8, 7)])
def test_jobs_leave_a_worker_free(workers: int, slots: int) -> None:
    assert Limits(workers=workers).job_slots == slots
