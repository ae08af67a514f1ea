"""What the command line hands to `mprna.train.pretrain`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mprna.train.config import TrainConfig


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[TrainConfig, list[Path]]]:
    """Config and corpora of each call, instead of training."""
    calls: list[tuple[TrainConfig, list[Path]]] = []

    def remember(config: TrainConfig, corpus_dirs: list[Path], run_dir: Path, **_: object) -> None:
        calls.append((config, corpus_dirs))

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
