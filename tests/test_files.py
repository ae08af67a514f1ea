"""A reader sees the old file or the new one, never a part."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

import mprna
from mprna.errors import ModelError
from mprna.files import partials_of, read_json, replacing, write_json, write_text


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_text("old")
    with replacing(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_after_an_error_only_the_old_file_is_there(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError), replacing(path) as partial:
        partial.write_text("new\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "README.md"
    write_text("gr\u00fcn \ud800\n", path)
    assert path.read_bytes() == b"gr\xc3\xbcn \\ud800\n"
    monkeypatch.setattr(os, "fsync", Mock(side_effect=OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        write_text("new", path)
    assert path.read_bytes().startswith(b"gr")
    assert list(tmp_path.iterdir()) == [path]


def kill_at_work(folder: Path) -> str:
    """The name of what a process left that was killed while it wrote `old`."""
    code = (
        "import os, sys; from pathlib import Path; from mprna.files import replacing\n"
        "with replacing(Path(sys.argv[1])) as partial: partial.touch(); os.kill(os.getpid(), 9)"
    )
    source = str(Path(mprna.__file__).parents[1])
    killed = subprocess.run([sys.executable, "-c", code, folder / "old"], env={"PYTHONPATH": source})
    assert killed.returncode == -9
    return next(path.name for path in folder.iterdir() if path.name.startswith(".old."))


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_what_a_killed_process_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    left = kill_at_work(tmp_path)
    of_another_machine, at_work = (
        ".old.00000000.1.mprna",
        left.replace(left.split(".")[3], str(os.getppid())),
    )
    for name in (of_another_machine, at_work):
        (tmp_path / name).touch()
    assert {path.name for path in partials_of(tmp_path / "old")} == {left, of_another_machine, at_work}
    write_json({}, tmp_path / "new.json")
    assert set(os.listdir(tmp_path)) == {"new.json", of_another_machine, at_work}


def test_what_is_written_elsewhere_gets_its_name_too(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with replacing(tmp_path / "weights", inside=tmp_path / "work") as partial:
        assert partial.parent == tmp_path / "work"
        partial.write_text("new")
    assert (tmp_path / "weights").read_text() == "new"
    assert not list((tmp_path / "work").iterdir())


def test_what_counts_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda number: flushed.append(os.fstat(number).st_size))
    for flush in (True, False):
        with replacing(tmp_path / "weights", flush=flush) as partial:
            partial.write_text("12345")
    assert flushed == [5]


def test_json_is_utf8_and_names_that_are_none_come_back(tmp_path: Path) -> None:
    content = {"file": "ä", "bytes": os.fsdecode(b"\xff")}
    write_json(content, tmp_path / "config.json")
    assert (tmp_path / "config.json").read_text("utf-8") == '{\n "file": "ä",\n "bytes": "\\udcff"\n}\n'
    assert read_json(tmp_path / "config.json") == content


def test_json_comes_back(tmp_path: Path) -> None:
    content = {"model": {"max_length": 1024}, "name": "mini"}
    write_json(content, tmp_path / "config.json")
    assert (
        read_json(tmp_path / "config.json") == content == json.loads((tmp_path / "config.json").read_text())
    )


@pytest.mark.parametrize(
    ("text", "reason"), [("{", "not JSON"), ("[" * 100_000, "not JSON"), ("[1]", "expected a JSON object")]
)
def test_what_is_no_json_object_is_named(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(ModelError, match=rf"config\.json: {reason}"):
        read_json(path)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json: no such file; expected a model directory"):
        read_json(tmp_path / "config.json")
    with pytest.raises(ModelError, match="Is a directory"):
        read_json(tmp_path)


@pytest.mark.parametrize("name", ["n" * 250, "ä" * 125], ids=["n", "ä"])
def test_a_name_as_long_as_names_may_be(tmp_path: Path, name: str) -> None:
    """Systems count bytes."""
    path = tmp_path / f"{name}.json"
    write_json({"a": 1}, path)
    assert read_json(path) == {"a": 1}
