"""A reader sees the old file or the new one, never a part."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mprna.errors import ModelError
from mprna.files import read_json, replacing, write_json


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
