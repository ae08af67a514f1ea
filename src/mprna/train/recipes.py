"""Training runs by name: functions that return a config, to be read and copied.

The published settings of the sibling OmniGenome (AdamW, lr 5e-5, batch 2,048 x 1,024 nt, linear decay,
no dropout) are those of `mprna_52m` and `mprna_186m`; warm-up, weight decay and the objectives' rates
were never published and are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mprna.errors import UsageError
from mprna.objectives.mixture import ObjectiveConfig
from mprna.train.config import TrainConfig


def smoke() -> TrainConfig:
    """Seconds on a CPU: shows that everything works, and reproduces the golden losses."""
    return TrainConfig(
        preset="nano",
        num_steps=40,
        batch_tokens=2_048,
        learning_rate=3e-3,
        warmup_steps=5,
        bfloat16=False,
        evaluate_every=20,
        save_every=20,
        validation_slices=32,
    )


def mini_cpu() -> TrainConfig:
    """The shipped `mini`: hours on a CPU core, on slices of 256 nt."""
    return TrainConfig(
        preset="mini",
        num_steps=2_750,
        batch_tokens=4_096,
        learning_rate=7e-4,
        warmup_steps=200,
        beta2=0.98,
        evaluate_every=500,
        save_every=100,
    )


def mini_gpu() -> TrainConfig:
    """`mini` on a GPU, on slices of 256 nt of which some have a fold, trusted or not: 160 million tokens.

    Never run to its end. Batches of 65,536 tokens were too few steps (docs/experiments.md).
    """
    return TrainConfig(
        preset="mini",
        num_steps=10_000,
        batch_tokens=16_384,
        learning_rate=1e-3,
        warmup_steps=500,
        beta2=0.98,
        evaluate_every=1_000,
        save_every=1_000,
        objectives=ObjectiveConfig(weigh_by_confidence=False),
    )


def mini_fold() -> TrainConfig:
    """`mini` fine-tuned on known structures, half an hour on a CPU core."""
    return TrainConfig(
        preset="mini",
        num_steps=700,
        batch_tokens=4_096,
        learning_rate=4e-4,
        warmup_steps=50,
        beta2=0.98,
        evaluate_every=200,
        save_every=100,
        objectives=ObjectiveConfig(masked_lm=0.0, mutation_repair=0.0, clean_share=1.0, joint_share=0.0),
    )


def mprna_52m() -> TrainConfig:
    """The published 52M model on eight GPUs; 54.2 billion tokens are one epoch of 26,000 steps."""
    return TrainConfig(
        preset="mprna-52m",
        num_steps=26_000,
        batch_tokens=131_072,
        accumulate_batches=16,
        learning_rate=5e-5,
        warmup_steps=1_000,
        evaluate_every=1_000,
        save_every=500,
    )


def mprna_186m() -> TrainConfig:
    """The published 186M model; smaller batches, accumulated longer."""
    return TrainConfig(
        preset="mprna-186m",
        recompute_layers=True,
        num_steps=26_000,
        batch_tokens=32_768,
        accumulate_batches=64,
        learning_rate=5e-5,
        warmup_steps=1_000,
        evaluate_every=1_000,
        save_every=500,
    )


RECIPES: Final[dict[str, Callable[[], TrainConfig]]] = {
    "smoke": smoke,
    "mini_cpu": mini_cpu,
    "mini_gpu": mini_gpu,
    "mini_fold": mini_fold,
    "mprna_52m": mprna_52m,
    "mprna_186m": mprna_186m,
}


def find_recipe(name: str) -> TrainConfig:
    """The config of a recipe, by its name in `RECIPES`.

    Raises:
        UsageError: no recipe of this name.
    """
    if name not in RECIPES:
        raise UsageError(f"no recipe {name!r}; known are {', '.join(RECIPES)}")
    return RECIPES[name]()
