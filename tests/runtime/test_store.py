"""Where models are found, and that a changed file is noticed."""

from __future__ import annotations

import json
import os
import shutil
from unittest.mock import Mock

import pytest

from mprna.errors import ModelError, MprnaWarning
from mprna.runtime.store import (
    describe,
    find_model,
    list_models,
    locate_source,
    model_home,
    stamp,
    verify,
    write_manifest,
)


@pytest.fixture
def model_dir(nano_model, tmp_path, monkeypatch):
    """A copy of the model under the name `tiny`, in an otherwise empty home."""
    monkeypatch.setenv("MPRNA_HOME", str(tmp_path))
    return shutil.copytree(nano_model, tmp_path / "models" / "tiny")


def test_a_model_is_found_by_name_and_by_path(model_dir):
    assert find_model("tiny") == model_dir
    assert find_model(model_dir) == model_dir
    assert find_model(str(model_dir)) == model_dir


def test_without_a_home_there_are_the_models_of_the_package(monkeypatch):
    monkeypatch.delenv("MPRNA_HOME", raising=False)
    monkeypatch.setattr("pathlib.Path.home", Mock(side_effect=RuntimeError("no home directory")))
    assert find_model("mini").name == "mini"
    assert "pair-fold" in {info.name for info in list_models()}
    with pytest.raises(ModelError, match=r"no home directory .* set MPRNA_HOME"):
        model_home()


def test_a_model_of_which_any_file_changed_is_another(model_dir):
    before = stamp("tiny")
    assert stamp("tiny") == before
    os.utime(model_dir / "model.safetensors", ns=(1, 1))
    assert stamp("tiny") != before


def test_a_name_comes_before_a_directory_of_that_name(model_dir, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other = shutil.copytree(model_dir, tmp_path / "tiny")
    assert find_model("tiny") == model_dir
    assert find_model("./tiny").resolve() == other


def test_an_unknown_name_lists_the_known_ones(model_dir):
    with pytest.raises(ModelError, match=r"no model 'tinny'; installed: .*tiny.*; or give a model directory"):
        find_model("tinny")


def test_a_directory_without_a_model_is_told(tmp_path):
    with pytest.raises(ModelError, match=r"no config\.json; expected an MP-RNA model directory"):
        find_model(tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "model.onnx", "config.json"])
def test_a_changed_file_is_noticed(model_dir, name):
    with (model_dir / name).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(ModelError, match=f"{name}: SHA-256 differs"):
        find_model("tiny")


def test_a_missing_file_is_noticed(model_dir):
    (model_dir / "model.onnx").unlink()
    with pytest.raises(ModelError, match=r"model\.onnx: missing"):
        find_model("tiny")


@pytest.mark.parametrize(
    "text",
    [
        *('{"schema": "other"}', "[]", "{", '{"schema": "mprna.model"}', "[" * 100_000),
        '{"schema": "mprna.model", "version": 1, "files": "abc"}',
        '{"schema": "mprna.model", "version": 2, "files": {}}',
    ],
)
def test_a_damaged_manifest_is_told(model_dir, text):
    (model_dir / "manifest.json").write_text(text)
    with pytest.raises(ModelError, match=r"manifest\.json"):
        verify(model_dir)


def test_a_training_checkpoint_needs_no_manifest(model_dir):
    for name in ("manifest.json", "model.onnx"):
        (model_dir / name).unlink()
    assert find_model("tiny") == model_dir


def test_a_file_that_nothing_vouches_for_is_told(model_dir):
    manifest = json.loads((model_dir / "manifest.json").read_text())
    del manifest["files"]["model.safetensors"]
    (model_dir / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=r"no manifest\.json with the SHA-256 of model\.safetensors"):
        find_model("tiny")
    (model_dir / "manifest.json").unlink()
    with pytest.raises(ModelError, match=r"no manifest\.json with the SHA-256 of config\.json"):
        find_model("tiny")


def test_a_manifest_names_every_file_once(model_dir):
    (model_dir / "README.md").write_text("# Tiny\n")
    write_manifest(model_dir)
    manifest = json.loads((model_dir / "manifest.json").read_text())
    assert (manifest["schema"], manifest["version"]) == ("mprna.model", 1)
    assert set(manifest["files"]) == {p.name for p in model_dir.iterdir()} - {"manifest.json"}
    verify(model_dir)


@pytest.mark.torch
def test_the_list_says_what_is_installed(model_dir):
    (model_dir / "README.md").write_text("# Tiny\n")
    info = next(info for info in list_models() if info.name == "tiny")
    assert info.directory == model_dir
    assert (info.max_length, info.card, info.config["num_layers"]) == (1024, "# Tiny", 2)
    assert info.num_bytes == sum(p.stat().st_size for p in model_dir.iterdir() if p.name != "manifest.json")


def test_a_run_is_not_described_as_a_model(tmp_path):
    (tmp_path / "config.json").write_text('{"recipe": "smoke"}')
    with pytest.raises(ModelError, match="not an MP-RNA model"):
        describe(tmp_path)


def test_a_run_stands_for_its_model(model_dir, tmp_path):
    shutil.copytree(model_dir, tmp_path / "run" / "model")
    (tmp_path / "run" / "config.json").write_text('{"recipe": "smoke"}')
    assert find_model(str(tmp_path / "run")) == find_model(tmp_path / "run") == tmp_path / "run" / "model"


def test_a_run_may_be_exported(model_dir, tmp_path):
    shutil.copytree(model_dir, tmp_path / "run" / "model")
    assert locate_source(str(tmp_path / "run")) == tmp_path / "run"
    assert locate_source("tiny") == model_dir


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[1]", b"{}", b"\xff", b"[" * 100_000),
        *(b'{"model": {"max_length": "x"}}', b'{"model": {"max_length": -5}}'),
    ],
)
def test_a_damaged_model_does_not_hide_the_others(model_dir, content):
    damaged = model_dir.with_name("damaged")
    shutil.copytree(model_dir, damaged)
    (damaged / "config.json").write_bytes(content)
    with pytest.warns(MprnaWarning, match=r"damaged/config\.json"):
        names = [info.name for info in list_models()]
    assert "tiny" in names
    assert "damaged" not in names


def test_a_name_that_no_file_can_have_is_no_model(model_dir):
    with pytest.raises(ModelError, match=r"no model 'm+'; installed: "):
        find_model("m" * 300)


def test_a_directory_in_place_of_a_file_is_told(model_dir):
    (model_dir / "manifest.json").unlink()
    (model_dir / "manifest.json").mkdir()
    with pytest.raises(ModelError, match=r"manifest\.json: Is a directory"):
        find_model("tiny")


def test_a_home_that_is_no_folder_has_no_models(monkeypatch):
    for home in ("/dev/null", "h" * 300):
        monkeypatch.setenv("MPRNA_HOME", home)
        assert "mini" in [info.name for info in list_models()]
