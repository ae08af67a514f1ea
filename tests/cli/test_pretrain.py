"""What the command line hands to `mprna.train.pretrain`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mprna.train.config import TrainConfig


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[TrainConfig, list[Path]]]:
    """Config and corpora of each call, instead of training."""
    calls: list[tuple[TrainConfig, list[Path]]] = []

    def remember(config: TrainConfig, corpus_dirs: list[Path], run_dir: Path, **_: object) -> Path | None:
        calls.append((config, corpus_dirs))
        return None if (run_dir / "checkpoints").exists() else run_dir / "model"

    monkeypatch.setattr("mprna.train.pretrain.pretrain", remember)
    return calls


@pytest.mark.parametrize(
    ("corpora", "directories", "weights"),
    [
        (["a"], ["a"], None),
        (["a", "b=1"], ["a", "b"], None),
        (["a", "b=2", "c/d=0.5"], ["a", "b", "c/d"], (1.0, 2.0, 0.5)),
        (["x=y=1"], ["x=y"], None),
    ],
)
def test_corpora_and_their_weights(call, handed, corpora, directories, weights) -> None:
    assert call("pretrain", "--recipe", "smoke", "--out", "run", "--corpus", *corpora).status == 0
    ((config, corpus_dirs),) = handed
    assert corpus_dirs == [Path(name) for name in directories]
    assert config.corpus_weights == weights


def test_a_stopped_run_says_how_it_goes_on(call, handed, tmp_path, monkeypatch) -> None:
    """But for other processes than the first, for which there is no model in any case."""
    (tmp_path / "checkpoints" / "step-00000012").mkdir(parents=True)
    arguments = ("pretrain", "--recipe", "smoke", "--out", tmp_path, "--corpus", "a")
    assert call(*arguments) == (143, "", "mprna: stopped at step 12; --resume goes on\n")
    monkeypatch.setenv("WORLD_SIZE", "2")
    for number, status in (("0", 143), ("1", 0)):
        monkeypatch.setenv("RANK", number)
        assert call(*arguments).status == status


def test_a_weight_that_is_no_number_is_a_wrong_call(call) -> None:
    outcome = call("pretrain", "--recipe", "smoke", "--out", "run", "--corpus", "a=much")
    assert outcome.status == 2
    assert "'a=much': expected DIR or DIR=WEIGHT" in outcome.err


def test_tensorboard_that_is_not_there_is_named_with_its_extra(call, handed, monkeypatch) -> None:
    monkeypatch.setattr("mprna.cli.options.find_spec", lambda name: None)
    for options, status in (((), 0), (("--tensorboard",), 2)):
        outcome = call("pretrain", "--recipe", "smoke", "--out", "run", "--corpus", "a", *options)
        assert outcome.status == status
    assert "--tensorboard needs an optional dependency: pip install 'mprna[tensorboard]'" in outcome.err
    assert len(handed) == 1
