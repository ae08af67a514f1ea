"""What a model's directory is made of: the names of its files, and the kinds of models. Needs no torch."""

from __future__ import annotations

from typing import Final

CONFIG_FILE: Final = "config.json"
"""Says which model; a training run has one of this name too."""

WEIGHTS_FILE: Final = "model.safetensors"

GRAPH_FILE: Final = "model.onnx"
"""What ONNX Runtime reads; its weights are those of `WEIGHTS_FILE`."""

CARD_FILE: Final = "README.md"
"""The model card, where there is one."""

ENCODER_KIND: Final = "mprna"
"""An encoder with heads; also what a `config.json` without `kind` holds."""

PAIR_KIND: Final = "pair_network"
"""A network that names pairs and nothing else."""

DEGRADATION_KIND: Final = "degradation"
"""An ensemble that predicts reactivity and degradation."""

TASK_KIND: Final = "task"
"""A fine-tuned model, for a task of the user's own."""

KINDS: Final = (ENCODER_KIND, PAIR_KIND, DEGRADATION_KIND, TASK_KIND)
"""What `kind` in `config.json` may say."""
