"""A fine-tuned model on disk: `config.json`, which also names head and labels, and `model.safetensors`."""

from __future__ import annotations

from pathlib import Path

import torch

from mprna.files import read_json, write_json
from mprna.model.checkpoint import (
    CONFIG_FILE,
    FORMAT,
    WEIGHTS_FILE,
    read_model_dict,
    read_weights,
    write_weights,
)
from mprna.model.config import ModelConfig
from mprna.model.task import TaskConfig, TaskModel
from mprna.tokenizer import Tokenizer

TASK_KIND = "task"


def save_task_model(model: TaskModel, directory: Path) -> None:
    """Write a model directory, in float32; `config.json`, which makes it a model, comes last."""
    directory.mkdir(parents=True, exist_ok=True)
    write_weights(model.state_dict(), directory / WEIGHTS_FILE)
    Tokenizer().save(directory)
    config = {"kind": TASK_KIND, "model": model.config.to_dict(), "task": model.task.to_dict()}
    write_json(FORMAT | config, directory / CONFIG_FILE)


def load_task_config(directory: Path) -> TaskConfig:
    """What the head of a directory's model predicts.

    Raises:
        ModelError: missing or damaged files, or a model of another kind.
    """
    read_model_dict(directory, kind=TASK_KIND)
    return TaskConfig.from_dict(read_json(directory / CONFIG_FILE).get("task", {}))


def load_task_model(directory: Path) -> TaskModel:
    """The model of a directory, ready for inference. Global random state is left alone.

    Raises:
        ModelError: missing, damaged or mismatching files, or a model of another kind.
    """
    config = ModelConfig.from_dict(read_model_dict(directory, kind=TASK_KIND))
    task = load_task_config(directory)
    with torch.random.fork_rng(devices=[]):
        model = TaskModel(config, task)
    model.load_state_dict(read_weights(directory / WEIGHTS_FILE, model))
    return model.eval()
