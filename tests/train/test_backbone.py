"""A checkpoint of ours as a backbone: its weights or random ones, cut, written and read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from mprna.errors import ModelError
from mprna.model.checkpoint import load_checkpoint, save_checkpoint
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS
from mprna.model.task_config import TaskConfig
from mprna.train.backbone import Checkpoint

TASK = TaskConfig(task="sequence_classification", labels=("a", "b"))


@pytest.fixture
def backbone(tmp_path: Path) -> Checkpoint:
    torch.manual_seed(0)
    save_checkpoint(MprnaModel(PRESETS["nano"]), tmp_path / "model")
    return Checkpoint(tmp_path / "model")


def test_its_weights_are_those_of_the_directory(backbone: Checkpoint) -> None:
    encoder = backbone.task_network(TASK, lora_rank=0).encoder.state_dict()
    for name, tensor in load_checkpoint(backbone.model_dir).encoder.state_dict().items():
        assert torch.equal(tensor, encoder[name])
    weights = (backbone.model_dir / "model.safetensors").read_bytes()
    assert backbone.identity == hashlib.sha256(weights).hexdigest()
    assert backbone.cut("A" * 2_000) == "A" * PRESETS["nano"].max_length


def test_random_weights_follow_their_seed(backbone: Checkpoint) -> None:
    seeds = (backbone, *(backbone.with_random_weights(seed) for seed in (1, 1, 2)))
    own, one, again, other = (
        backbone.task_network(TASK, lora_rank=0).encoder.state_dict()["embedding.weight"]
        for backbone in seeds
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert not torch.equal(one, own)
    assert len({backbone.identity for backbone in seeds}) == 3


def test_what_is_written_is_read(backbone: Checkpoint, tmp_path: Path) -> None:
    network = backbone.task_network(TASK, lora_rank=2)
    backbone.save(network, tmp_path / "saved")
    before = torch.get_rng_state()
    found = backbone.load(tmp_path / "saved").state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(tensor, found[name]) for name, tensor in network.state_dict().items())
    with pytest.raises(ModelError, match="no such file"):
        backbone.load(tmp_path / "nothing")
