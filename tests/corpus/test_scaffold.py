from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from mprna.corpus.scaffold import (
    agree_with_earlier_run,
    hold_scaffold,
    remove_scaffold,
    require_same,
    turn_to_scan,
    write_errors,
)
from mprna.errors import CorpusError, MprnaWarning
from mprna.files import replacing

PLAN: dict[str, Any] = {"options": {"seed": 0}, "versions": {}, "sources": {"a.fa": "12"}}


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
    ids=["two jobs", "build beside job", "job beside build", "two builds"],
)
def test_jobs_share_and_a_build_is_alone(tmp_path: Path, first: bool, second: bool, together: bool) -> None:
    with hold_scaffold(tmp_path / "out", shared=first) as scaffold:
        if together:
            with hold_scaffold(tmp_path / "out", shared=second) as same:
                assert same == scaffold
        else:
            with (
                pytest.raises(CorpusError, match="another build is at work"),
                hold_scaffold(tmp_path / "out", shared=second),
            ):
                pass
    with hold_scaffold(tmp_path / "out", shared=False):  # what is left needs no clearing
        pass


def test_turns_to_scan_do_not_overlap(tmp_path: Path) -> None:
    """Four processes note when they come and go."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from mprna.corpus.scaffold import turn_to_scan\n"
        "with turn_to_scan(Path(sys.argv[1])), open(sys.argv[1] + '/log', 'a') as log:\n"
        "    print('in', file=log, flush=True)\n"
        "    time.sleep(0.1)\n"
        "    print('out', file=log, flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    processes = [subprocess.Popen(command, env=environment) for _ in range(4)]
    assert [process.wait() for process in processes] == [0, 0, 0, 0]
    assert (tmp_path / "log").read_text().split() == ["in", "out"] * 4


def test_turn_ends_with_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), turn_to_scan(tmp_path):
        raise ZeroDivisionError
    with turn_to_scan(tmp_path):
        pass


def test_where_the_disk_has_no_locks_a_build_is_warned_and_an_array_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fcntl.flock", Mock(side_effect=OSError(errno.ENOLCK, "No locks available")))
    with (
        pytest.warns(MprnaWarning, match="no file locks .* begin no second build"),
        hold_scaffold(tmp_path / "out", shared=False) as scaffold,
        turn_to_scan(scaffold),
    ):
        pass
    with (
        pytest.raises(CorpusError, match=r"no file locks \(No locks available\), which --shard needs"),
        hold_scaffold(tmp_path / "out", shared=True),
    ):
        pass


def test_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with (
        pytest.raises(CorpusError, match="is not empty and holds no corpus"),
        hold_scaffold(tmp_path, shared=True),
    ):
        pass


def test_what_changed_is_named(tmp_path: Path) -> None:
    agree_with_earlier_run(tmp_path, PLAN)
    agree_with_earlier_run(tmp_path, PLAN)
    changed = PLAN | {"options": {"seed": 1}, "sources": {"b.fa": "12"}}
    with pytest.raises(CorpusError, match=r"options seed, sources a\.fa, sources b\.fa: give the same"):
        agree_with_earlier_run(tmp_path, changed)
    require_same(PLAN, PLAN, "this")


def test_removal_of_what_is_not_there(tmp_path: Path) -> None:
    remove_scaffold(tmp_path)
    (tmp_path / ".build" / "shards").mkdir(parents=True)
    with replacing(tmp_path / "manifest.json") as partial:
        partial.with_name(partial.name.replace(str(os.getpid()), "12")).write_text("{")
        partial.write_text("{}")
    remove_scaffold(tmp_path)
    assert os.listdir(tmp_path) == ["manifest.json"]


def test_refusal_of_the_operating_system_is_one_line(tmp_path: Path) -> None:
    message = "No space left on device; make it writable or free"
    with pytest.raises(CorpusError, match=message), write_errors(tmp_path):
        raise OSError(28, "No space left on device")
