"""`mprna models`: list, show, and models in and out."""

from __future__ import annotations

import json
import shutil

import pytest

from mprna.runtime.store import verify


def test_models_list_is_a_table(call, mprna_home):
    line = next(x for x in call("models", "list").out.splitlines() if x.startswith("mini\t"))
    name, size, window, place = line.split("\t")
    assert (name, window, place) == ("mini", "1024 nt", str(mprna_home / "models" / "mini"))
    assert size.endswith(" MB")


@pytest.mark.torch
def test_models_show_is_the_configuration(call):
    outcome = call("models", "show", "mini")
    shown = json.loads(outcome.out)
    assert (outcome.status, shown["name"], shown["num_layers"]) == (0, "mini", 2)


def test_models_show_of_nothing_is_an_error(call):
    assert call("models", "show", "maxi").status == 1


@pytest.mark.torch
def test_models_travel_to_transformers_and_back(call, tmp_path, monkeypatch):
    assert call("models", "export", "mini", "--to", "transformers", "--out", tmp_path / "hf").status == 0
    monkeypatch.setenv("MPRNA_HOME", str(tmp_path / "home"))
    target = tmp_path / "home" / "models" / "mine"
    assert call("models", "import", tmp_path / "hf", "--name", "mine") == (0, f"{target}\n", "")
    verify(target)
    assert call("fold", "--model", "mine", "GGGGAAAACCCC").status == 0


@pytest.mark.torch
def test_models_export_writes_a_directory_that_folds(call, mprna_home, tmp_path):
    out = tmp_path / "my-model"
    assert call("models", "export", mprna_home / "models" / "mini", "--out", out) == (0, f"{out}\n", "")
    with_name, with_path = (call("fold", "--model", model, "GGGGAAAACCCC") for model in ("mini", out))
    assert with_name == with_path


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", ".."])
def test_an_import_stays_in_its_place(call, tmp_path, name):
    outcome = call("models", "import", tmp_path, "--name", name)
    assert (outcome.status, outcome.err[:22]) == (2, "mprna: error: --name '")


@pytest.mark.torch
def test_an_import_of_nothing_is_an_error(call, tmp_path):
    outcome = call("models", "import", tmp_path, "--name", "x")
    assert outcome.status == 1
    assert outcome.err.startswith(f"mprna: error: {tmp_path}")


@pytest.mark.torch
def test_a_pair_network_is_a_model_that_folds_and_does_not_embed(call, pair_model, tmp_path, monkeypatch):
    monkeypatch.setenv("MPRNA_HOME", str(tmp_path))
    target = tmp_path / "models" / "pairs"
    assert call("models", "import", pair_model, "--name", "pairs") == (0, f"{target}\n", "")
    lines = [line.split("\t") for line in call("models", "list").out.splitlines()]
    assert ["pairs", "3000 nt"] in [[line[0], line[2]] for line in lines]
    shown = json.loads(call("models", "show", "pairs").out)
    assert (shown["name"], shown["kind"], shown["cell_width"]) == ("pairs", "pair_network", 8)
    assert call("fold", "--model", "pairs", "GGGGAAAACCCC").status == 0
    outcome = call("embed", "--model", "pairs", "ACGU")
    assert outcome.status == 1
    assert "a pair network, which has no hidden states" in outcome.err


@pytest.mark.torch
def test_models_get_installs_from_a_folder_with_the_digest_that_show_prints(
    call, mprna_home, tmp_path, monkeypatch
):
    digest = json.loads(call("models", "show", "mini").out)["manifest_sha256"]
    monkeypatch.setenv("MPRNA_HOME", str(tmp_path))
    get = ("models", "get", "mini", "--from", mprna_home / "models", "--sha256", digest)
    assert call(*get) == (0, f"{tmp_path / 'models' / 'mini'}\n", "")
    monkeypatch.setenv("MPRNA_MIRRORS", str(mprna_home / "models"))
    assert call("models", "get", "mini").status == 0
    assert call("fold", "--model", "mini", "GGGGAAAACCCC").status == 0


def test_models_get_without_a_mirror_is_a_wrong_call(call, monkeypatch):
    monkeypatch.delenv("MPRNA_MIRRORS", raising=False)
    outcome = call("models", "get", "mini")
    assert (outcome.status, outcome.out, outcome.err[:24]) == (2, "", "mprna: error: no mirror:")


def test_offline_is_an_option_of_every_command(call, monkeypatch):
    monkeypatch.setenv("MPRNA_OFFLINE", "")
    outcome = call("--offline", "models", "get", "mini", "--from", "https://example.org")
    assert outcome.status == 1
    assert "example.org/mini/manifest.json: offline" in outcome.err


@pytest.mark.torch
@pytest.mark.parametrize(("which", "step"), [("best", 3), ("last", 7)])
def test_models_export_takes_the_checkpoint_that_is_named(call, tmp_path, monkeypatch, which, step):
    given = []
    monkeypatch.setattr("mprna.runtime.export.export_model", lambda source, target: given.append(source))
    run = tmp_path / "run"
    for number, loss in ((3, 1.0), (5, 2.0), (7, 1.5)):
        (run / f"checkpoints/step-{number:08d}").mkdir(parents=True)
        with (run / "metrics.jsonl").open("a") as file:
            file.write(json.dumps({"kind": "validation", "step": number, "loss": loss}) + "\n")
    assert call("models", "export", run, "--checkpoint", which, "--out", tmp_path / "out").status == 0
    assert given == [run / f"checkpoints/step-{step:08d}"]


@pytest.mark.torch
def test_models_export_of_a_checkpoint_of_no_run_is_an_error(call, tmp_path):
    for which, complaint in (("best", "no validation loss"), ("last", "no checkpoint")):
        outcome = call("models", "export", "mini", "--checkpoint", which, "--out", tmp_path / "out")
        assert outcome.status == 1
        assert complaint in outcome.err


@pytest.mark.torch
@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("onnx", "config.json: no description of a task"),
        ("transformers", "kind 'task'; transformers opens pretrained ones only"),
    ],
)
def test_a_failed_export_leaves_no_folder(call, mprna_home, tmp_path, to, reason):
    source = tmp_path / "fine-tuned"
    shutil.copytree(mprna_home / "models" / "mini", source)
    for name in ("manifest.json", "model.onnx"):
        (source / name).unlink()
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps(config | {"kind": "task"}))
    outcome = call("models", "export", source, "--to", to, "--out", tmp_path / "out")
    assert (outcome.status, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert reason in outcome.err
    assert not (tmp_path / "out").exists()
