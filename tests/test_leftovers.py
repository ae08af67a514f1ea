"""What killed processes left goes, and nothing of those that are at work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mprna import leftovers
from mprna.leftovers import remove_abandoned, writer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX processes")


@pytest.fixture
def ended() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_files_and_folders_of_processes_that_are_gone(tmp_path: Path, ended: int) -> None:
    (tmp_path / f".a{writer(ended)}").touch()
    (tmp_path / f".folder.x{writer(ended)}" / "model").mkdir(parents=True)
    stay = {
        f".a{writer()}",
        f".b{writer(os.getppid())}",
        ".a.tmp",
        f".a{writer(ended)}.txt",
        f"a{writer(ended)}",
    }
    for name in stay:
        (tmp_path / name).touch()
    remove_abandoned(tmp_path)
    assert set(os.listdir(tmp_path)) == stay


def test_a_link_is_removed_and_not_what_is_behind_it(tmp_path: Path, ended: int) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    (tmp_path / f".link{writer(ended)}").symlink_to("folder")
    remove_abandoned(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "file"]


@pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="Linux")
def test_processes_of_another_container_are_not_known_here(
    tmp_path: Path, ended: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same name of the machine, as of `docker run --net=host`, and other numbers of processes."""
    with monkeypatch.context() as patch:
        patch.setattr(leftovers, "_numbering", lambda: 1)
        of_another = tmp_path / f".a{writer(ended)}"
    of_another.touch()
    remove_abandoned(tmp_path)
    assert of_another.exists()
