"""What a task is learned on: a pretrained encoder, and its way to the disk and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from mprna.digest import file_sha256
from mprna.model.checkpoint import load_checkpoint, read_config, save_checkpoint
from mprna.model.layout import WEIGHTS_FILE
from mprna.model.network import MprnaModel
from mprna.model.task import PairModel, TaskModel, TaskNetwork, with_lora
from mprna.model.task_checkpoint import load_task_model, new_task_model, save_task_model
from mprna.model.task_config import TaskConfig
from mprna.train.device import seeded


class Backbone(Protocol):
    """Anything that `finetune` can train: a checkpoint of ours, or a network of another library."""

    @property
    def max_length(self) -> int:
        """Longest sequence that it may read, nt; `cut` says how much of one it reads."""

    @property
    def identity(self) -> str:
        """SHA-256 of the weights, or how they are drawn: what a resumed run must have in common."""

    def cut(self, sequence: str) -> str:
        """The beginning that the network reads."""

    def with_random_weights(self, seed: int) -> Backbone:
        """The same architecture with random weights, which depend on the seed alone."""

    def task_network(self, task: TaskConfig, *, lora_rank: int) -> TaskNetwork:
        """The encoder under a new head, whose weights come from torch's global generator.

        Raises:
            ModelError: it has nothing that low-rank updates are for.
        """

    def save(self, network: TaskNetwork, directory: Path) -> None:
        """Write the network in float32."""

    def publish(self, network: TaskNetwork, directory: Path) -> None:
        """Write a finished network, without low-rank updates, as what uses it reads it."""

    def load(self, directory: Path) -> TaskNetwork:
        """What `save` wrote, ready for inference. Global random state is left alone.

        Raises:
            ModelError: missing or damaged files.
        """


@dataclass(frozen=True)
class Checkpoint:
    """A model directory of ours."""

    model_dir: Path
    scratch_seed: int | None = None
    """Seed of random weights that replace those of the directory; None keeps these."""

    @cached_property
    def max_length(self) -> int:
        return read_config(self.model_dir).max_length

    @property
    def identity(self) -> str:
        if self.scratch_seed is not None:
            return f"random, seed {self.scratch_seed}"
        return file_sha256(self.model_dir / WEIGHTS_FILE)

    def cut(self, sequence: str) -> str:
        return sequence[: self.max_length]

    def with_random_weights(self, seed: int) -> Checkpoint:
        return replace(self, scratch_seed=seed)

    def task_network(self, task: TaskConfig, *, lora_rank: int) -> TaskModel | PairModel:
        pretrained = self._pretrained()
        model = new_task_model(pretrained.config, task)
        model.encoder.load_state_dict(pretrained.encoder.state_dict())
        if isinstance(model, PairModel):
            model.pair_head.load_state_dict(pretrained.pair_head.state_dict())
        return with_lora(model, lora_rank) if lora_rank else model

    def save(self, network: TaskNetwork, directory: Path) -> None:
        assert isinstance(network, (TaskModel, PairModel))
        save_task_model(network, directory)

    def publish(self, network: TaskNetwork, directory: Path) -> None:
        """A pair model takes its place in the pretrained one, whose other heads stay as they are."""
        if not isinstance(network, PairModel):
            self.save(network, directory)
            return
        whole = self._pretrained()
        whole.encoder.load_state_dict(network.encoder.state_dict())
        whole.pair_head.load_state_dict(network.pair_head.state_dict())
        save_checkpoint(whole, directory)

    def load(self, directory: Path) -> TaskModel | PairModel:
        return load_task_model(directory)

    def _pretrained(self) -> MprnaModel:
        if self.scratch_seed is None:
            return load_checkpoint(self.model_dir)
        with seeded(self.scratch_seed):
            return MprnaModel(read_config(self.model_dir))
