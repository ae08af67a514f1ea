"""The training loop, to be read from top to bottom."""

from __future__ import annotations

import math
import platform
import signal
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import FrameType

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from mprna.errors import DataError
from mprna.model.network import MprnaModel
from mprna.objectives.mixture import compute_losses
from mprna.objectives.objective import Batch
from mprna.train.config import TrainConfig
from mprna.train.dataset import BatchStream
from mprna.train.evaluation import evaluate
from mprna.train.optim import learning_rate_at, make_optimizer
from mprna.train.state import load_state, save_state
from mprna.train.tracker import Tracker


def train(
    model: MprnaModel,
    stream: BatchStream,
    validation: list[Batch],
    *,
    config: TrainConfig,
    run_dir: Path,
) -> bool:
    """Train until `config.num_steps`, from the newest checkpoint of `run_dir` where there is one.

    The weights are bit-identical, on one machine and with one thread count, whether or not the run was
    interrupted: data and corruption depend on the batch number alone, and nothing else is random.

    Returns:
        whether the run is complete; false after SIGTERM, which ends it with a checkpoint.

    Raises:
        DataError: the loss is no longer finite.
    """
    optimizer = make_optimizer(model, config)
    step, num_batches = load_state(model, optimizer, run_dir)
    tracker = Tracker(run_dir / "metrics.jsonl", num_steps=config.num_steps, start_step=step)
    batches = stream.batches_from(num_batches)
    with _sigterm() as stopped:
        while step < config.num_steps and not stopped:
            _set_learning_rate(optimizer, learning_rate_at(step, config))
            metrics, tokens = _accumulate_gradients(model, batches, config)
            norm = clip_grad_norm_(model.parameters(), config.max_gradient_norm)
            metrics["gradient_norm"] = norm.item()
            if not math.isfinite(metrics["loss"] + metrics["gradient_norm"]):
                raise DataError(f"step {step}: loss {metrics['loss']} is not finite; lower learning_rate")
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            num_batches += config.accumulate_batches
            tracker.train(step, metrics, tokens=tokens)
            complete = step == config.num_steps
            if validation and (complete or step % config.evaluate_every == 0):
                tracker.evaluation(step, _evaluate(model, validation, config))
            if complete or stopped or step % config.save_every == 0:
                save_state(model, optimizer, step=step, num_batches=num_batches, run_dir=run_dir)
    return step == config.num_steps


def _accumulate_gradients(
    model: MprnaModel, batches: Iterator[Batch], config: TrainConfig
) -> tuple[dict[str, float], int]:
    """Gradients of the weighted mean loss over `accumulate_batches` batches.

    Returns:
        the mean losses by name, and the number of tokens, padding not counted.
    """
    sums: dict[str, float] = defaultdict(float)
    tokens = 0
    for _ in range(config.accumulate_batches):
        batch = next(batches)
        with precision(config):
            hidden = model.encode(batch.input_ids, batch.attention_mask)
            losses = compute_losses(model, hidden, batch, config.objectives)
        weights = config.objectives.weights
        terms: list[Tensor] = [weights[name] * loss.mean for name, loss in losses.items()]
        loss = torch.stack(terms).sum() / config.accumulate_batches
        loss.backward()  # type: ignore[no-untyped-call]
        sums["loss"] += loss.item()
        for name, part in losses.items():
            sums[f"{name}_loss"] += part.mean.item() / config.accumulate_batches
        tokens += int(batch.attention_mask.sum())
    return dict(sums), tokens


def _evaluate(model: MprnaModel, validation: list[Batch], config: TrainConfig) -> dict[str, float]:
    model.eval()
    with precision(config):
        metrics = evaluate(model, validation, config.objectives)
    model.train()
    return metrics


def slow_precision(config: TrainConfig) -> str | None:
    """Why the precision that was asked for is a bad choice on this processor, if it is.

    On an AMD EPYC with AVX2 only, torch's bfloat16 product of two 2,048 x 2,048 matrices took 300 times as
    long as its float32 product.
    """
    capability = torch.backends.cpu.get_cpu_capability()
    if config.bfloat16 and platform.machine() in ("x86_64", "AMD64") and "AVX512" not in capability:
        return f"bfloat16 is far slower than float32 on this processor ({capability}): --set bfloat16=false"
    return None


def precision(config: TrainConfig) -> AbstractContextManager[object]:
    return torch.autocast("cpu", torch.bfloat16) if config.bfloat16 else nullcontext()


def _set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = learning_rate


@contextmanager
def _sigterm() -> Iterator[list[int]]:
    """A list that is no longer empty once SIGTERM came: the step in hand is finished and saved."""
    received: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        received.append(number)

    previous = signal.signal(signal.SIGTERM, remember)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, previous)
