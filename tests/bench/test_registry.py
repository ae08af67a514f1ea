"""Names of models where an optional dependency is missing."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mprna.bench import runner
from mprna.bench.models import registry
from mprna.bench.models.registry import ModelOptions, make_model
from mprna.bench.suite import choose_tasks
from mprna.digest import file_sha256
from mprna.errors import MissingExtraError, UsageError

(SSP,) = choose_tasks("rgb", ("ssp-archive2",))
(TF,) = choose_tasks("gue", ("tf.0",))


def digest(folder: Path, *names: str) -> str:
    return hashlib.sha256("".join(file_sha256(folder / name) for name in names).encode()).hexdigest()


@pytest.mark.parametrize(
    "name",
    [
        "cnn",
        "mini:head",
        "mini:lora",
        "mini:full",
        "mini:scratch",
        "mini:pairs",
        "mini:scratch-pairs",
        "hf:{}",
    ],
)
def test_what_needs_torch_says_so(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "find_spec", lambda module: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mprna\[bench\]'"):
        make_model(name.format(tmp_path), SSP, ModelOptions())


@pytest.mark.parametrize("mode", ["", ":model", ":templates", ":probe", ":head", ":lora", ":full", ":pairs"])
def test_weights_of_a_directory_are_in_the_record(mode: str, nano: Path) -> None:
    model = make_model(f"{nano}{mode}", SSP, ModelOptions())
    assert model.choices["model_sha256"] == digest(nano, "config.json", "model.safetensors")


def test_random_weights_are_told_by_the_configuration(nano: Path) -> None:
    model = make_model(f"{nano}:scratch", TF, ModelOptions())
    assert model.choices["model_sha256"] == digest(nano, "config.json")


@pytest.mark.parametrize("mode", ["", ":full"])
def test_weights_of_transformers_are_in_the_record(
    mode: str, make_transformers_model: Callable[..., Path]
) -> None:
    folder = make_transformers_model("words")
    options = ModelOptions(weights={"cdsbert": str(folder)})
    for name in (f"hf:{folder}{mode}", f"cdsbert{mode}"):
        model = make_model(name, TF, options)
        assert model.choices["model_sha256"] == digest(folder, "config.json", "model.safetensors")
    shutil.copy(folder / "model.safetensors", folder / "model-2.safetensors")
    model = make_model(f"hf:{folder}{mode}", TF, options)
    everything = digest(folder, "config.json", "model-2.safetensors", "model.safetensors")
    assert model.choices["model_sha256"] == everything


def test_what_has_no_directory_has_no_weights() -> None:
    for name in ("vienna", "command:true {}"):
        assert "model_sha256" not in make_model(name, SSP, ModelOptions()).choices


@pytest.mark.parametrize("mode", ["", ":probe"])
def test_a_record_of_other_weights_is_refused(mode: str, nano: Path, tmp_path: Path) -> None:
    """But one of a release that did not write them is taken."""
    folder = tmp_path / "RNA-SSP-Archive2"
    folder.mkdir()
    for split in ("train", "valid", "test"):
        (folder / f"{split}.json").write_text('{"seq": "GGGGAAAACCCC", "label": "((((....))))"}\n')
    shutil.copytree(nano, tmp_path / "model")

    def run() -> runner.Outcome:
        names, out = [f"{tmp_path}/model{mode}"], tmp_path / "out"
        (outcome,) = runner.run_all([SSP], names, (45,), tmp_path, out, ModelOptions())
        return outcome

    first, again = run(), run()
    assert (first.is_new, again.is_new) == (True, False)
    assert first.record is not None
    assert first.record.choices["model_sha256"] == digest(nano, "config.json", "model.safetensors")
    weights, config = (tmp_path / "model" / name for name in ("model.safetensors", "config.json"))
    for path, changed in (
        (weights, weights.read_bytes()[:-4] + bytes(4)),
        (config, config.read_bytes() + b"\n"),
    ):
        before = path.read_bytes()
        path.write_bytes(changed)
        with pytest.raises(UsageError, match="made with another model; remove it"):
            run()
        path.write_bytes(before)
    (path,) = (tmp_path / "out").rglob("*.json")
    choices = {key: value for key, value in first.record.choices.items() if key != "model_sha256"}
    runner.write_record(replace(first.record, choices=choices), path)
    assert not run().is_new
