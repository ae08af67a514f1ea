"""A fine-tuned model on disk: `config.json`, which also names head and labels, and `model.safetensors`."""

from __future__ import annotations

from pathlib import Path

import torch

from mprna.model.checkpoint import load_module, read_model_dict, save_module
from mprna.model.config import ModelConfig
from mprna.model.layout import TASK_KIND
from mprna.model.task import PairModel, TaskModel
from mprna.model.task_config import TaskConfig, read_task_config
from mprna.tokenizer import Tokenizer


def save_task_model(
    model: TaskModel | PairModel, directory: Path, *, dtype: torch.dtype = torch.float32
) -> None:
    """Write a model directory, as `save_module`, and the tokenizer's files."""
    directory.mkdir(parents=True, exist_ok=True)
    Tokenizer().save(directory)
    config = {"model": model.config.to_dict(), "task": model.task.to_dict()}
    save_module(model, config, directory, kind=TASK_KIND, dtype=dtype)


def load_task_model(directory: Path) -> TaskModel | PairModel:
    """The model of a directory; errors are those of `load_module`."""
    read_model_dict(directory, kind=TASK_KIND)  # models of other kinds have no task
    task = read_task_config(directory)
    return load_module(directory, TASK_KIND, lambda model: new_task_model(ModelConfig.from_dict(model), task))


def new_task_model(config: ModelConfig, task: TaskConfig) -> TaskModel | PairModel:
    """An untrained model with the head that the task needs."""
    return PairModel(config, task) if task.is_pairing else TaskModel(config, task)
