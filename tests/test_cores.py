"""Cores are those that a process may use, not those of the machine."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mprna.cores import available_cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinities")
def test_a_process_that_is_bound_to_one_core_has_one() -> None:
    code = (
        "import os; from mprna.cores import available_cores\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); print(available_cores())"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, env=environment, capture_output=True, check=True).stdout == b"1\n"


@pytest.mark.parametrize(("machine", "expected"), [(3, 3), (None, 1)])
def test_without_affinities_all_cores_count(
    machine: int | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: machine)
    assert available_cores() == expected
